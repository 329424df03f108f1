#include "vm/lua/calls.hpp"

#include <lauxlib.h>

#include <algorithm>
#include <format>
#include <utility>

#include "vm/lua/json.hpp"

namespace celeriac::vm::lua {

using nlohmann::json;

namespace {

const Call* find_call(std::string_view name) {
  for (const auto calls : {machine_calls(), asset_calls(), text_calls()})
    if (const auto found = std::ranges::find(calls, name, &Call::name); found != calls.end()) return &*found;
  return nullptr;
}

}  // namespace

json refusal(std::string_view reason) {
  return json::array({nullptr, std::string(reason)});
}

const json& argument(const json& arguments, std::size_t index) {
  static const json none;
  return index < arguments.size() ? arguments[index] : none;
}

std::string text(const json& arguments, std::size_t index) {
  const auto& value = argument(arguments, index);
  return value.is_string() ? value.get<std::string>() : std::string();
}

double number(const json& arguments, std::size_t index, double fallback) {
  const auto& value = argument(arguments, index);
  return value.is_number() ? value.get<double>() : fallback;
}

int host(lua_State* state) {
  const std::string_view name = luaL_checkstring(state, 1);
  auto& script = Script::of(state);
  // Two that are about the script itself, and no value of JSON.
  if (name == "fail") script.fail(state, luaL_checkstring(state, 2), luaL_optstring(state, 3, ""));
  if (name == "watch") {
    lua_settop(state, 2);
    lua_pushboolean(state, script.start_watcher(state) ? 1 : 0);
    return 1;
  }
  json arguments = json::array();
  for (int i = 2; i <= lua_gettop(state); ++i) {
    auto value = to_json(state, i);
    if (!value)
      script.fail(state, "Function clause error. Check number of arguments and their types.",
                  value.error().message);
    arguments.push_back(std::move(*value));
  }
  const auto* call = find_call(name);
  if (call == nullptr) return luaL_error(state, "there is no host call");
  if (call->answers != nullptr) {
    const auto values = call->answers(script, arguments);
    script.charge(state, 100);
    for (const auto& value : values) push(state, value);
    return static_cast<int>(values.size());
  }
  return script.wait(state,
                     [&script, asks = call->asks, arguments = std::move(arguments)](Reply reply) mutable {
                       asks(script, std::move(arguments), std::move(reply));
                     });
}

}  // namespace celeriac::vm::lua
