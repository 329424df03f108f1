#include "celeryscript/grammar.hpp"

#include <algorithm>
#include <initializer_list>

#include "celeryscript/enumerations.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace std::string_view_literals;

// ---- names: a kind's index everywhere is its place here ----------------------------------------

constexpr std::array kind_names = {"_if"sv,
                                   "add_point"sv,
                                   "assertion"sv,
                                   "axis_addition"sv,
                                   "axis_order"sv,
                                   "axis_overwrite"sv,
                                   "bot_config_update"sv,
                                   "calibrate"sv,
                                   "change_ownership"sv,
                                   "channel"sv,
                                   "check_updates"sv,
                                   "config_update"sv,
                                   "coordinate"sv,
                                   "data_update"sv,
                                   "dump_info"sv,
                                   "emergency_lock"sv,
                                   "emergency_unlock"sv,
                                   "every_location"sv,
                                   "every_point"sv,
                                   "execute"sv,
                                   "execute_script"sv,
                                   "explanation"sv,
                                   "factory_reset"sv,
                                   "find_home"sv,
                                   "flash_firmware"sv,
                                   "home"sv,
                                   "identifier"sv,
                                   "install_farmware"sv,
                                   "install_first_party_farmware"sv,
                                   "internal_entry_point"sv,
                                   "internal_farm_event"sv,
                                   "internal_regimen"sv,
                                   "location_placeholder"sv,
                                   "lua"sv,
                                   "mcu_config_update"sv,
                                   "move"sv,
                                   "move_absolute"sv,
                                   "move_relative"sv,
                                   "named_pin"sv,
                                   "nothing"sv,
                                   "number_placeholder"sv,
                                   "numeric"sv,
                                   "pair"sv,
                                   "parameter_application"sv,
                                   "parameter_declaration"sv,
                                   "peripheral"sv,
                                   "point"sv,
                                   "point_group"sv,
                                   "power_off"sv,
                                   "random"sv,
                                   "read_peripheral"sv,
                                   "read_pin"sv,
                                   "read_status"sv,
                                   "reboot"sv,
                                   "register_gpio"sv,
                                   "remove_farmware"sv,
                                   "resource"sv,
                                   "resource_deletion"sv,
                                   "resource_placeholder"sv,
                                   "resource_update"sv,
                                   "rpc_error"sv,
                                   "rpc_ok"sv,
                                   "rpc_request"sv,
                                   "safe_z"sv,
                                   "scope_declaration"sv,
                                   "send_message"sv,
                                   "sequence"sv,
                                   "set_pin_io_mode"sv,
                                   "set_servo_angle"sv,
                                   "set_user_env"sv,
                                   "special_value"sv,
                                   "speed_overwrite"sv,
                                   "start_regimen"sv,
                                   "stop_regimen"sv,
                                   "sync"sv,
                                   "take_photo"sv,
                                   "text"sv,
                                   "text_placeholder"sv,
                                   "toggle_pin"sv,
                                   "tool"sv,
                                   "transaction"sv,
                                   "unregister_gpio"sv,
                                   "update_farmware"sv,
                                   "update_resource"sv,
                                   "variable"sv,
                                   "variable_declaration"sv,
                                   "wait"sv,
                                   "write_peripheral"sv,
                                   "write_pin"sv,
                                   "zero"sv};
static_assert(std::ranges::is_sorted(kind_names));
static_assert(kind_names.size() == 90 && kind_names.size() <= 128);

/// A set by names; a name that is not a kind does not compile.
consteval KindSet set(std::initializer_list<std::string_view> names) {
  KindSet result;
  for (const std::string_view name : names) {
    const auto found = std::ranges::lower_bound(kind_names, name);
    if (found == kind_names.end() || *found != name) throw "no such kind";
    result.insert(static_cast<std::size_t>(found - kind_names.begin()));
  }
  return result;
}

constexpr KindSet command_set = set({"_if",
                                     "assertion",
                                     "calibrate",
                                     "change_ownership",
                                     "check_updates",
                                     "emergency_lock",
                                     "emergency_unlock",
                                     "execute",
                                     "execute_script",
                                     "factory_reset",
                                     "find_home",
                                     "flash_firmware",
                                     "home",
                                     "install_farmware",
                                     "install_first_party_farmware",
                                     "lua",
                                     "move",
                                     "move_absolute",
                                     "move_relative",
                                     "power_off",
                                     "read_pin",
                                     "read_status",
                                     "reboot",
                                     "remove_farmware",
                                     "send_message",
                                     "set_pin_io_mode",
                                     "set_servo_angle",
                                     "set_user_env",
                                     "sync",
                                     "take_photo",
                                     "toggle_pin",
                                     "update_farmware",
                                     "update_resource",
                                     "wait",
                                     "write_pin",
                                     "zero"});

// ---- arguments ---------------------------------------------------------------------------------

namespace arg {
using namespace primitive;

// No machine is longer than a kilometre; a number beyond is a slip of the pen.
constexpr double farthest = 1e6;

constexpr KindSet branch = set({"execute", "nothing"});
constexpr KindSet operand =
    set({"coordinate", "identifier", "lua", "numeric", "point", "random", "special_value", "tool"});
constexpr KindSet data =
    set({"coordinate", "identifier", "location_placeholder", "number_placeholder", "numeric", "point",
         "resource", "resource_placeholder", "text", "text_placeholder", "tool"});
constexpr KindSet pin_by_name = set({"named_pin"});

constexpr ArgumentRule _else{.name = "_else", .kinds = branch};
constexpr ArgumentRule _then{.name = "_then", .kinds = branch};
constexpr ArgumentRule assertion_type{
    .name = "assertion_type", .types = string, .values = &enumeration::assertion_types};
constexpr ArgumentRule axis{.name = "axis", .types = string, .values = &enumeration::axes};
constexpr ArgumentRule axis_operand{.name = "axis_operand", .kinds = operand};
constexpr ArgumentRule channel_name{
    .name = "channel_name", .types = string, .values = &enumeration::channels};
constexpr ArgumentRule data_label{.name = "data_label", .types = string};
constexpr KindSet old_groups = set({"every_location", "every_point"});
constexpr ArgumentRule data_value{
    .name = "data_value", .kinds = data | set({"point_group"}), .tolerated = old_groups};
constexpr ArgumentRule default_value{.name = "default_value", .kinds = data, .tolerated = old_groups};
constexpr ArgumentRule every_point_type{
    .name = "every_point_type", .types = string, .values = &enumeration::point_types};
constexpr ArgumentRule grouping{.name = "grouping", .types = string, .values = &enumeration::groupings};
constexpr ArgumentRule label{.name = "label", .types = string};
constexpr ArgumentRule lhs{.name = "lhs",
                           .types = string,
                           .kinds = pin_by_name,
                           .values = &enumeration::left_sides,
                           .values_beside_grammar = true};
constexpr ArgumentRule locals{.name = "locals", .kinds = set({"scope_declaration"})};
constexpr ArgumentRule location{.name = "location",
                                .kinds = set({"coordinate", "identifier", "point", "tool"})};
constexpr ArgumentRule lua{.name = "lua", .types = string};
constexpr ArgumentRule message{.name = "message", .types = string};
constexpr ArgumentRule message_type{
    .name = "message_type", .types = string, .values = &enumeration::message_types};
constexpr ArgumentRule milliseconds{.name = "milliseconds", .types = integer, .low = 0, .unit = "ms"};
// The web app writes whole numbers only; devices compute with any.
constexpr ArgumentRule number{.name = "number", .types = integer, .leniency = Leniency::may_be_real};
constexpr ArgumentRule offset{.name = "offset", .kinds = set({"coordinate"})};
constexpr ArgumentRule op{.name = "op", .types = string, .values = &enumeration::ops};
constexpr ArgumentRule package{.name = "package", .types = string};
constexpr ArgumentRule system_package{
    .name = "package", .types = string, .values = &enumeration::packages, .values_beside_grammar = true};
constexpr ArgumentRule board{
    .name = "package", .types = string, .values = &enumeration::hardware, .values_beside_grammar = true};
constexpr ArgumentRule parameter{.name = "number", .types = integer};
constexpr ArgumentRule peripheral_id{.name = "peripheral_id", .types = integer};
constexpr ArgumentRule peripheral_mode{.name = "pin_mode", .types = integer};
constexpr ArgumentRule pin_id{.name = "pin_id", .types = integer};
constexpr ArgumentRule pin_io_mode{.name = "pin_io_mode", .types = string, .values = &enumeration::io_modes};
constexpr ArgumentRule pin_mode{.name = "pin_mode", .types = integer, .values = &enumeration::pin_modes};
constexpr ArgumentRule pin_number{.name = "pin_number",
                                  .types = integer,
                                  .kinds = pin_by_name,
                                  .low = 0,
                                  .high = enumeration::pin_count - 1};
constexpr ArgumentRule pin_type{.name = "pin_type", .types = string, .values = &enumeration::pin_types};
constexpr ArgumentRule pin_value{.name = "pin_value", .types = integer, .low = 0, .high = 255};
constexpr ArgumentRule angle{.name = "pin_value", .types = integer, .low = 0, .high = 180, .unit = "°"};
constexpr ArgumentRule point_group_id{.name = "point_group_id", .types = integer};
constexpr ArgumentRule pointer_id{.name = "pointer_id", .types = integer};
constexpr ArgumentRule pointer_type{
    .name = "pointer_type", .types = string, .values = &enumeration::point_types};
constexpr ArgumentRule old_pointer_type{.name = "pointer_type", .types = string};
constexpr ArgumentRule old_location{.name = "location", .kinds = set({"coordinate", "point", "tool"})};
constexpr ArgumentRule old_resource_type{.name = "resource_type", .types = string};
// Requests from before May 2019 have none, and nothing reads it.
constexpr ArgumentRule priority{.name = "priority", .types = integer, .leniency = Leniency::may_be_absent};
constexpr ArgumentRule regimen_id{.name = "regimen_id", .types = integer};
constexpr ArgumentRule resource{.name = "resource", .kinds = set({"identifier", "point", "resource"})};
constexpr ArgumentRule resource_id{.name = "resource_id", .types = integer};
constexpr ArgumentRule resource_type{
    .name = "resource_type", .types = string, .values = &enumeration::resource_types};
// As `number`.
constexpr ArgumentRule rhs{.name = "rhs", .types = integer, .leniency = Leniency::may_be_real};
constexpr ArgumentRule route{.name = "route", .types = string, .values = &enumeration::routes};
constexpr ArgumentRule sequence_id{.name = "sequence_id", .types = integer};
constexpr ArgumentRule special_label{
    .name = "label", .types = string, .values = &enumeration::special_values, .values_beside_grammar = true};
constexpr ArgumentRule speed{.name = "speed", .types = integer, .low = 1, .high = 100, .unit = "%"};
constexpr ArgumentRule speed_setting{.name = "speed_setting", .kinds = set({"lua", "numeric"})};
constexpr ArgumentRule text{.name = "string", .types = string};
constexpr ArgumentRule tool_id{.name = "tool_id", .types = integer};
constexpr ArgumentRule url{.name = "url", .types = string};
constexpr ArgumentRule value{.name = "value", .types = string | integer | boolean};
constexpr ArgumentRule var_type{.name = "var_type", .types = string};
constexpr ArgumentRule variance{.name = "variance", .types = integer, .low = 0, .unit = "mm"};
constexpr ArgumentRule version{.name = "version", .types = integer};
constexpr ArgumentRule x{
    .name = "x", .types = integer | real, .low = -farthest, .high = farthest, .unit = "mm"};
constexpr ArgumentRule y{
    .name = "y", .types = integer | real, .low = -farthest, .high = farthest, .unit = "mm"};
constexpr ArgumentRule z{
    .name = "z", .types = integer | real, .low = -farthest, .high = farthest, .unit = "mm"};
}  // namespace arg

template <const ArgumentRule&... rules>
inline constexpr std::array<const ArgumentRule*, sizeof...(rules)> args{&rules...};

// ---- the table ---------------------------------------------------------------------------------

constexpr KindSet pairs = set({"pair"});
// What devices run, or older documents have, beside the grammar's steps.
constexpr KindSet other_steps = set({"internal_entry_point", "nothing", "read_peripheral", "register_gpio",
                                     "resource_update", "unregister_gpio", "write_peripheral"});

constexpr std::array table = {
    Kind{.name = "_if",
         .args = args<arg::lhs, arg::op, arg::rhs, arg::_then, arg::_else>,
         .body = pairs,
         .help = "Compares a coordinate or a pin with a number and runs one of two sequences, or none."},
    Kind{.name = "add_point",
         .args = args<arg::old_location>,
         .body = pairs,
         .help = "Created a point of the garden at a location.",
         .standing = Standing::legacy,
         .replacement = "a `lua` step that calls `api`",
         .last_seen = "2017-10"},
    Kind{.name = "assertion",
         .args = args<arg::lua, arg::assertion_type, arg::_then>,
         .help = "Evaluates Lua code and goes on, ends the sequence or runs a recovery sequence if it is not "
                 "true."},
    Kind{.name = "axis_addition",
         .args = args<arg::axis, arg::axis_operand>,
         .help = "Inside `move`: adds to the target of one axis."},
    Kind{.name = "axis_order",
         .args = args<arg::grouping, arg::route>,
         .help = "Inside `move`: says which axes travel together and which go first."},
    Kind{.name = "axis_overwrite",
         .args = args<arg::axis, arg::axis_operand>,
         .help = "Inside `move`: sets the target of one axis."},
    Kind{.name = "bot_config_update",
         .args = {},
         .help = "Set options of the operating system.",
         .standing = Standing::legacy,
         .last_seen = "2017-01"},
    Kind{.name = "calibrate", .args = args<arg::axis>, .help = "Finds the length of an axis."},
    Kind{.name = "change_ownership",
         .args = {},
         .body = pairs,
         .help = "Hands the device over to another account."},
    Kind{.name = "channel",
         .args = args<arg::channel_name>,
         .help = "Inside `send_message`: where the message goes beside the log."},
    Kind{.name = "check_updates",
         .args = args<arg::package>,
         .help = "Asks apt whether there is a newer version; installs nothing."},
    Kind{.name = "config_update",
         .args = args<arg::package>,
         .body = pairs,
         .help = "Changed settings of the operating system or of the firmware.",
         .standing = Standing::legacy,
         .last_seen = "2019-02"},
    Kind{.name = "coordinate", .args = args<arg::x, arg::y, arg::z>, .help = "A place in the garden."},
    Kind{.name = "data_update",
         .args = args<arg::value>,
         .body = pairs,
         .help = "Told the device that resources had changed.",
         .standing = Standing::legacy,
         .replacement = "`sync`",
         .last_seen = "2017-10"},
    Kind{.name = "dump_info",
         .args = {},
         .help = "Uploaded a diagnostic report.",
         .standing = Standing::legacy,
         .replacement = "`read_status`",
         .last_seen = "2020-04"},
    Kind{.name = "emergency_lock", .args = {}, .help = "Stops everything that moves and locks the machine."},
    Kind{.name = "emergency_unlock", .args = {}, .help = "Lifts the emergency lock."},
    Kind{.name = "every_location",
         .args = args<arg::old_pointer_type>,
         .help = "As the value of a variable: repeated the sequence for all points of a type.",
         .standing = Standing::legacy,
         .replacement = "`point_group`",
         .last_seen = "2019-01",
         .still_runs = true},
    Kind{.name = "every_point",
         .args = args<arg::every_point_type>,
         .help = "As the value of a variable: repeated the sequence for all points of a type.",
         .standing = Standing::legacy,
         .replacement = "`point_group`",
         .last_seen = "2019-09",
         .still_runs = true},
    Kind{.name = "execute",
         .args = args<arg::sequence_id>,
         .body = set({"parameter_application"}),
         .help = "Runs another sequence, then goes on."},
    Kind{.name = "execute_script",
         .args = args<arg::label>,
         .body = pairs,
         .help = "Runs an installed script and waits for its end."},
    Kind{.name = "explanation", .args = args<arg::message>, .help = "Inside `rpc_error`: what went wrong."},
    Kind{.name = "factory_reset",
         .args = args<arg::system_package>,
         .help = "Puts the operating system or the firmware back to its first settings."},
    Kind{.name = "find_home",
         .args = args<arg::axis, arg::speed>,
         .help = "Drives an axis to its home switch and makes that place 0."},
    Kind{.name = "flash_firmware", .args = args<arg::board>, .help = "Writes the firmware of a board."},
    Kind{.name = "home", .args = args<arg::axis, arg::speed>, .help = "Goes to 0 on an axis."},
    Kind{.name = "identifier", .args = args<arg::label>, .help = "The value of a variable."},
    Kind{.name = "install_farmware",
         .args = args<arg::url>,
         .help = "Installed a script from a manifest.",
         .standing = Standing::outdated},
    Kind{.name = "install_first_party_farmware",
         .args = {},
         .help = "Installed the scripts that are built in today.",
         .standing = Standing::outdated},
    Kind{.name = "internal_entry_point",
         .args = {},
         .help = "Marked the start of a program.",
         .standing = Standing::legacy,
         .replacement = "`sequence` as the root",
         .still_runs = true},
    Kind{.name = "internal_farm_event",
         .args = {},
         .body = set({"parameter_application"}),
         .help = "The variables of a farm event, as the web app stores them."},
    Kind{.name = "internal_regimen",
         .args = {},
         .body = set({"parameter_application", "parameter_declaration", "variable_declaration"}),
         .help = "The variables of a regimen, as the web app stores them."},
    Kind{.name = "location_placeholder",
         .args = {},
         .help = "As a default value: a location has to be chosen before the sequence can run."},
    Kind{.name = "lua", .args = args<arg::lua>, .body = pairs, .help = "Runs Lua code."},
    Kind{.name = "mcu_config_update",
         .args = args<arg::parameter, arg::data_label>,
         .help = "Set one parameter of the firmware.",
         .standing = Standing::legacy,
         .last_seen = "2017-01"},
    Kind{.name = "move",
         .args = {},
         .body = set({"axis_addition", "axis_order", "axis_overwrite", "safe_z", "speed_overwrite"}),
         .help = "Goes to a place made of its body's items; without items it stays where it is."},
    Kind{.name = "move_absolute",
         .args = args<arg::location, arg::offset, arg::speed>,
         .help = "Goes to a location plus an offset."},
    Kind{.name = "move_relative",
         .args = args<arg::x, arg::y, arg::z, arg::speed>,
         .help = "Goes a distance from where it is."},
    Kind{.name = "named_pin",
         .args = args<arg::pin_type, arg::pin_id>,
         .help = "The pin of a peripheral, a sensor or a LED of the box."},
    Kind{.name = "nothing", .args = {}, .help = "Has no effect."},
    Kind{.name = "number_placeholder",
         .args = {},
         .help = "As a default value: a number has to be chosen before the sequence can run."},
    Kind{.name = "numeric", .args = args<arg::number>, .help = "A number."},
    Kind{.name = "pair", .args = args<arg::label, arg::value>, .help = "A name and its value."},
    Kind{.name = "parameter_application",
         .args = args<arg::label, arg::data_value>,
         .help = "Inside `execute`: the value that a variable of the called sequence gets."},
    Kind{.name = "parameter_declaration",
         .args = args<arg::label, arg::default_value>,
         .help = "A variable that the caller may set, and its value if he does not."},
    Kind{.name = "peripheral",
         .args = args<arg::peripheral_id>,
         .help = "Named a peripheral.",
         .standing = Standing::legacy,
         .replacement = "`named_pin`",
         .last_seen = "2018-02"},
    Kind{.name = "point",
         .args = args<arg::pointer_type, arg::pointer_id>,
         .help = "A plant, weed, tool slot or point of the garden map."},
    Kind{.name = "point_group",
         .args = args<arg::point_group_id>,
         .help = "As the value of a variable: repeats the sequence for each member of a group."},
    Kind{.name = "power_off", .args = {}, .help = "Shuts the device down."},
    Kind{.name = "random",
         .args = args<arg::variance>,
         .help = "A whole number drawn evenly from -variance to +variance."},
    Kind{.name = "read_peripheral",
         .args = args<arg::peripheral_id, arg::peripheral_mode>,
         .help = "Read the pin of a peripheral.",
         .standing = Standing::legacy,
         .replacement = "`read_pin` with a `named_pin`",
         .last_seen = "2018-02",
         .still_runs = true},
    Kind{.name = "read_pin",
         .args = args<arg::pin_number, arg::label, arg::pin_mode>,
         .help = "Reads a pin; the value appears in the status and can be compared with `_if`."},
    Kind{.name = "read_status", .args = {}, .help = "Publishes the whole status."},
    Kind{.name = "reboot", .args = args<arg::system_package>, .help = "Restarts the device or the firmware."},
    Kind{.name = "register_gpio",
         .args = args<arg::pin_number, arg::sequence_id>,
         .help = "Bound an edge on a line of the host to a sequence.",
         .standing = Standing::legacy,
         .replacement = "a pin binding",
         .last_seen = "2019-02",
         .still_runs = true},
    Kind{.name = "remove_farmware",
         .args = args<arg::package>,
         .help = "Removed a script.",
         .standing = Standing::outdated},
    Kind{.name = "resource",
         .args = args<arg::resource_type, arg::resource_id>,
         .help = "Something that the account holds, by type and id."},
    Kind{.name = "resource_deletion",
         .args = args<arg::old_resource_type, arg::resource_id>,
         .help = "Deleted something that the account holds.",
         .standing = Standing::legacy,
         .replacement = "a `lua` step that calls `api`",
         .last_seen = "2018-08"},
    Kind{.name = "resource_placeholder",
         .args = args<arg::resource_type>,
         .help = "As a default value: a resource has to be chosen before the sequence can run."},
    Kind{.name = "resource_update",
         .args = args<arg::resource_type, arg::resource_id, arg::label, arg::value>,
         .help = "Changed one property of a resource.",
         .standing = Standing::outdated,
         .replacement = "`update_resource`",
         .still_runs = true},
    Kind{.name = "rpc_error",
         .args = args<arg::label>,
         .body = set({"explanation"}),
         .help = "The answer to an `rpc_request` that failed."},
    Kind{.name = "rpc_ok", .args = args<arg::label>, .help = "The answer to an `rpc_request` that is done."},
    Kind{.name = "rpc_request",
         .args = args<arg::label, arg::priority>,
         .body = command_set,
         .tolerated = other_steps,
         .help = "Steps that a client wants done now."},
    Kind{.name = "safe_z",
         .args = {},
         .help = "Inside `move`: goes up to the safe height, across, and down again."},
    Kind{.name = "scope_declaration",
         .args = {},
         .body = set({"parameter_declaration", "variable_declaration"}),
         .help = "The variables of a sequence."},
    Kind{.name = "send_message",
         .args = args<arg::message, arg::message_type>,
         .body = set({"channel"}),
         .help = "Writes a message to the log; `{{ x }}` stands for the position, `{{ pin8 }}` for a pin."},
    Kind{.name = "sequence",
         .args = args<arg::version, arg::locals>,
         .body = command_set,
         .tolerated = other_steps,
         .help = "A program: its steps run one after another."},
    Kind{.name = "set_pin_io_mode",
         .args = args<arg::pin_number, arg::pin_io_mode>,
         .help = "Makes a pin an input or an output."},
    Kind{.name = "set_servo_angle", .args = args<arg::pin_number, arg::angle>, .help = "Turns a servo."},
    Kind{.name = "set_user_env", .args = {}, .body = pairs, .help = "Sets values that scripts can read."},
    Kind{.name = "special_value",
         .args = args<arg::special_label>,
         .help = "As an operand of `move`: the current location, the safe height or the height of the soil."},
    Kind{.name = "speed_overwrite",
         .args = args<arg::axis, arg::speed_setting>,
         .help = "Inside `move`: sets the speed of one axis in percent."},
    Kind{.name = "start_regimen",
         .args = args<arg::regimen_id, arg::label>,
         .help = "Started a regimen.",
         .standing = Standing::legacy,
         .replacement = "a farm event",
         .last_seen = "2017-01"},
    Kind{.name = "stop_regimen",
         .args = args<arg::label>,
         .help = "Stopped a regimen.",
         .standing = Standing::legacy,
         .replacement = "a farm event",
         .last_seen = "2017-01"},
    Kind{.name = "sync", .args = {}, .help = "Fetches what the account holds."},
    Kind{.name = "take_photo", .args = {}, .help = "Takes a photo with the camera."},
    Kind{.name = "text", .args = args<arg::text>, .help = "A text, as the value of a variable."},
    Kind{.name = "text_placeholder",
         .args = {},
         .help = "As a default value: a text has to be written before the sequence can run."},
    Kind{.name = "toggle_pin",
         .args = args<arg::pin_number>,
         .help = "Makes a pin an output and switches it to the opposite of what it is."},
    Kind{.name = "tool", .args = args<arg::tool_id>, .help = "The place of a tool in its slot."},
    Kind{.name = "transaction",
         .args = args<arg::label>,
         .body = set({"resource_update", "resource_deletion"}),
         .help = "Changed several resources at once.",
         .standing = Standing::legacy,
         .replacement = "`update_resource`",
         .last_seen = "2018-08"},
    Kind{.name = "unregister_gpio",
         .args = args<arg::pin_number>,
         .help = "Removed the binding of a line of the host.",
         .standing = Standing::legacy,
         .replacement = "a pin binding",
         .last_seen = "2019-02",
         .still_runs = true},
    Kind{.name = "update_farmware",
         .args = args<arg::package>,
         .help = "Updated a script.",
         .standing = Standing::outdated},
    Kind{.name = "update_resource",
         .args = args<arg::resource>,
         .body = pairs,
         .help = "Changes properties of a plant, a weed, a point, a tool slot or the device."},
    Kind{.name = "variable",
         .args = args<arg::var_type, arg::label>,
         .help = "The first try at variables.",
         .standing = Standing::legacy,
         .replacement = "`identifier`",
         .last_seen = "2017-05"},
    Kind{.name = "variable_declaration",
         .args = args<arg::label, arg::data_value>,
         .help = "A variable with a fixed value."},
    Kind{.name = "wait", .args = args<arg::milliseconds>, .help = "Waits."},
    Kind{.name = "write_peripheral",
         .args = args<arg::peripheral_id, arg::pin_value, arg::peripheral_mode>,
         .help = "Wrote the pin of a peripheral.",
         .standing = Standing::legacy,
         .replacement = "`write_pin` with a `named_pin`",
         .last_seen = "2018-02",
         .still_runs = true},
    Kind{.name = "write_pin",
         .args = args<arg::pin_number, arg::pin_value, arg::pin_mode>,
         .help = "Writes a pin: on or off, or a value from 0 to 255 in analog mode."},
    Kind{.name = "zero", .args = args<arg::axis>, .help = "Makes the present place 0 on an axis."},
};
static_assert(std::ranges::equal(table, kind_names, {}, &Kind::name));

}  // namespace

const ArgumentRule* Kind::find(std::string_view argument) const noexcept {
  const auto found = std::ranges::find(args, argument, &ArgumentRule::name);
  return found == args.end() ? nullptr : *found;
}

std::span<const Kind> kinds() noexcept {
  return table;
}

const Kind* find_kind(std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(kind_names, name);
  if (found == kind_names.end() || *found != name) return nullptr;
  return &table[static_cast<std::size_t>(found - kind_names.begin())];
}

std::size_t index_of(const Kind& kind) noexcept {
  return static_cast<std::size_t>(&kind - table.data());
}

const KindSet& commands() noexcept {
  return command_set;
}

std::span<const Enumeration* const> enumerations() noexcept {
  return enumeration::all_enumerations;
}

}  // namespace celeriac::celeryscript
