#include "vm/lua/functions.hpp"

#include <lauxlib.h>

#include <cmath>
#include <format>
#include <string>

#include "vm/lua/calls.hpp"
#include "vm/lua/failures.hpp"
#include "vm/lua/sandbox.hpp"
#include "vm/lua/script.hpp"

namespace celeriac::vm::lua {
namespace {

constexpr std::string_view axis = "axis?: 'x'|'y'|'z'|'all'";

// clang-format off
constexpr Function table[] = {
  // name, arguments, theme, returns, help
  {"variable", "name?: string", "values", "value", "Value of a variable of the sequence; without a name that of \"parent\"."},
  {"variables", "name?: string", "values", "value", "The same."},

  {"move_absolute", "x: number|table, y?: number, z?: number, speed?: number", "motion", "true / nil, reason", "Moves in one go to x, y, z at a speed in percent; with one table as move()."},
  {"move", "target: table", "motion", "true / nil, reason", "Runs a move step: x, y, z, speed, safe_z, grouping and route, each optional."},
  {"go_to_home", "axis?: 'x'|'y'|'z'|'all', speed?: number", "motion", "true / nil, reason", "Goes to 0 on one axis, or on all in one move."},
  {"find_home", axis, "motion", "true / nil, reason", "Finds home; all: z, then y, then x, until one fails."},
  {"find_axis_length", axis, "motion", "true / nil, reason", "Finds the length of an axis, or of all."},
  {"get_position", "axis?: 'x'|'y'|'z'", "motion", "{x, y, z} or number / nil, reason", "Where the machine is, mm."},
  {"get_xyz", "", "motion", "{x, y, z} / nil, reason", "The same."},
  {"check_position", "place: table, tolerance: number", "motion", "boolean", "Whether every axis is within the tolerance, mm."},
  {"coordinate", "x: number, y: number, z: number", "motion", "{x, y, z}", "A place."},
  {"safe_z", "", "motion", "number or nil", "The setting safe_height, mm."},
  {"soil_height", "x: number, y: number", "motion", "number", "Height of the soil there, mm."},
  {"garden_size", "", "motion", "{x, y, z}", "Lengths of the axes, mm; 0 where unknown."},
  {"soft_stop", "", "motion", "true / nil, reason", "Stops the move in progress."},
  {"emergency_lock", "", "motion", "never", "Stops and locks everything; the script ends."},
  {"emergency_unlock", "", "motion", "true / nil, reason", "Ends the emergency lock."},
  {"gcode", "command: string, params?: table", "motion", "true / nil, reason", "A firmware command that has an operation here: G00, G28, F11 to F16, F41 to F43, F61, F84, F09, E, @."},

  {"group", "id: number", "points", "list of ids", "Members of a point group, in its order."},
  {"sort", "ids: table, method: string", "points", "list of ids / nil, reason", "Ids of points in an order such as xy_ascending."},
  {"grid", "params: table", "points", "{total, each} / nil", "A grid of places to go through."},
  {"photo_grid", "", "points", "table", "The grid that covers the bed with pictures."},
  {"get_seed_tray_cell", "tray: table, cell: string", "points", "{x, y, z} / nil", "Place of a cell A1 to D4 of a seed tray."},
  {"get_curve", "id: number", "points", "{name, type, unit, day} / nil", "A curve; day(n) is its value."},
  {"get_tool", "params: table", "points", "{id, name, flow_rate_ml_per_s} or nil", "A tool by id or name."},
  {"get_plants", "filter?: table", "points", "list of points", "Plants that fit the filter; planted ones unless it says otherwise."},
  {"get_weeds", "filter?: table", "points", "list of points", "Weeds that fit the filter; active ones unless it says otherwise."},
  {"get_generic_points", "filter?: table", "points", "list of points", "Points of the map that fit the filter."},
  {"get_group", "group: number|string", "points", "list of points", "Members of a group, by id or name, in its order."},

  {"verify_tool", "", "tools", "boolean", "Whether a tool is mounted and known."},
  {"mount_tool", "slot: table|string", "tools", "nothing", "Fetches the tool of a slot, or by its name."},
  {"dismount_tool", "", "tools", "nothing", "Puts the mounted tool back."},
  {"dispense", "ml: number, params?: table", "tools", "true / nil", "Lets so much water out."},
  {"water", "plant: table, params?: table", "tools", "true / nil", "Waters a plant as its curve says."},

  {"read_pin", "pin: number, mode?: string", "pins", "number / nil, reason", "Reads a pin, \"digital\" or \"analog\"."},
  {"read_sensor", "sensor: number|string", "pins", "value, unit, raw / nil, reason", "Reads a sensor by id or label, in the unit of its calibration; as it is, with the unit \"\", if it has none."},
  {"write_pin", "pin: number, mode: string, value: number", "pins", "nothing / reason", "Writes a pin."},
  {"on", "pin: number", "pins", "nothing / reason", "Switches a pin on."},
  {"off", "pin: number", "pins", "nothing / reason", "Switches a pin off."},
  {"toggle_pin", "pin: number", "pins", "nothing / nil, reason", "Inverts a pin."},
  {"set_pin_io_mode", "pin: number, mode: 'input'|'input_pullup'|'output'", "pins", "true / false, reason", "Sets the direction of a pin."},
  {"new_sensor_reading", "reading: table", "pins", "true / nil, reason", "Stores a reading {x, y, z, pin, mode, value, read_at}."},
  {"watch_pin", "pin: number, callback: function", "pins", "nothing", "Calls back with {pin, value} every 500 ms until the script ends."},

  {"send_message", "type: string, text: any, channels?: string|table", "messages", "true / nil, reason", "Writes a message into the log, and to channels."},
  {"debug", "text: any", "messages", "true / nil, reason", "A message of type debug."},
  {"toast", "text: any, type?: string", "messages", "true / nil, reason", "A message that pops up."},
  {"print", "value: any…", "messages", "nothing", "A line of type debug and verbosity 3 in the log, at most 20 a second."},
  {"io.write", "value: any…", "messages", "nothing", "As print, without tabs."},
  {"set_job_progress", "name: string, params: table", "messages", "nothing", "Replaces a job of the status."},
  {"set_job", "name: string, params?: table", "messages", "nothing", "Changes a job of the status."},
  {"complete_job", "name: string", "messages", "nothing", "Sets a job to 100 % and Complete."},
  {"get_job", "name: string", "messages", "table or nil", "A job of the status."},
  {"get_job_progress", "name: string", "messages", "table or nil", "The same."},
  {"wait_ms", "milliseconds: number", "messages", "number", "Waits; three minutes or more are refused with the emergency lock."},
  {"wait", "milliseconds: number, params?: table", "messages", "number", "Waits; a second or more as a job that shows how far it is."},
  {"utc", "part?: 'year'|'month'|'day'|'hour'|'minute'|'second'", "messages", "string or number", "Now, in UTC."},
  {"local_time", "part?: 'year'|'month'|'day'|'hour'|'minute'|'second'", "messages", "string or number", "Now, in the garden's time zone."},
  {"current_month", "", "messages", "number", "Month, UTC."},
  {"current_hour", "", "messages", "number", "Hour, UTC."},
  {"current_minute", "", "messages", "number", "Minute, UTC."},
  {"current_second", "", "messages", "number", "Second, UTC."},
  {"to_unix", "time: string", "messages", "seconds / nil, reason", "Seconds since 1970 of an ISO 8601 time."},

  {"env", "key: string, value?: any", "settings", "string or nil / nil, reason", "Reads or sets a variable of the user environment."},
  {"get_device", "field?: string", "settings", "table or value", "The device."},
  {"update_device", "fields: table", "settings", "true / nil, reason", "Changes the device."},
  {"get_fbos_config", "field?: string", "settings", "table or value", "Settings of the host."},
  {"update_fbos_config", "fields: table", "settings", "true / nil, reason", "Changes settings of the host."},
  {"get_firmware_config", "field?: string", "settings", "table or value", "Parameters of the firmware."},
  {"update_firmware_config", "fields: table", "settings", "true / nil, reason", "Changes parameters of the firmware."},
  {"read_status", "path?: string…", "settings", "table or value", "The status tree, or a part of it."},
  {"fbos_version", "", "settings", "string", "Version of this host."},
  {"firmware_version", "", "settings", "string / nil, reason", "Version of the firmware."},
  {"auth_token", "", "settings", "string / nil, reason", "Token of the web API."},

  {"cs_eval", "node: table", "celery", "true / false, reason", "Runs an rpc_request, sequence or execute."},
  {"rpc", "command: table", "celery", "true / false, reason", "Runs one step."},
  {"sequence", "id: number, params?: table", "celery", "true / false, reason", "Runs a stored sequence with values for its variables."},

  {"http", "params: table", "network", "{status, body, headers} / nil, reason", "An HTTP request."},
  {"api", "params: table", "network", "value or nil", "A request to the web API."},
  {"json.encode", "value: any", "network", "string", "JSON text."},
  {"json.decode", "text: string", "network", "value / nil, reason", "The value of JSON text."},
  {"inspect", "value: any", "network", "string", "JSON text."},
  {"base64.encode", "bytes: string", "network", "string", "Base64 text."},
  {"base64.decode", "text: string", "network", "string / nil, reason", "The bytes of Base64 text."},
  {"take_photo", "width?: number|table, height?: number, args?: table", "network", "nothing / reason", "Takes a photo."},
  {"take_photo_raw", "width?: number|table, height?: number, args?: table", "network", "nil, reason", "The bytes of a photo: not available yet."},
  {"calibrate_camera", "", "network", "nothing / reason", "Runs the script camera-calibration."},
  {"detect_weeds", "", "network", "nothing / reason", "Runs the script plant-detection."},
  {"measure_soil_height", "", "network", "nothing / reason", "Runs the script Measure Soil Height."},
  {"uart.list", "", "network", "nil, reason", "Serial ports: not available to scripts."},
  {"uart.open", "name: string, baud: number", "network", "nil, reason", "Serial ports: not available to scripts."},

  {"table.sort", "list: table, less?: function", "library", "nothing", "As Lua's, and stable; the comparison may wait."},
};
// clang-format on

constexpr const char* themes_key = "celeriac.themes";

// ---- arguments -----------------------------------------------------------------------------------

/// Takes the text up to the separator off the front.
std::string_view take(std::string_view& text, std::string_view separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + separator.size());
  return part;
}

/// Whether the value is of one of the types "number|'x'"; `why` gets more than a wrong type says.
bool fits(lua_State* state, int index, std::string_view types, std::string& why) {
  const int type = lua_type(state, index);
  while (!types.empty()) {
    const auto wanted = take(types, "|");
    if (wanted == "any") return true;
    if (wanted.starts_with('\'')) {
      std::size_t size = 0;
      const char* text = type == LUA_TSTRING ? lua_tolstring(state, index, &size) : "";
      if (std::string_view(text, size) == wanted.substr(1, wanted.size() - 2)) return true;
      continue;
    }
    if (wanted != lua_typename(state, type)) continue;
    if (type != LUA_TNUMBER || std::isfinite(lua_tonumber(state, index))) return true;
    why = "a finite number";
    return false;
  }
  return false;
}

std::string shown(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TSTRING) return luaL_typename(state, index);
  std::string_view text = lua_tostring(state, index);
  return std::format("\"{}\"", text.substr(0, 40));
}

std::string words_of(std::string_view types) {
  std::string words;
  while (!types.empty()) {
    auto type = take(types, "|");
    if (!words.empty()) words += types.empty() ? " or " : ", ";
    words += type.starts_with('\'') ? std::format("\"{}\"", type.substr(1, type.size() - 2))
                                    : std::format("a {}", type);
  }
  return words;
}

void check_arguments(lua_State* state, const Function& function) {
  constexpr std::string_view clause = "Function clause error. Check number of arguments and their types.";
  const int given = lua_gettop(state);
  auto rest = function.arguments;
  int index = 0;
  while (!rest.empty()) {
    auto argument = take(rest, ", ");
    const bool more = argument.ends_with("…");
    if (more) argument.remove_suffix(std::string_view("…").size());
    auto name = take(argument, ": ");
    const bool optional = more || name.ends_with('?');
    if (name.ends_with('?')) name.remove_suffix(1);
    do {
      ++index;
      if (index > given || lua_isnil(state, index)) {
        if (optional || (argument == "any" && index <= given)) continue;
        Script::of(state).fail(state, clause,
                               std::format("{}(): argument {} ({}) is missing; it must be {}.", function.name,
                                           index, name, words_of(argument)));
      }
      std::string why;
      if (!fits(state, index, argument, why))
        Script::of(state).fail(
            state, clause,
            std::format("{}(): argument {} ({}) must be {}, not {}.", function.name, index, name,
                        why.empty() ? words_of(argument) : why, shown(state, index)));
    } while (more && index < given);
  }
  if (given > index)
    Script::of(state).fail(
        state, clause,
        std::format("{}() takes {} argument{}, not {}.", function.name, index, index == 1 ? "" : "s", given));
}

// ---- calling -------------------------------------------------------------------------------------

int returned(lua_State* state, int, lua_KContext) {
  return lua_gettop(state);
}

/// The prelude's own library functions: nothing that a script does to its globals changes the API. Pushes
/// `registry[themes_key][theme]`, loading it first.
void push_theme(lua_State* state, std::string_view theme) {
  lua_getfield(state, LUA_REGISTRYINDEX, themes_key);
  lua_pushlstring(state, theme.data(), theme.size());
  lua_pushvalue(state, -1);
  if (lua_rawget(state, -3) == LUA_TNIL) {
    lua_pop(state, 1);
    for (const auto& prelude : preludes()) {
      if (prelude.theme != theme) continue;
      const auto chunk = "=" + std::string(prelude_chunk);
      if (luaL_loadbufferx(state, prelude.source.data(), prelude.source.size(), chunk.c_str(), "t") != LUA_OK)
        lua_error(state);
      lua_getfield(state, LUA_REGISTRYINDEX, "celeriac.environment");
      lua_setupvalue(state, -2, 1);
      lua_call(state, 0, 1);
      lua_pushvalue(state, -2);
      lua_pushvalue(state, -2);
      lua_rawset(state, -5);
    }
  }
  lua_remove(state, -2);
  lua_remove(state, -2);
}

/// theme(name): the functions of another file of the prelude.
int theme(lua_State* state) {
  push_theme(state, luaL_checkstring(state, 1));
  return 1;
}

/// Calls a function of the API with what is on the stack. Upvalue: its row.
int call_function(lua_State* state) {
  const auto& function = *static_cast<const Function*>(lua_touserdata(state, lua_upvalueindex(1)));
  check_arguments(state, function);
  const int given = lua_gettop(state);
  push_theme(state, function.theme);
  lua_pushlstring(state, function.name.data(), function.name.size());
  lua_rawget(state, -2);
  lua_remove(state, -2);
  lua_insert(state, 1);
  lua_callk(state, given, LUA_MULTRET, 0, returned);
  return returned(state, LUA_OK, 0);
}

/// `print` and its like take what tostring takes; Lua's own line is joined here.
int join_texts(lua_State* state) {
  std::string line;
  const int count = lua_gettop(state);
  const std::string_view gap = luaL_checkstring(state, 1);
  for (int i = 2; i <= count; ++i) {
    push_text(state, i);
    if (i > 2) line += gap;
    std::size_t size = 0;
    const char* part = lua_tolstring(state, -1, &size);
    line.append(part, size);
    if (line.size() > max_lua_bytes) return luaL_error(state, "not enough memory");
    lua_pop(state, 1);
  }
  lua_pushlstring(state, line.data(), line.size());
  return 1;
}

/// A copy of the globals and their libraries, for the prelude.
void make_environment(lua_State* state) {
  lua_newtable(state);
  lua_pushglobaltable(state);
  lua_pushnil(state);
  while (lua_next(state, -2) != 0) {
    lua_pushvalue(state, -2);
    if (lua_istable(state, -2) && !lua_rawequal(state, -2, -4)) {
      lua_newtable(state);
      lua_pushnil(state);
      while (lua_next(state, -4) != 0) {
        lua_pushvalue(state, -2);
        lua_insert(state, -2);
        lua_rawset(state, -4);
      }
    } else {
      lua_pushvalue(state, -2);
    }
    lua_rawset(state, -6);
    lua_pop(state, 1);
  }
  lua_pop(state, 1);
  lua_pushcfunction(state, host);
  lua_setfield(state, -2, "host");
  lua_pushcfunction(state, join_texts);
  lua_setfield(state, -2, "join");
  lua_pushcfunction(state, theme);
  lua_setfield(state, -2, "theme");
}

}  // namespace

std::span<const Function> functions() noexcept {
  return table;
}

void add_api(lua_State* state) {
  lua_newtable(state);
  lua_setfield(state, LUA_REGISTRYINDEX, themes_key);
  make_environment(state);
  lua_newtable(state);  // api: every function by its name, for the prelude
  for (const auto& function : table) {
    lua_pushlightuserdata(state, const_cast<Function*>(&function));
    lua_pushcclosure(state, call_function, 1);
    lua_pushlstring(state, function.name.data(), function.name.size());
    lua_pushvalue(state, -2);
    lua_rawset(state, -4);
    const auto dot = function.name.find('.');
    if (dot == std::string_view::npos) {
      lua_setglobal(state, function.name.data());
      continue;
    }
    const std::string library(function.name.substr(0, dot));
    if (lua_getglobal(state, library.c_str()) != LUA_TTABLE) {
      lua_pop(state, 1);
      lua_newtable(state);
      lua_pushvalue(state, -1);
      lua_setglobal(state, library.c_str());
    }
    lua_pushvalue(state, -2);
    lua_setfield(state, -2, function.name.substr(dot + 1).data());
    lua_pop(state, 2);
  }
  lua_setfield(state, -2, "api");
  lua_setfield(state, LUA_REGISTRYINDEX, "celeriac.environment");

  auto& script = Script::of(state);
  lua_pushinteger(state, script.started_ms());
  lua_setglobal(state, "__LUA_START_TIME");
  const auto web = script.world().web_api();
  const auto server = web.is_object() ? web.value("server", std::string()) : std::string();
  lua_pushlstring(state, server.data(), server.size());
  lua_setglobal(state, "__SERVER_PATH");
}

}  // namespace celeriac::vm::lua
