#pragma once
// What the API's own Lua asks the host for: host("operate", "SYS.HOME", {axis = 0}). One table of calls, in
// the files calls_*.cpp by what they are about. Values cross as JSON.

#include <lua.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "vm/lua/script.hpp"

namespace celeriac::vm::lua {

/// A call that waits: carried out when the script has been suspended. `arguments` is an array.
using Asks = void (*)(Script& script, nlohmann::json arguments, Reply reply);
/// A call that answers at once, with an array of the values to return.
using Answers = nlohmann::json (*)(Script& script, const nlohmann::json& arguments);

struct Call {
  std::string_view name;
  Answers answers = nullptr;
  Asks asks = nullptr;
};

std::span<const Call> machine_calls() noexcept;
std::span<const Call> asset_calls() noexcept;
std::span<const Call> text_calls() noexcept;

/// `host(name, …)`.
int host(lua_State* state);

/// nil, reason.
nlohmann::json refusal(std::string_view reason);
/// The n-th argument; null if there is none.
const nlohmann::json& argument(const nlohmann::json& arguments, std::size_t index);
std::string text(const nlohmann::json& arguments, std::size_t index);
double number(const nlohmann::json& arguments, std::size_t index, double fallback = 0);

}  // namespace celeriac::vm::lua
