// find, match, gmatch, gsub, rep and format of the string library, bounded: patterns by their work, results
// by the script's memory. The function that gsub calls may wait.

#include <lauxlib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "vm/lua/pattern.hpp"
#include "vm/lua/sandbox.hpp"
#include "vm/lua/script.hpp"

namespace celeriac::vm::lua {
namespace {

std::string_view text_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(state, index, &size);
  return {text, size};
}

/// A start position of Lua, counted from 1 or from the end, as an offset.
std::size_t offset(lua_Integer position, std::size_t size) {
  if (position > 0) return static_cast<std::size_t>(position) - 1;
  if (position == 0 || position < -static_cast<lua_Integer>(size)) return 0;
  return size - static_cast<std::size_t>(-position);
}

/// Runs work with a matcher; what it cost is charged, and what is wrong with the pattern raised.
template <class Work>
auto with_matcher(lua_State* state, std::string_view text, std::string_view pattern, Work work) {
  Matcher matcher(text, pattern, max_pattern_steps);
  std::string wrong;
  try {
    auto result = work(matcher);
    Script::of(state).charge(state, matcher.used());
    return result;
  } catch (const PatternError& error) {
    wrong = error.what();
  }
  Script::of(state).charge(state, matcher.used());
  luaL_error(state, "%s", wrong.c_str());
  throw PatternError(wrong);  // luaL_error does not return
}

void push_capture(lua_State* state, std::string_view text, const Capture& capture) {
  if (capture.size == Capture::position) {
    lua_pushinteger(state, static_cast<lua_Integer>(capture.begin) + 1);
  } else if (capture.size == Capture::open) {
    luaL_error(state, "unfinished capture");
  } else {
    lua_pushlstring(state, text.data() + capture.begin, static_cast<std::size_t>(capture.size));
  }
}

/// The captures, or the whole match if the pattern has none.
int push_captures(lua_State* state, std::string_view text, const Matcher& matcher, std::size_t begin,
                  std::size_t end, bool whole) {
  const auto& captures = matcher.captures();
  if (captures.empty() && whole) {
    lua_pushlstring(state, text.data() + begin, end - begin);
    return 1;
  }
  luaL_checkstack(state, static_cast<int>(captures.size()), "too many captures");
  for (const auto& capture : captures) push_capture(state, text, capture);
  return static_cast<int>(captures.size());
}

int find_or_match(lua_State* state, bool find) {
  const auto text = text_at(state, 1);
  auto pattern = text_at(state, 2);
  std::size_t at = offset(luaL_optinteger(state, 3, 1), text.size());
  if (at > text.size()) {
    lua_pushnil(state);
    return 1;
  }
  constexpr std::string_view specials = "^$*+?.([%-";
  if (find && (lua_toboolean(state, 4) != 0 || pattern.find_first_of(specials) == std::string_view::npos)) {
    Script::of(state).charge(state, (text.size() - at) / 16);
    const void* found = pattern.empty()
                            ? text.data() + at
                            : memmem(text.data() + at, text.size() - at, pattern.data(), pattern.size());
    if (found == nullptr) {
      lua_pushnil(state);
      return 1;
    }
    const auto begin = static_cast<const char*>(found) - text.data();
    lua_pushinteger(state, begin + 1);
    lua_pushinteger(state, begin + static_cast<std::ptrdiff_t>(pattern.size()));
    return 2;
  }
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  return with_matcher(state, text, pattern, [&](Matcher& matcher) {
    for (; at <= text.size(); ++at) {
      const auto end = matcher.match(at);
      if (end != Matcher::none) {
        if (!find) return push_captures(state, text, matcher, at, end, true);
        lua_pushinteger(state, static_cast<lua_Integer>(at) + 1);
        lua_pushinteger(state, static_cast<lua_Integer>(end));
        return 2 + push_captures(state, text, matcher, at, end, false);
      }
      if (anchored) break;
    }
    lua_pushnil(state);
    return 1;
  });
}

int string_find(lua_State* state) {
  return find_or_match(state, true);
}
int string_match(lua_State* state) {
  return find_or_match(state, false);
}

/// Upvalues: text, pattern, where to look next, end of the last match.
int gmatch_next(lua_State* state) {
  const auto text = text_at(state, lua_upvalueindex(1));
  const auto pattern = text_at(state, lua_upvalueindex(2));
  auto at = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(3)));
  const auto last = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(4)));
  return with_matcher(state, text, pattern, [&](Matcher& matcher) {
    for (; at <= text.size(); ++at) {
      const auto end = matcher.match(at);
      if (end == Matcher::none || end == last) continue;
      lua_pushinteger(state, static_cast<lua_Integer>(end));
      lua_copy(state, -1, lua_upvalueindex(3));
      lua_copy(state, -1, lua_upvalueindex(4));
      lua_pop(state, 1);
      return push_captures(state, text, matcher, at, end, true);
    }
    return 0;
  });
}

int string_gmatch(lua_State* state) {
  const auto text = text_at(state, 1);
  text_at(state, 2);
  const auto at = std::min(offset(luaL_optinteger(state, 3, 1), text.size()), text.size() + 1);
  lua_settop(state, 2);
  lua_pushinteger(state, static_cast<lua_Integer>(at));
  lua_pushinteger(state, -1);
  lua_pushcclosure(state, gmatch_next, 4);
  return 1;
}

// ---- gsub ----------------------------------------------------------------------------------------
// Its state is on the Lua stack, so that the function it calls may suspend the strand.

namespace slot {
constexpr int text = 1, pattern = 2, replacement = 3, most = 4, parts = 5, at = 6, last = 7, count = 8,
              begin = 9, end = 10;
}

void append_part(lua_State* state, std::string_view part) {
  if (part.empty()) return;
  lua_pushlstring(state, part.data(), part.size());
  lua_rawseti(state, slot::parts, static_cast<lua_Integer>(lua_rawlen(state, slot::parts)) + 1);
}

std::size_t number_at(lua_State* state, int index) {
  return static_cast<std::size_t>(lua_tointeger(state, index));
}
void set_number(lua_State* state, int index, std::size_t value) {
  lua_pushinteger(state, static_cast<lua_Integer>(value));
  lua_replace(state, index);
}

/// "%1 and %%": the replacement with its captures filled in.
void append_template(lua_State* state, std::string& result, std::string_view text, const Matcher& matcher,
                     std::size_t begin, std::size_t end) {
  const auto form = text_at(state, slot::replacement);
  const auto& captures = matcher.captures();
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '%') {
      result += form[i];
      continue;
    }
    const char c = ++i < form.size() ? form[i] : '\0';
    if (c == '%') {
      result += '%';
    } else if (c == '0' || (c == '1' && captures.empty())) {
      result += text.substr(begin, end - begin);
    } else if (c >= '1' && c <= '9' && static_cast<std::size_t>(c - '1') < captures.size()) {
      push_capture(state, text, captures[static_cast<std::size_t>(c - '1')]);
      result += text_at(state, -1);
      lua_pop(state, 1);
    } else if (c >= '1' && c <= '9') {
      luaL_error(state, "invalid capture index %%%d in replacement string", c - '0');
    } else {
      luaL_error(state, "invalid use of '%%' in replacement string");
    }
  }
}

/// The value on top is what takes the match's place: false and nil leave it as it is.
void append_value(lua_State* state, std::string& result, std::string_view whole) {
  if (lua_toboolean(state, -1) == 0) {
    result += whole;
  } else if (lua_isstring(state, -1) == 0) {
    luaL_error(state, "invalid replacement value (a %s)", luaL_typename(state, -1));
  } else {
    result += text_at(state, -1);
  }
  lua_pop(state, 1);
}

/// Goes on to the next call of the function, which is then on top with its arguments, or to the end.
/// Returns the number of arguments, or nullopt: text and count are on top.
std::optional<int> gsub_run(lua_State* state, bool returned) {
  const auto text = text_at(state, slot::text);
  auto pattern = text_at(state, slot::pattern);
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  const int type = lua_type(state, slot::replacement);
  std::string result;  // what follows the parts
  if (returned) {
    const auto begin = number_at(state, slot::begin);
    append_value(state, result, text.substr(begin, number_at(state, slot::end) - begin));
  }
  enum class Next : std::uint8_t { end, call };
  int arguments = 0;
  const auto next = with_matcher(state, text, pattern, [&](Matcher& matcher) {
    auto at = number_at(state, slot::at), count = number_at(state, slot::count);
    auto last = number_at(state, slot::last);
    const auto most = number_at(state, slot::most);
    auto outcome = Next::end;
    bool first = count == 0 && at == 0;
    while (count < most && (!anchored || first)) {
      first = false;
      const auto end = matcher.match(at);
      if (end != Matcher::none && end != last) {
        const auto begin = at;
        ++count;
        at = last = end;
        if (type == LUA_TSTRING || type == LUA_TNUMBER) {
          append_template(state, result, text, matcher, begin, end);
        } else if (type == LUA_TTABLE) {
          push_captures(state, text, matcher, begin, end, true);
          lua_settop(state, slot::end + 1);
          lua_gettable(state, slot::replacement);
          append_value(state, result, text.substr(begin, end - begin));
        } else {
          set_number(state, slot::begin, begin);
          set_number(state, slot::end, end);
          append_part(state, result);
          result.clear();
          lua_pushvalue(state, slot::replacement);
          arguments = push_captures(state, text, matcher, begin, end, true);
          outcome = Next::call;
        }
      } else if (at < text.size()) {
        result += text[at++];
      } else {
        break;
      }
      if (result.size() > Script::of(state).limits().bytes) luaL_error(state, "not enough memory");
      if (outcome == Next::call) break;
    }
    set_number(state, slot::at, at);
    set_number(state, slot::last, last);
    set_number(state, slot::count, count);
    return outcome;
  });
  if (next == Next::call) return arguments;
  append_part(state, result);
  const auto at = number_at(state, slot::at);
  if (at < text.size()) append_part(state, text.substr(at));
  const auto parts = lua_rawlen(state, slot::parts);
  std::string whole;
  for (lua_Unsigned i = 1; i <= parts; ++i) {
    lua_rawgeti(state, slot::parts, static_cast<lua_Integer>(i));
    whole += text_at(state, -1);
    lua_pop(state, 1);
  }
  Script::of(state).charge(state, whole.size() / 16);
  lua_pushlstring(state, whole.data(), whole.size());
  lua_pushvalue(state, slot::count);
  return std::nullopt;
}

/// The function has returned, at once or after having waited.
int gsub_continue(lua_State* state, int, lua_KContext) {
  while (const auto arguments = gsub_run(state, true)) lua_callk(state, *arguments, 1, 0, gsub_continue);
  return 2;
}

int string_gsub(lua_State* state) {
  const auto text = text_at(state, 1);
  text_at(state, 2);
  const int type = lua_type(state, 3);
  luaL_argexpected(state,
                   type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE || type == LUA_TFUNCTION,
                   3, "string/function/table");
  const auto most = luaL_optinteger(state, 4, static_cast<lua_Integer>(text.size()) + 1);
  lua_settop(state, 3);
  lua_pushinteger(state, std::max<lua_Integer>(most, 0));
  lua_newtable(state);
  lua_pushinteger(state, 0);   // at
  lua_pushinteger(state, -1);  // last
  for (int i = slot::count; i <= slot::end; ++i) lua_pushinteger(state, 0);
  if (const auto arguments = gsub_run(state, false)) {
    lua_callk(state, *arguments, 1, 0, gsub_continue);
    return gsub_continue(state, LUA_OK, 0);
  }
  return 2;
}

// ---- the rest ------------------------------------------------------------------------------------

int string_rep(lua_State* state) {
  const auto text = text_at(state, 1);
  const auto count = luaL_checkinteger(state, 2);
  std::size_t gap = 0;
  const char* separator = luaL_optlstring(state, 3, "", &gap);
  const auto unit = text.size() + gap;
  if (count <= 0 || unit == 0) {
    lua_pushliteral(state, "");
    return 1;
  }
  if (static_cast<std::size_t>(count) > Script::of(state).limits().bytes / unit)
    return luaL_error(state, "resulting string too large");
  std::string made;
  made.reserve(static_cast<std::size_t>(count) * unit);
  for (lua_Integer i = 0; i < count; ++i) {
    made += text;
    if (i + 1 < count) made.append(separator, gap);
  }
  Script::of(state).charge(state, made.size() / 16 + static_cast<std::uint64_t>(count));
  lua_pushlstring(state, made.data(), made.size());
  return 1;
}

/// Upvalue: Lua's own format, which would show addresses.
int string_format(lua_State* state) {
  const auto form = text_at(state, 1);
  for (std::size_t i = 0; i + 1 < form.size(); ++i) {
    if (form[i] != '%') continue;
    i = std::min(form.find_first_not_of("-+ #0123456789.", i + 1), form.size() - 1);
    if (form[i] == 'p') return luaL_error(state, "invalid conversion '%%p' to 'format'");
  }
  for (int i = 2; i <= lua_gettop(state); ++i) {
    if (lua_type(state, i) == LUA_TNUMBER || lua_type(state, i) == LUA_TSTRING) continue;
    if (lua_istable(state, i) || lua_isfunction(state, i)) {
      push_text(state, i);
      lua_replace(state, i);
    }
  }
  return lua_tocfunction(state, lua_upvalueindex(1))(state);
}

}  // namespace

void add_string_functions(lua_State* state) {
  constexpr luaL_Reg functions[] = {{"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch},
                                    {"gsub", string_gsub}, {"rep", string_rep},     {nullptr, nullptr}};
  luaL_setfuncs(state, functions, 0);
  lua_getfield(state, -1, "format");
  lua_pushcclosure(state, string_format, 1);
  lua_setfield(state, -2, "format");
}

}  // namespace celeriac::vm::lua
