#pragma once
// Values between Lua and JSON: tables with only number keys are arrays, empty tables are objects, functions
// are "[Lua Function]"; whole JSON numbers become integers, null becomes nil. Metamethods are not asked.

#include <lua.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm::lua {

/// Reads the value at `index`. Errors: out_of_resources, deeper or larger than limits.hpp allows (a table
/// that contains itself is endlessly deep). Strings keep their bytes, UTF-8 or not.
protocol::Result<nlohmann::json> to_json(lua_State* state, int index);
/// Pushes the value. Raises a Lua error when memory runs out.
void push(lua_State* state, const nlohmann::json& value);

/// JSON text; bytes that are no UTF-8 become U+FFFD, numbers that JSON cannot say null.
std::string json_text(const nlohmann::json& value);
/// The value with strings that are UTF-8, and only numbers that JSON can say: what leaves the sandbox.
nlohmann::json clean(const nlohmann::json& value);
/// malformed: no JSON. out_of_resources: too long, too deep.
protocol::Result<nlohmann::json> parse_json(std::string_view text);

std::string base64_encode(std::string_view bytes);
/// malformed: characters that are not Base64's.
protocol::Result<std::string> base64_decode(std::string_view text);

}  // namespace celeriac::vm::lua
