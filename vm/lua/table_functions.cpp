// The table library, written anew: it takes tables as they are (no metamethods), so that every loop in it
// is as long as the table; sort is in the API's Lua, so that comparisons may wait and be interrupted.

#include <lauxlib.h>

#include <algorithm>
#include <string>

#include "vm/lua/sandbox.hpp"
#include "vm/lua/script.hpp"

namespace celeriac::vm::lua {
namespace {

/// More elements than fit into a script's memory: such a length is made of a table with holes.
lua_Integer length(lua_State* state, int index) {
  luaL_checktype(state, index, LUA_TTABLE);
  const auto size = static_cast<lua_Integer>(lua_rawlen(state, index));
  if (size < 0 || size > static_cast<lua_Integer>(max_lua_bytes))
    luaL_error(state, "the table has holes, so its length is not known");
  return size;
}

int insert(lua_State* state) {
  const auto size = length(state, 1);
  lua_Integer at = size + 1;
  if (lua_gettop(state) == 3) {
    at = luaL_checkinteger(state, 2);
    luaL_argcheck(state, at >= 1 && at <= size + 1, 2, "position out of bounds");
    Script::of(state).charge(state, static_cast<std::uint64_t>(size - at + 1));
    for (lua_Integer i = size; i >= at; --i) {
      lua_rawgeti(state, 1, i);
      lua_rawseti(state, 1, i + 1);
    }
  } else if (lua_gettop(state) != 2) {
    return luaL_error(state, "wrong number of arguments to 'insert'");
  }
  lua_rawseti(state, 1, at);
  return 0;
}

int remove(lua_State* state) {
  const auto size = length(state, 1);
  const auto at = luaL_optinteger(state, 2, size);
  luaL_argcheck(state, (size == 0 && at == 0) || (at >= 1 && at <= size + 1), 2, "position out of bounds");
  lua_rawgeti(state, 1, at);
  if (at >= 1) Script::of(state).charge(state, static_cast<std::uint64_t>(size - at + 1));
  for (lua_Integer i = at; i < size; ++i) {
    lua_rawgeti(state, 1, i + 1);
    lua_rawseti(state, 1, i);
  }
  if (at >= 1 && at <= size) {
    lua_pushnil(state);
    lua_rawseti(state, 1, size);
  }
  return 1;
}

int concat(lua_State* state) {
  const auto size = length(state, 1);
  std::size_t gap = 0;
  const char* separator = luaL_optlstring(state, 2, "", &gap);
  const auto first = luaL_optinteger(state, 3, 1), last = luaL_optinteger(state, 4, size);
  std::string text;
  for (lua_Integer i = first; i <= last; ++i) {
    lua_rawgeti(state, 1, i);
    if (lua_isstring(state, -1) == 0)
      return luaL_error(state, "invalid value (at index %I) in table for 'concat'", i);
    std::size_t bytes = 0;
    const char* part = lua_tolstring(state, -1, &bytes);
    text.append(part, bytes);
    if (i != last) text.append(separator, gap);
    if (text.size() > Script::of(state).limits().bytes) return luaL_error(state, "not enough memory");
    lua_pop(state, 1);
    if (i == last) break;  // last may be the largest integer
  }
  Script::of(state).charge(state, text.size() / 16);
  lua_pushlstring(state, text.data(), text.size());
  return 1;
}

int pack(lua_State* state) {
  const int count = lua_gettop(state);
  lua_createtable(state, count, 1);
  lua_insert(state, 1);
  for (int i = count; i >= 1; --i) lua_rawseti(state, 1, i);
  lua_pushinteger(state, count);
  lua_setfield(state, 1, "n");
  return 1;
}

int unpack(lua_State* state) {
  const auto size = length(state, 1);
  const auto first = luaL_optinteger(state, 2, 1), last = luaL_optinteger(state, 3, size);
  if (first > last) return 0;
  const auto count = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first);
  if (count >= 100'000 || lua_checkstack(state, static_cast<int>(count) + 1) == 0)
    return luaL_error(state, "too many results to unpack");
  for (lua_Unsigned i = 0; i <= count; ++i)
    lua_rawgeti(state, 1, static_cast<lua_Integer>(static_cast<lua_Unsigned>(first) + i));
  return static_cast<int>(count) + 1;
}

}  // namespace

void add_table_functions(lua_State* state) {
  constexpr luaL_Reg functions[] = {{"insert", insert}, {"remove", remove}, {"concat", concat},
                                    {"pack", pack},     {"unpack", unpack}, {nullptr, nullptr}};
  luaL_setfuncs(state, functions, 0);
}

}  // namespace celeriac::vm::lua
