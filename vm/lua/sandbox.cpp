#include "vm/lua/sandbox.hpp"

#include <lauxlib.h>
#include <lualib.h>

#include <bit>
#include <cmath>
#include <ctime>
#include <format>
#include <functional>
#include <optional>
#include <string_view>

#include "vm/lua/failures.hpp"
#include "vm/lua/functions.hpp"
#include "vm/lua/script.hpp"

namespace celeriac::vm::lua {
namespace {

/// A library of Lua, and what of it scripts may use. Absent from Lua 5.4's own: dofile, loadfile, require,
/// string.dump, os.execute and its like (they reach out); collectgarbage and coroutine (they would hold the
/// loop up, or come between a call of the API and its answer).
struct Library {
  const char* name;
  lua_CFunction open;
  std::string_view functions;  ///< those that are kept
};
constexpr Library libraries[] = {
    {"_G", luaopen_base,
     " assert error getmetatable ipairs next pairs pcall xpcall rawequal rawget rawlen rawset select "
     "tonumber type "
     "_VERSION "},
    {"math", luaopen_math,
     " abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad "
     "random "
     "randomseed sin sqrt tan tointeger type ult "},
    {"string", luaopen_string, " byte char len lower upper reverse sub format "},
    {"table", luaopen_table, ""},
    {"utf8", luaopen_utf8, " char charpattern codepoint codes len offset "},
};

/// Calls the C function in its upvalue; long texts among the arguments cost time that counts.
int charged(lua_State* state) {
  std::size_t bytes = 0;
  for (int i = lua_gettop(state); i > 0; --i)
    if (lua_type(state, i) == LUA_TSTRING) bytes += lua_rawlen(state, i);
  Script::of(state).charge(state, bytes / 16);
  return lua_tocfunction(state, lua_upvalueindex(1))(state);
}

void open_library(lua_State* state, const Library& library) {
  luaL_requiref(state, library.name, library.open, 1);
  const bool texts = std::string_view(library.name) == "string" || std::string_view(library.name) == "utf8";
  lua_pushnil(state);
  while (lua_next(state, -2) != 0) {
    // Existing fields may be cleared and replaced while they are gone through.
    const bool known = lua_type(state, -2) == LUA_TSTRING;
    const std::string_view name = known ? lua_tostring(state, -2) : "";
    const bool is_library = lua_istable(state, -1) && !name.empty();
    const bool kept = is_library || library.functions.contains(std::format(" {} ", name));
    if (!kept) {
      lua_pushvalue(state, -2);
      lua_pushnil(state);
      lua_rawset(state, -5);
    } else if (texts && name != "format" && lua_iscfunction(state, -1)) {  // format has a wrapper of its own
      lua_pushvalue(state, -2);
      lua_pushvalue(state, -2);
      lua_pushcclosure(state, charged, 1);
      lua_rawset(state, -5);
    }
    lua_pop(state, 1);
  }
  lua_pop(state, 1);
}

// ---- base ----------------------------------------------------------------------------------------

int base_tostring(lua_State* state) {
  luaL_checkany(state, 1);
  push_text(state, 1);
  return 1;
}

int base_setmetatable(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  luaL_argexpected(state, lua_isnil(state, 2) || lua_istable(state, 2), 2, "nil or table");
  if (lua_istable(state, 2)) {
    // Lua runs finalizers where they cannot be interrupted.
    lua_pushliteral(state, "__gc");
    if (lua_rawget(state, 2) != LUA_TNIL) return luaL_error(state, "__gc is not available here");
    lua_pop(state, 1);
  }
  if (luaL_getmetafield(state, 1, "__metatable") != LUA_TNIL)
    return luaL_error(state, "cannot change a protected metatable");
  lua_settop(state, 2);
  lua_setmetatable(state, 1);
  return 1;
}

/// load(text, name?, mode?, environment?): text only, and the name is ours, so that lines are found again.
int base_load(lua_State* state) {
  std::size_t size = 0;
  luaL_argexpected(state, lua_type(state, 1) == LUA_TSTRING, 1, "string");
  const char* text = lua_tolstring(state, 1, &size);
  const bool environment = !lua_isnone(state, 4);
  Script::of(state).charge(state, size);
  if (luaL_loadbufferx(state, text, size, "=load", "t") != LUA_OK) {
    lua_pushnil(state);
    lua_insert(state, -2);
    return 2;
  }
  if (environment) {
    lua_pushvalue(state, 4);
    lua_setupvalue(state, -2, 1);
  }
  return 1;
}

int base_collectgarbage(lua_State* state) {
  const std::string_view what = luaL_optstring(state, 1, "collect");
  if (what == "count")
    lua_pushnumber(state, lua_gc(state, LUA_GCCOUNT) + lua_gc(state, LUA_GCCOUNTB) / 1024.0);
  else
    lua_pushinteger(state, 0);  // memory is collected as it is needed
  return 1;
}

// ---- math of Lua 5.3, bit32 of 5.2 ---------------------------------------------------------------

template <double (*Function)(double)>
int of_one(lua_State* state) {
  lua_pushnumber(state, Function(luaL_checknumber(state, 1)));
  return 1;
}
template <double (*Function)(double, double)>
int of_two(lua_State* state) {
  lua_pushnumber(state, Function(luaL_checknumber(state, 1), luaL_checknumber(state, 2)));
  return 1;
}
int math_frexp(lua_State* state) {
  int exponent = 0;
  lua_pushnumber(state, std::frexp(luaL_checknumber(state, 1), &exponent));
  lua_pushinteger(state, exponent);
  return 2;
}
int math_ldexp(lua_State* state) {
  lua_pushnumber(state,
                 std::ldexp(luaL_checknumber(state, 1), static_cast<int>(luaL_checkinteger(state, 2))));
  return 1;
}

constexpr luaL_Reg more_math[] = {
    {"atan2", of_two<std::atan2>}, {"pow", of_two<std::pow>},   {"cosh", of_one<std::cosh>},
    {"sinh", of_one<std::sinh>},   {"tanh", of_one<std::tanh>}, {"log10", of_one<std::log10>},
    {"frexp", math_frexp},         {"ldexp", math_ldexp},       {nullptr, nullptr}};

std::uint32_t bits(lua_State* state, int index) {
  return static_cast<std::uint32_t>(luaL_checkinteger(state, index));
}
int give_bits(lua_State* state, std::uint32_t value) {
  lua_pushinteger(state, value);
  return 1;
}
template <class Operation, std::uint32_t Start>
int combine(lua_State* state) {
  std::uint32_t value = Start;
  for (int i = 1; i <= lua_gettop(state); ++i) value = Operation{}(value, bits(state, i));
  return give_bits(state, value);
}
std::uint32_t shifted(std::uint32_t value, lua_Integer left) {
  if (left <= -32 || left >= 32) return 0;
  return left >= 0 ? value << left : value >> -left;
}
/// Field and width of extract and replace: a mask at bit 0.
std::uint32_t field(lua_State* state, int at, lua_Integer& offset) {
  offset = luaL_checkinteger(state, at);
  const lua_Integer width = luaL_optinteger(state, at + 1, 1);
  luaL_argcheck(state, offset >= 0 && width > 0 && offset + width <= 32, at, "bits 0 to 31 only");
  return width == 32 ? ~0U : (1U << width) - 1;
}

constexpr luaL_Reg bit32[] = {
    {"band", combine<std::bit_and<>, ~0U>},
    {"bor", combine<std::bit_or<>, 0>},
    {"bxor", combine<std::bit_xor<>, 0>},
    {"bnot", [](lua_State* s) { return give_bits(s, ~bits(s, 1)); }},
    {"btest",
     [](lua_State* s) {
       combine<std::bit_and<>, ~0U>(s);
       lua_pushboolean(s, lua_tointeger(s, -1) != 0);
       return 1;
     }},
    {"lshift", [](lua_State* s) { return give_bits(s, shifted(bits(s, 1), luaL_checkinteger(s, 2))); }},
    {"rshift", [](lua_State* s) { return give_bits(s, shifted(bits(s, 1), -luaL_checkinteger(s, 2))); }},
    {"arshift",
     [](lua_State* s) {
       const auto by = luaL_checkinteger(s, 2);
       const auto value = bits(s, 1);
       if (by < 0 || (value >> 31) == 0) return give_bits(s, shifted(value, -by));
       return give_bits(s,
                        by >= 32 ? ~0U : static_cast<std::uint32_t>(static_cast<std::int32_t>(value) >> by));
     }},
    {"lrotate",
     [](lua_State* s) {
       return give_bits(s, std::rotl(bits(s, 1), static_cast<int>(luaL_checkinteger(s, 2) % 32)));
     }},
    {"rrotate",
     [](lua_State* s) {
       return give_bits(s, std::rotr(bits(s, 1), static_cast<int>(luaL_checkinteger(s, 2) % 32)));
     }},
    {"extract",
     [](lua_State* s) {
       lua_Integer offset = 0;
       const auto mask = field(s, 2, offset);
       return give_bits(s, bits(s, 1) >> offset & mask);
     }},
    {"replace",
     [](lua_State* s) {
       lua_Integer offset = 0;
       const auto mask = field(s, 3, offset);
       return give_bits(s, (bits(s, 1) & ~(mask << offset)) | (bits(s, 2) & mask) << offset);
     }},
    {nullptr, nullptr}};

// ---- os ------------------------------------------------------------------------------------------

int os_time(lua_State* state) {
  if (lua_isnoneornil(state, 1)) {
    lua_pushnumber(state, static_cast<double>(Script::of(state).world().wall_clock()) / 1000.0);
    return 1;
  }
  luaL_checktype(state, 1, LUA_TTABLE);
  const auto part = [&](const char* name, std::optional<lua_Integer> fallback) {
    lua_getfield(state, 1, name);
    int is_number = 0;
    const auto value = lua_tointegerx(state, -1, &is_number);
    lua_pop(state, 1);
    if (is_number == 0 && !fallback) luaL_error(state, "field '%s' missing in date table", name);
    const auto number = is_number != 0 ? value : *fallback;
    if (std::abs(number) > 1'000'000'000) luaL_error(state, "field '%s' is out-of-bound", name);
    return static_cast<int>(number);
  };
  std::tm time{};
  time.tm_year = part("year", {}) - 1900;
  time.tm_mon = part("month", {}) - 1;
  time.tm_mday = part("day", {});
  time.tm_hour = part("hour", 12);
  time.tm_min = part("min", 0);
  time.tm_sec = part("sec", 0);
  lua_pushnumber(state, static_cast<double>(timegm(&time)));
  return 1;
}

/// os.date(format?, seconds?): UTC, as the machine's own zone is nobody's business; local_time() is the
/// garden's.
int os_date(lua_State* state) {
  std::string format = luaL_optstring(state, 1, "%c");
  const double seconds = luaL_optnumber(
      state, 2, std::floor(static_cast<double>(Script::of(state).world().wall_clock()) / 1000.0));
  if (!(std::abs(seconds) < 1e11)) return luaL_argerror(state, 2, "time out of range");
  const auto moment = static_cast<std::time_t>(std::floor(seconds));
  if (format.starts_with('!')) format.erase(0, 1);
  std::tm time{};
  if (gmtime_r(&moment, &time) == nullptr) return luaL_argerror(state, 2, "time out of range");
  if (format.starts_with("*t")) {
    lua_createtable(state, 0, 9);
    const auto set = [&](const char* name, int value) {
      lua_pushinteger(state, value);
      lua_setfield(state, -2, name);
    };
    set("year", time.tm_year + 1900);
    set("month", time.tm_mon + 1);
    set("day", time.tm_mday);
    set("hour", time.tm_hour);
    set("min", time.tm_min);
    set("sec", time.tm_sec);
    set("wday", time.tm_wday + 1);
    set("yday", time.tm_yday + 1);
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "isdst");
    return 1;
  }
  if (format.size() > 200) return luaL_argerror(state, 1, "format too long");
  char text[4096];
  const auto size = std::strftime(text, sizeof text, (format + " ").c_str(), &time);  // never empty: no doubt
  if (size == 0) return luaL_argerror(state, 1, "invalid format");
  lua_pushlstring(state, text, size - 1);
  return 1;
}

constexpr luaL_Reg os[] = {
    {"time", os_time},
    {"date", os_date},
    {"clock",
     [](lua_State* s) {
       auto& script = Script::of(s);
       lua_pushnumber(s, static_cast<double>(script.world().wall_clock() - script.started_ms()) / 1000.0);
       return 1;
     }},
    {"difftime",
     [](lua_State* s) {
       lua_pushnumber(s, luaL_checknumber(s, 1) - luaL_checknumber(s, 2));
       return 1;
     }},
    {nullptr, nullptr}};

void global_library(lua_State* state, const char* name, const luaL_Reg* functions) {
  lua_newtable(state);
  luaL_setfuncs(state, functions, 0);
  lua_setglobal(state, name);
}

}  // namespace

void push_text(lua_State* state, int index) {
  index = lua_absindex(state, index);
  const int type = lua_type(state, index);
  if (luaL_getmetafield(state, index, "__tostring") != LUA_TNIL) {
    lua_pop(state, 1);
    luaL_tolstring(state, index, nullptr);
  } else if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD || type == LUA_TUSERDATA) {
    lua_pushstring(state, lua_typename(state, type));
  } else {
    luaL_tolstring(state, index, nullptr);
  }
}

void open_sandbox(lua_State* state) {
  for (const auto& library : libraries) open_library(state, library);
  constexpr luaL_Reg base[] = {
      {"tostring", base_tostring}, {"setmetatable", base_setmetatable},     {"load", base_load},
      {"loadstring", base_load},   {"collectgarbage", base_collectgarbage}, {nullptr, nullptr}};
  lua_pushglobaltable(state);
  luaL_setfuncs(state, base, 0);
  lua_pop(state, 1);
  lua_getglobal(state, "math");
  luaL_setfuncs(state, more_math, 0);
  lua_pop(state, 1);
  lua_getglobal(state, "string");
  add_string_functions(state);
  lua_pop(state, 1);
  lua_getglobal(state, "table");
  add_table_functions(state);
  lua_getfield(state, -1, "unpack");
  lua_setglobal(state, "unpack");
  lua_pop(state, 1);
  global_library(state, "bit32", bit32);
  global_library(state, "os", os);
  // The metatable of strings is out of reach; s:upper() goes on finding the library.
  lua_pushliteral(state, "");
  if (lua_getmetatable(state, -1) != 0) {
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 1);
  }
  lua_pop(state, 1);
  lua_pushnil(state);
  lua_setfield(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  add_api(state);
}

int load_script(lua_State* thread, const std::string& code) {
  const std::string chunk = "=" + std::string(script_chunk);
  const bool expression = !code.contains("return") && !code.contains('\n') && !code.empty();
  if (expression) {
    const std::string implied = "return (" + code + ")";
    if (luaL_loadbufferx(thread, implied.data(), implied.size(), chunk.c_str(), "t") == LUA_OK) return LUA_OK;
    lua_settop(thread, 0);  // statements, or no Lua at all: its own error is the one to show
  }
  return luaL_loadbufferx(thread, code.data(), code.size(), chunk.c_str(), "t");
}

}  // namespace celeriac::vm::lua
