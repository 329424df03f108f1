#include "tests/reference/tree_walker.hpp"

#include <algorithm>
#include <cmath>
#include <format>

namespace celeriac::reference {
namespace {

constexpr const char* axis_names[] = {"x", "y", "z"};
constexpr std::size_t z_axis = 2;
constexpr int digital = 0;
/// FarmBot's LEDs of the box always read on.
constexpr const char* box_led = "BoxLed";

const Json& arg(const Json& node, const char* name) {
  return node.at("args").at(name);
}
std::string kind_of(const Json& node) {
  return node.at("kind").get<std::string>();
}
std::string word(const Json& node, const char* name) {
  return arg(node, name).get<std::string>();
}
double number(const Json& node, const char* name) {
  return arg(node, name).get<double>();
}
Json items(const Json& node) {
  return node.value("body", Json::array());
}
std::size_t axis_of(const Json& item) {
  return static_cast<std::size_t>(word(item, "axis").front() - 'x');
}
std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}
bool is_one_of(const std::string& kind, std::initializer_list<const char*> kinds) {
  return std::ranges::any_of(kinds, [&](const char* each) { return kind == each; });
}
std::int64_t axis_number(const std::string& axis) {
  return axis == "all" ? 3 : axis.front() - 'x';
}
std::int64_t package_number(const std::string& package) {
  return package == "farmbot_os" ? 1 : 0;
}

/// How a kind that is one operation gives it its fields.
struct OperationRow {
  const char* kind;
  const char* operation;
  Json (*fields)(const Json& node);
};
Json no_fields(const Json&) {
  return Json::object();
}
Json axis_fields(const Json& node) {
  return {{"axis", axis_number(word(node, "axis"))}};
}
Json axis_and_speed(const Json& node) {
  return {{"axis", axis_number(word(node, "axis"))}, {"speed", number(node, "speed")}};
}
Json package_fields(const Json& node) {
  return {{"package", package_number(word(node, "package"))}};
}
const OperationRow operation_rows[] = {
    {"calibrate", "SYS.CALIBRATE", axis_fields},
    {"check_updates", "SYS.CHECK_UPDATES", no_fields},
    {"emergency_unlock", "SYS.EMERGENCY_UNLOCK", no_fields},
    {"factory_reset", "SYS.FACTORY_RESET", package_fields},
    {"find_home", "SYS.FIND_HOME", axis_and_speed},
    {"flash_firmware", "SYS.FLASH_FIRMWARE",
     [](const Json& node) -> Json { return {{"board", word(node, "package")}}; }},
    {"home", "SYS.HOME", axis_and_speed},
    {"move_relative", "SYS.MOVE_RELATIVE",
     [](const Json& node) -> Json {
       const double speed = number(node, "speed");
       return {{"x", number(node, "x")}, {"y", number(node, "y")}, {"z", number(node, "z")},
               {"x_speed", speed},       {"y_speed", speed},       {"z_speed", speed}};
     }},
    {"power_off", "SYS.POWER_OFF", no_fields},
    {"read_status", "SYS.READ_STATUS", no_fields},
    {"reboot", "SYS.REBOOT", package_fields},
    {"set_pin_io_mode", "SYS.SET_PIN_IO_MODE",
     [](const Json& node) -> Json {
       const std::string mode = word(node, "pin_io_mode");
       return {{"pin", number(node, "pin_number")},
               {"io_mode", mode == "input"    ? 0
                           : mode == "output" ? 1
                                              : 2}};
     }},
    {"set_servo_angle", "SYS.SET_SERVO_ANGLE",
     [](const Json& node) -> Json {
       return {{"pin", number(node, "pin_number")}, {"angle", number(node, "pin_value")}};
     }},
    {"sync", "SYS.SYNC", no_fields},
    {"wait", "SYS.WAIT",
     [](const Json& node) -> Json { return {{"milliseconds", number(node, "milliseconds")}}; }},
    {"zero", "SYS.ZERO", axis_fields},
};

/// How FarmBot says that the machine has failed.
struct FailureRow {
  std::string_view operation;
  const char* text;
};
constexpr FailureRow failure_rows[] = {
    {"SYS.CALIBRATE", "Firmware error @ \"calibrate()\": {:error, nil}"},
    {"SYS.FIND_HOME", "Firmware error @ \"find_home\": nil"},
    {"SYS.HOME", "Firmware error @ \"home\": nil"},
    {"SYS.MOVE_ABSOLUTE", "Movement error. See logs for details."},
    {"SYS.MOVE_RELATIVE", "Movement error. See logs for details."},
    {"SYS.SET_PIN_IO_MODE", "Firmware error @ \"set_pin_io_mode\": {:error, "},
    {"SYS.SET_SERVO_ANGLE", "Firmware error @ \"set_servo_angle\": "},
    {"SYS.TOGGLE_PIN", "Firmware error @ \"toggle_pin\": "},
    {"SYS.WRITE_PIN", "Firmware error @ \"do_write_pin/3\": "},
    {"SYS.ZERO", "Firmware error @ \"zero()\": nil"},
};

}  // namespace

const TreeWalker::Row TreeWalker::rows[] = {
    {"_if", &TreeWalker::visit_if},
    {"assertion", &TreeWalker::visit_assertion},
    {"change_ownership", &TreeWalker::visit_change_ownership},
    {"emergency_lock", &TreeWalker::visit_operation},
    {"execute", &TreeWalker::visit_execute},
    {"execute_script", &TreeWalker::visit_script},
    {"internal_entry_point", &TreeWalker::visit_nothing},
    {"lua", &TreeWalker::visit_lua},
    {"move", &TreeWalker::visit_move},
    {"move_absolute", &TreeWalker::visit_move_absolute},
    {"nothing", &TreeWalker::visit_nothing},
    {"read_peripheral", &TreeWalker::visit_read_pin},
    {"read_pin", &TreeWalker::visit_read_pin},
    {"register_gpio", &TreeWalker::visit_gpio},
    {"resource_update", &TreeWalker::visit_resource_update},
    {"send_message", &TreeWalker::visit_send_message},
    {"set_user_env", &TreeWalker::visit_set_user_env},
    {"take_photo", &TreeWalker::visit_script},
    {"toggle_pin", &TreeWalker::visit_toggle_pin},
    {"unregister_gpio", &TreeWalker::visit_gpio},
    {"update_resource", &TreeWalker::visit_update_resource},
    {"write_peripheral", &TreeWalker::visit_write_pin},
    {"write_pin", &TreeWalker::visit_write_pin},
};

Ending TreeWalker::run() {
  try {
    if (kind_of(account_.root) == "sequence")
      sequence(account_.root, account_.given, account_.given_wins);
    else
      request(account_.root);
    return {};
  } catch (const Failure& failure) {
    return {.good = false, .reason = failure.reason, .others = failure.others};
  }
}

/// A request whose last step is the lock has done what it was asked for; any other run ends by the lock.
void TreeWalker::request(const Json& document) {
  const Json steps = items(document);
  for (const Json& node : steps) {
    if (&node == &steps.back() && kind_of(node) == "emergency_lock")
      operate("SYS.EMERGENCY_LOCK");
    else
      step(node, {});
  }
}

// ---- sequences -----------------------------------------------------------------------------------

void TreeWalker::sequence(const Json& document, const Scope& given, bool given_wins) {
  const Json declarations = items(arg(document, "locals"));
  // Who binds anything may need chance for the order of a group; it is drawn whether it is needed or not.
  const std::uint64_t random = declarations.empty() && given.empty() ? 0 : world_.random();
  Scope scope = given;
  for (const Json& declaration : declarations) {
    const std::string label = word(declaration, "label");
    const bool fixed = kind_of(declaration) == "variable_declaration";
    if (fixed && !(given_wins && given.contains(label)))
      scope[label] = arg(declaration, "data_value");
    else if (!fixed && !scope.contains(label))
      scope[label] = arg(declaration, "default_value");
  }
  std::optional<std::string> group;
  std::vector<std::int64_t> ids;
  std::vector<std::string> wrong;
  for (const auto& [label, value] : scope) {
    const std::string kind = kind_of(value);
    if (kind.ends_with("_placeholder")) wrong.emplace_back("Exiting command because of errors.");
    if (!is_one_of(kind, {"point_group", "every_point", "every_location"})) continue;
    if (group) wrong.emplace_back("You can only use one point group at a time.");
    group = label;
    auto found = members(label, value, random);
    if (found)
      ids = std::move(*found);
    else
      wrong.push_back(found.error().message);
  }
  if (!wrong.empty()) throw Failure{wrong.front(), wrong};
  if (!group) return body(document, scope);
  for (const std::int64_t id : ids) {
    scope[*group] = {{"kind", "point"}, {"args", {{"pointer_type", "GenericPointer"}, {"pointer_id", id}}}};
    body(document, scope);
  }
}

protocol::Result<std::vector<std::int64_t>> TreeWalker::members(const std::string& label, const Json& group,
                                                                std::uint64_t random) const {
  if (kind_of(group) == "point_group") {
    const auto id = arg(group, "point_group_id").get<std::int64_t>();
    auto found = world_.assets.members(id, 0, random);
    if (found) return *found;
    return protocol::fail(protocol::Status::not_found,
                          std::format("Point group not found: {}/{}", label, id));
  }
  const std::string type = word(group, kind_of(group) == "every_point" ? "every_point_type" : "pointer_type");
  std::vector<std::int64_t> ids;
  for (const auto& [id, point] : world_.assets.all(vm::AssetKind::point))
    if (point.at("pointer_type") == type) ids.push_back(id);
  std::mt19937_64 generator(random);
  std::ranges::shuffle(ids, generator);
  return ids;
}

void TreeWalker::body(const Json& document, const Scope& scope) {
  for (const Json& node : items(document)) step(node, scope);
}

void TreeWalker::step(const Json& node, const Scope& scope) {
  const std::string kind = kind_of(node);
  const auto* const row = std::ranges::find(rows, kind, &Row::kind);
  if (row != std::end(rows))
    (this->*row->visit)(node, scope);
  else
    visit_operation(node, scope);
  if (world_.locked) fail("Canceled sequence due to emergency lock.");
}

void TreeWalker::branch(const Json& node, const Scope& scope) {
  if (kind_of(node) == "execute") step(node, scope);
}

void TreeWalker::visit_execute(const Json& node, const Scope& scope) {
  Scope given;
  for (const Json& application : items(node)) {
    const Json& value = arg(application, "data_value");
    given[word(application, "label")] =
        kind_of(value) == "identifier" ? value_of(scope, word(value, "label")) : value;
  }
  const auto found = account_.sequences.find(arg(node, "sequence_id").get<std::int64_t>());
  if (found == account_.sequences.end()) fail("sequence not found");
  sequence(found->second, given, false);
}

const Json& TreeWalker::value_of(const Scope& scope, const std::string& label) {
  const auto found = scope.find(label);
  if (found == scope.end()) fail(std::format("Can't find variable \"{}\".", label));
  return found->second;
}

// ---- simple steps --------------------------------------------------------------------------------

double TreeWalker::operate(std::string_view operation, const Json& fields) {
  // No machine goes to a place that is not known; how it says so is its own affair.
  for (const Json& value : fields)
    if (value.is_number_float() && std::isnan(value.get<double>())) fail("");
  const auto done = world_.operate(operation, fields);
  if (done) return *done;
  const auto* const row = std::ranges::find(failure_rows, operation, &FailureRow::operation);
  fail(row == std::end(failure_rows) ? done.error().message : row->text);
}

void TreeWalker::visit_nothing(const Json&, const Scope&) {}

void TreeWalker::visit_operation(const Json& node, const Scope&) {
  const std::string kind = kind_of(node);
  if (kind == "emergency_lock") return void(operate("SYS.EMERGENCY_LOCK"));
  const auto* const row = std::ranges::find(operation_rows, kind, &OperationRow::kind);
  if (row == std::end(operation_rows)) fail("no compiler for " + kind);
  operate(row->operation, row->fields(node));
}

// Unknown is behind every number: it is not equal to anything, and greater than all.
void TreeWalker::visit_if(const Json& node, const Scope& scope) {
  const Json& left = arg(node, "lhs");
  std::optional<double> value;
  const auto pin_value = [&](int pin) {
    const auto known = world_.pins.find(pin);
    if (known != world_.pins.end()) value = known->second;
  };
  if (left.is_object()) {
    pin_value(pin_of(left));
  } else if (const auto name = left.get<std::string>(); name.starts_with("pin")) {
    pin_value(std::stoi(name.substr(3)));
  } else {
    const double at = world_.position[static_cast<std::size_t>(name.front() - 'x')];
    if (!std::isnan(at)) value = at;
  }
  const std::string op = word(node, "op");
  const double right = number(node, "rhs");
  const bool holds = op == "is_undefined" ? !value
                     : op == "is"         ? value && *value == right
                     : op == "not"        ? !value || *value != right
                     : op == "<"          ? value && *value < right
                                          : !value || *value > right;
  branch(arg(node, holds ? "_then" : "_else"), scope);
}

ScriptValues TreeWalker::lua(const std::string& code) {
  return must(world_.lua(code));
}

double TreeWalker::lua_number(const std::string& code) {
  const ScriptValues values = lua(code);
  if (values.count != 1 || !values.first.is_number()) fail("Expected Lua to return number, got ");
  return values.first.get<double>();
}

void TreeWalker::visit_lua(const Json& node, const Scope&) {
  lua(word(node, "lua"));
}

void TreeWalker::visit_assertion(const Json& node, const Scope& scope) {
  const std::string header = "[" + node.value("comment", "Assertion") + "] ";
  const std::string type = word(node, "assertion_type");
  const auto say = [&](const char* text) { world_.log("assertion", header + text); };
  const auto result = world_.lua(word(node, "lua"));
  if (!result) {
    say("failed to evaluate, aborting");
    fail(result.error().message);
  }
  if (result->count == 1 && result->first == Json(true)) return say("passed, continuing execution");
  if (type == "continue") return say("failed, continuing execution");
  if (type == "abort") {
    say("failed, aborting");
    fail("Assertion failed (aborting)");
  }
  say(type == "recover" ? "failed, recovering and continuing" : "failed, recovering and aborting");
  branch(arg(node, "_then"), scope);
  if (type == "abort_recover") fail("aborted");
}

void TreeWalker::visit_send_message(const Json& node, const Scope&) {
  Json channels = Json::array();
  for (const Json& channel : items(node)) channels.push_back(arg(channel, "channel_name"));
  operate("SYS.SEND_MESSAGE", {{"message", arg(node, "message")},
                               {"message_type", arg(node, "message_type")},
                               {"channels", channels}});
}

void TreeWalker::visit_set_user_env(const Json& node, const Scope&) {
  for (const Json& pair : items(node))
    operate("SYS.SET_USER_ENV", {{"config", arg(pair, "label")}, {"value", text_of(arg(pair, "value"))}});
}

void TreeWalker::visit_script(const Json& node, const Scope&) {
  Json environment = Json::array();
  for (const Json& pair : items(node))
    environment.push_back({arg(pair, "label"), text_of(arg(pair, "value"))});
  must(world_.script(kind_of(node) == "take_photo" ? "take-photo" : word(node, "label"), environment));
}

void TreeWalker::visit_update_resource(const Json& node, const Scope& scope) {
  const Json& named = arg(node, "resource");
  Json resource = kind_of(named) == "identifier" ? value_of(scope, word(named, "label")) : named;
  resource.erase("comment");
  Json properties = Json::array();
  for (const Json& pair : items(node)) properties.push_back({arg(pair, "label"), arg(pair, "value")});
  must(world_.update(resource, properties));
}

void TreeWalker::visit_resource_update(const Json& node, const Scope&) {
  const Json resource = {
      {"kind", "resource"},
      {"args", {{"resource_type", arg(node, "resource_type")}, {"resource_id", arg(node, "resource_id")}}}};
  must(world_.update(resource, Json::array({Json::array({arg(node, "label"), arg(node, "value")})})));
}

void TreeWalker::visit_change_ownership(const Json& node, const Scope&) {
  Json fields = Json::object();
  for (const Json& pair : items(node)) fields.emplace(word(pair, "label"), text_of(arg(pair, "value")));
  operate("SYS.CHANGE_OWNERSHIP", fields);
}

void TreeWalker::visit_gpio(const Json& node, const Scope&) {
  Json fields = {{"line", arg(node, "pin_number")}};
  if (kind_of(node) == "unregister_gpio") return void(operate("SYS.UNREGISTER_GPIO", fields));
  fields["sequence_id"] = arg(node, "sequence_id");
  fields["edge"] = "rising";
  operate("SYS.REGISTER_GPIO", fields);
}

// ---- pins ----------------------------------------------------------------------------------------

int TreeWalker::pin_of(const Json& named_pin) const {
  const auto kind =
      word(named_pin, "pin_type") == "Sensor" ? vm::AssetKind::sensor : vm::AssetKind::peripheral;
  return must(world_.assets.named_pin(kind, arg(named_pin, "pin_id").get<std::int64_t>())).pin;
}

void TreeWalker::read_back(int pin, int mode) {
  const double value = operate("SYS.READ_PIN", {{"pin", pin}, {"mode", mode}});
  world_.pin_was_read(pin, mode, value);
}

/// The pin's node: of `read_peripheral` and `write_peripheral` a name that the id stands for.
static Json pin_node(const Json& node) {
  if (!node.at("args").contains("peripheral_id")) return arg(node, "pin_number");
  return {{"kind", "named_pin"},
          {"args", {{"pin_type", "Peripheral"}, {"pin_id", arg(node, "peripheral_id")}}}};
}

void TreeWalker::visit_write_pin(const Json& node, const Scope&) {
  const Json pin = pin_node(node);
  const double value = number(node, "pin_value");
  if (pin.is_object() && word(pin, "pin_type").starts_with(box_led)) {
    operate("SYS.WRITE_LED", {{"led", word(pin, "pin_type").back() - '0'}, {"value", value}});
    return;
  }
  const int found = pin.is_object() ? pin_of(pin) : pin.get<int>();
  const int mode = arg(node, "pin_mode").get<int>();
  operate("SYS.WRITE_PIN", {{"pin", found}, {"value", value}, {"mode", mode}});
  if (mode == digital) read_back(found, digital);
}

void TreeWalker::visit_read_pin(const Json& node, const Scope&) {
  const Json pin = pin_node(node);
  if (pin.is_object() && word(pin, "pin_type").starts_with(box_led)) return;
  read_back(pin.is_object() ? pin_of(pin) : pin.get<int>(), arg(node, "pin_mode").get<int>());
}

void TreeWalker::visit_toggle_pin(const Json& node, const Scope&) {
  const Json& pin = arg(node, "pin_number");
  const int found = pin.is_object() ? pin_of(pin) : pin.get<int>();
  operate("SYS.TOGGLE_PIN", {{"pin", found}});
  read_back(found, digital);
}

// ---- moves ---------------------------------------------------------------------------------------

TreeWalker::Place TreeWalker::place_of(const Json& value, const char* refusal) {
  const std::string kind = kind_of(value);
  if (kind == "coordinate") return {number(value, "x"), number(value, "y"), number(value, "z")};
  if (kind == "point") {
    const auto place = must(world_.assets.place_of(
        {.pointer_type = word(value, "pointer_type"), .id = arg(value, "pointer_id").get<std::int64_t>()}));
    return {place.x, place.y, place.z};
  }
  if (kind != "tool") fail(refusal);
  const auto slot = must(world_.assets.slot_of_tool(arg(value, "tool_id").get<std::int64_t>()));
  return {slot.gantry_mounted ? world_.position[0] : slot.place.x, slot.place.y, slot.place.z};
}

void TreeWalker::visit_move_absolute(const Json& node, const Scope& scope) {
  const auto bound = [&](const char* name) -> const Json& {
    const Json& value = arg(node, name);
    return kind_of(value) == "identifier" ? value_of(scope, word(value, "label")) : value;
  };
  const Place location = place_of(bound("location"), "Unexpected location or offset");
  const Place offset = place_of(bound("offset"), "Unexpected location or offset");
  const double speed = number(node, "speed");
  go({location[0] + offset[0], location[1] + offset[1], location[2] + offset[2]}, {speed, speed, speed});
}

double TreeWalker::operand(const Json& named, std::size_t axis, const Scope& scope) {
  const Json value = kind_of(named) == "identifier" ? value_of(scope, word(named, "label")) : named;
  const std::string kind = kind_of(value);
  if (kind == "numeric") return number(value, "number");
  if (kind == "random") {
    const auto limit = static_cast<std::int64_t>(number(value, "variance"));
    std::mt19937_64 generator(world_.random());
    return static_cast<double>(std::uniform_int_distribution(-limit, limit)(generator));
  }
  return place_of(value, "Can't handle numeric conversion for ")[axis];
}

void TreeWalker::visit_move(const Json& node, const Scope& scope) {
  const Json all = items(node);
  // Lua first, as the body has it.
  std::vector<std::optional<double>> scripted;
  std::string order;
  for (const Json& item : all) {
    const std::string kind = kind_of(item);
    scripted.emplace_back();
    if (kind == "safe_z") order = "safe_z";
    if (kind == "axis_order" && order != "safe_z") order = word(item, "grouping") + ";" + word(item, "route");
    if (kind == "safe_z" || kind == "axis_order") continue;
    const Json& held = arg(item, kind == "speed_overwrite" ? "speed_setting" : "axis_operand");
    if (kind_of(held) == "lua") scripted.back() = lua_number(word(held, "lua"));
  }
  // Then x and y, then z, each as the body has it.
  const Place start = world_.position;
  Place target = start, speed{100, 100, 100};
  for (const bool for_z : {false, true}) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Json& item = all[i];
      const std::string kind = kind_of(item);
      if (kind == "safe_z" || kind == "axis_order") continue;
      const std::size_t axis = axis_of(item);
      if ((axis == z_axis) != for_z) continue;
      if (kind == "speed_overwrite") {
        speed[axis] = scripted[i] ? *scripted[i] : number(arg(item, "speed_setting"), "number");
        continue;
      }
      const Json& held = arg(item, "axis_operand");
      bool sets = kind == "axis_overwrite";
      double value = 0;
      if (scripted[i]) {
        value = *scripted[i];
      } else if (kind_of(held) == "special_value") {
        const std::string label = word(held, "label");
        if (label == "soil_height" && axis != z_axis) continue;
        if (label == "soil_height") {
          value = world_.assets.soil_height(target[0], target[1]).z;
          sets = true;
        } else {
          value = label == "safe_height" ? world_.assets.setting("safe_height", 0.0) : start[axis];
        }
      } else {
        value = operand(held, axis, scope);
      }
      target[axis] = sets ? value : target[axis] + value;
    }
  }
  if (order.empty()) {
    const Json set = world_.assets.field(vm::AssetKind::fbos_config, "default_axis_order");
    if (set.is_string()) order = set.get<std::string>();
  }
  go_in_order(target, speed, order);
}

void TreeWalker::go(const Place& to, const Place& speed) {
  operate("SYS.MOVE_ABSOLUTE", {{"x", to[0]},
                                {"y", to[1]},
                                {"z", to[2]},
                                {"x_speed", speed[0]},
                                {"y_speed", speed[1]},
                                {"z_speed", speed[2]}});
}

void TreeWalker::go_in_order(const Place& to, const Place& speed, const std::string& order) {
  const Place& here = world_.position;
  if (order.empty()) return go(to, speed);
  if (order == "safe_z") {
    go({here[0], here[1], world_.assets.setting("safe_height", 0.0)}, speed);
    go({to[0], to[1], here[2]}, speed);
    return go({here[0], here[1], to[2]}, speed);
  }
  // "xy,z;high" → groups and the way they go.
  const auto semicolon = order.find(';');
  const std::string way = order.substr(semicolon + 1);
  std::vector<std::string> groups{""};
  for (const char letter : order.substr(0, semicolon)) {
    if (letter == ',')
      groups.emplace_back();
    else
      groups.back() += letter;
  }
  const auto has_z = [](const std::string& group) { return group.contains('z'); };
  const bool up = std::abs(to[z_axis]) < std::abs(here[z_axis]);
  const bool first = way == "high" ? up : !up;  // where z has to be
  const auto fits = [&](const std::vector<std::string>& list) {
    return has_z(first ? list.front() : list.back());
  };
  if (way != "in_order" && std::ranges::any_of(groups, has_z) && !fits(groups)) {
    auto reversed = groups;
    std::ranges::reverse(reversed);
    auto to_front = groups;
    const auto z = std::ranges::find_if(to_front, has_z);
    std::rotate(to_front.begin(), z, z + 1);
    auto to_back = to_front;
    std::ranges::reverse(to_back);
    groups = fits(reversed) ? reversed : fits(to_front) ? to_front : to_back;
  }
  for (const std::string& group : groups) {
    Place leg = here;
    for (const char axis : group)
      leg[static_cast<std::size_t>(axis - 'x')] = to[static_cast<std::size_t>(axis - 'x')];
    go(leg, speed);
  }
}

}  // namespace celeriac::reference
