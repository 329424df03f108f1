#include "vm/lua/failures.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <utility>

#include "vm/lua/limits.hpp"

namespace celeriac::vm::lua {
namespace {

using nlohmann::json;
using protocol::Error;
using protocol::Status;

constexpr std::string_view missing_function = "Tried to call a function/variable that doesn't exist.";

/// "lua:12: text" → 12 and text. nullopt: the message does not begin with the chunk's name.
std::optional<std::pair<int, std::string_view>> split(std::string_view message, std::string_view chunk) {
  if (!message.starts_with(chunk) || message.substr(chunk.size(), 1) != ":") return std::nullopt;
  const auto rest = message.substr(chunk.size() + 1);
  int line = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
  if (error != std::errc{} || end == rest.data() + rest.size() || *end != ':') return std::nullopt;
  auto text = rest.substr(static_cast<std::size_t>(end - rest.data()) + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return std::pair(line, text);
}

std::string_view line_of(std::string_view code, int number) {
  for (int i = 1; i < number; ++i) {
    const auto end = code.find('\n');
    if (end == std::string_view::npos) return {};
    code.remove_prefix(end + 1);
  }
  return code.substr(0, code.find('\n'));
}

/// Lua's messages of operands, and the operators that each is about. The first that stands in the line is
/// taken for the one that failed: Lua does not say which it was.
struct OperandMessage {
  std::string_view begins;
  std::string_view operators[9];
};
constexpr OperandMessage operand_messages[] = {
    {"attempt to perform arithmetic on", {"//", "+", "-", "*", "/", "%", "^"}},
    {"attempt to perform bitwise operation on", {"<<", ">>", "&", "|", "~"}},
    {"attempt to concatenate", {".."}},
    {"attempt to compare", {"<=", ">=", "<", ">"}},
    {"attempt to get length of", {"#"}},
    {"attempt to perform 'n//0'", {"//"}},
    {"attempt to perform 'n%%0'", {"%"}},
    {"number has no integer representation", {"<<", ">>", "&", "|", "~"}},
};

std::optional<std::string> bad_operand(std::string_view text, std::string_view line) {
  for (const auto& row : operand_messages) {
    if (!text.starts_with(row.begins)) continue;
    std::string_view found = row.operators[0];
    for (const auto candidate : row.operators)
      if (!candidate.empty() && line.contains(candidate)) {
        found = candidate;
        break;
      }
    return std::format("Bad argument for '{}': Ensure all values are the correct type.", found);
  }
  // "bad argument #1 to 'insert' (table expected, got nil)"
  if (text.starts_with("bad argument #")) {
    const auto open = text.find('\''), close = text.find('\'', open + 1);
    if (close != std::string_view::npos)
      return std::format("Bad argument for '{}': Ensure all values are the correct type.",
                         text.substr(open + 1, close - open - 1));
  }
  return std::nullopt;
}

/// FarmBot OS's text for an error that Lua itself raised.
std::string situation(std::string_view text, std::string_view line) {
  if (text.starts_with("attempt to call a ")) return std::string(missing_function);
  if (auto bad = bad_operand(text, line)) return *bad;
  return "Lua failure.";
}

std::string value_text(lua_State* thread) {
  switch (const int type = lua_type(thread, -1)) {
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(thread, -1, &size);
      return {text, size};
    }
    case LUA_TNUMBER:
      return lua_isinteger(thread, -1) ? std::format("{}", lua_tointeger(thread, -1))
                                       : std::format("{:.14g}", lua_tonumber(thread, -1));
    default:
      return std::format("(the error is a {} value)", lua_typename(thread, type));
  }
}

}  // namespace

Place describe_place(lua_State* thread) {
  Place place;
  lua_Debug at;
  for (int level = 0; lua_getstack(thread, level, &at) != 0; ++level) {
    if (lua_getinfo(thread, "nSl", &at) == 0 || std::string_view(at.short_src) != script_chunk) continue;
    if (at.currentline <= 0) continue;
    if (place.line == 0) place.line = at.currentline;
    if (place.traceback.size() >= static_cast<std::size_t>(max_traceback_levels)) break;
    place.traceback.push_back(at.name != nullptr && std::string_view(at.what) == "Lua"
                                  ? std::format("line {} in {}", at.currentline, at.name)
                                  : std::format("line {}", at.currentline));
  }
  return place;
}

Error describe_failure(lua_State* thread, int status, const FailureContext& context) {
  auto place = describe_place(thread);
  Error error{.status = Status::failed, .code = "lua_error"};
  const bool suspended = status == LUA_YIELD || lua_gettop(thread) == 0;  // there is no error value
  const std::string raw = suspended ? std::string() : value_text(thread);
  std::string_view text = raw;
  bool ours = false;
  if (const auto parts = split(raw, script_chunk)) {
    place.line = parts->first;
    text = parts->second;
  } else if (const auto inner = split(raw, prelude_chunk)) {
    text = inner->second;
  } else {
    ours = !context.own.empty() && raw == context.own;
  }
  const auto with_line = [&](std::string_view first) {
    return place.line > 0 ? std::format("{} Line {}: {}", first, place.line, text)
                          : std::format("{} {}", first, text);
  };
  if (status == LUA_ERRSYNTAX) {
    error.message = place.line > 0
                        ? std::format("Lua code is possibly invalid: line {}: {}", place.line, text)
                        : std::format("Lua code is possibly invalid: {}", text);
    error.code = "lua_syntax";
  } else if (status == LUA_ERRMEM) {
    error.status = Status::out_of_resources;
    error.code = "lua_memory";
    error.message = std::format("The script used more than {} MB of memory.", context.memory_limit >> 20);
    if (place.line > 0) error.message += std::format(" Line {}.", place.line);
  } else if (ours) {
    error.message = raw;
  } else {
    error.message = with_line(situation(text, line_of(context.code, place.line)));
  }
  error.details = {{"line", place.line},
                   {"traceback", std::move(place.traceback)},
                   {"script", std::string(context.script)}};
  return error;
}

}  // namespace celeriac::vm::lua
