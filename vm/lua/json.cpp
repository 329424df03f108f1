#include "vm/lua/json.hpp"

#include <lauxlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <format>
#include <utility>
#include <vector>

#include "vm/lua/limits.hpp"

namespace celeriac::vm::lua {
namespace {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

/// One crossing from Lua, with what it has cost so far. A table may stand in a value many times, so it is
/// the visits that are counted.
class Reader {
 public:
  explicit Reader(lua_State* state) : state_(state) {}

  Result<json> read(int index, int depth) {
    if (++values_ > max_json_values)
      return fail(Status::out_of_resources,
                  std::format("The value has more than {} parts.", max_json_values));
    switch (lua_type(state_, index)) {
      case LUA_TBOOLEAN:
        return json(lua_toboolean(state_, index) != 0);
      case LUA_TNUMBER:
        return number(index);
      case LUA_TSTRING:
        return string(index);
      case LUA_TFUNCTION:
        return json("[Lua Function]");
      case LUA_TTABLE:
        return table(index, depth);
      default:
        return json(nullptr);
    }
  }

 private:
  json number(int index) const {
    if (lua_isinteger(state_, index)) return lua_tointeger(state_, index);
    return lua_tonumber(state_, index);
  }

  Result<json> string(int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(state_, index, &size);
    bytes_ += size;
    if (bytes_ > max_json_bytes)
      return fail(Status::out_of_resources,
                  std::format("The value has more than {} bytes of text.", max_json_bytes));
    return json(std::string(text, size));
  }

  Result<json> table(int index, int depth) {
    if (depth >= max_json_depth)
      return fail(Status::out_of_resources,
                  std::format("The table contains itself, or tables inside each other deeper than {}.",
                              max_json_depth));
    if (lua_checkstack(state_, 4) == 0) return fail(Status::out_of_resources, "The stack is full.");
    std::vector<std::pair<double, json>> numbered;
    json named = json::object();
    lua_pushnil(state_);
    while (lua_next(state_, index) != 0) {
      const int top = lua_gettop(state_);
      auto value = read(top, depth + 1);
      if (!value) {
        lua_settop(state_, top - 2);
        return value;
      }
      if (lua_type(state_, top - 1) == LUA_TNUMBER) {
        numbered.emplace_back(lua_tonumber(state_, top - 1), std::move(*value));
      } else if (auto key = read(top - 1, depth + 1); key && key->is_string()) {
        named[key->get<std::string>()] = std::move(*value);
      } else if (key && key->is_boolean()) {
        named[key->get<bool>() ? "true" : "false"] = std::move(*value);
      }
      lua_settop(state_, top - 1);
    }
    if (numbered.empty()) return named;
    std::ranges::stable_sort(numbered, {}, &std::pair<double, json>::first);
    if (!named.empty()) {
      for (auto& [key, value] : numbered) named[std::format("{:.14g}", key)] = std::move(value);
      return named;
    }
    json list = json::array();
    for (auto& [key, value] : numbered) list.push_back(std::move(value));
    return list;
  }

  lua_State* state_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

/// A double that an integer says exactly.
bool is_whole(double number) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  return std::trunc(number) == number && std::abs(number) <= exact;
}

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto base64_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i)
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}();

}  // namespace

Result<json> to_json(lua_State* state, int index) {
  return Reader(state).read(lua_absindex(state, index), 0);
}

void push(lua_State* state, const json& value) {
  luaL_checkstack(state, 4, "value too deep");
  switch (value.type()) {
    case json::value_t::boolean:
      lua_pushboolean(state, value.get<bool>() ? 1 : 0);
      break;
    case json::value_t::number_integer:
      lua_pushinteger(state, value.get<lua_Integer>());
      break;
    case json::value_t::number_unsigned:
      if (const auto number = value.get<std::uint64_t>(); number <= INT64_MAX)
        lua_pushinteger(state, static_cast<lua_Integer>(number));
      else
        lua_pushnumber(state, static_cast<double>(number));
      break;
    case json::value_t::number_float:
      if (const auto number = value.get<double>(); is_whole(number))
        lua_pushinteger(state, static_cast<lua_Integer>(number));
      else
        lua_pushnumber(state, number);
      break;
    case json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      lua_pushlstring(state, text.data(), text.size());
      break;
    }
    case json::value_t::array: {
      lua_createtable(state, static_cast<int>(std::min<std::size_t>(value.size(), 1 << 20)), 0);
      lua_Integer at = 0;
      for (const auto& item : value) {
        push(state, item);
        lua_rawseti(state, -2, ++at);
      }
      break;
    }
    case json::value_t::object:
      lua_createtable(state, 0, static_cast<int>(std::min<std::size_t>(value.size(), 1 << 20)));
      for (const auto& [key, item] : value.items()) {
        lua_pushlstring(state, key.data(), key.size());
        push(state, item);
        lua_rawset(state, -3);
      }
      break;
    default:
      lua_pushnil(state);
  }
}

std::string json_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json clean(const json& value) {
  return json::parse(json_text(value));
}

Result<json> parse_json(std::string_view text) {
  if (text.size() > max_json_bytes)
    return fail(Status::out_of_resources, std::format("More than {} bytes of JSON.", max_json_bytes));
  bool too_deep = false;
  std::size_t values = 0;
  const auto count = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > max_json_depth;
    return !too_deep && ++values <= 2 * max_json_values;
  };
  json value = json::parse(text, count, /*allow_exceptions=*/false);
  if (too_deep || values > 2 * max_json_values)
    return fail(Status::out_of_resources, std::format("The JSON is deeper than {} or has more than {} parts.",
                                                      max_json_depth, max_json_values));
  if (value.is_discarded()) return fail(Status::malformed, "Error parsing JSON.");
  return value;
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t offset) -> std::uint32_t {
      return i + offset < bytes.size() ? static_cast<unsigned char>(bytes[i + offset]) : 0;
    };
    const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    text += base64_alphabet[group >> 18 & 63];
    text += base64_alphabet[group >> 12 & 63];
    text += i + 1 < bytes.size() ? base64_alphabet[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? base64_alphabet[group & 63] : '=';
  }
  return text;
}

Result<std::string> base64_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t digits = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    const auto value = base64_values[static_cast<unsigned char>(c)];
    if (value < 0 || padded) return fail(Status::malformed, "This is not Base64.");
    ++digits;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  if (digits % 4 == 1) return fail(Status::malformed, "This is not Base64: it is cut off.");
  return bytes;
}

}  // namespace celeriac::vm::lua
