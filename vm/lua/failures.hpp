#pragma once
// What is said of a script that failed: FarmBot OS's text for the situation first, then the line and Lua's
// own words. No addresses.

#include <lua.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm::lua {

/// Names of the chunks, as Lua's messages begin with them: the script, and the API's own Lua.
inline constexpr std::string_view script_chunk = "lua";
inline constexpr std::string_view prelude_chunk = "celeriac";

/// Where in the script something happens.
struct Place {
  int line = 0;                                        ///< 0: nowhere in the script
  nlohmann::json traceback = nlohmann::json::array();  ///< ["line 3 in water", "line 9"], innermost first
};

/// Looks at a strand's stack, also of one that has just failed. Allocates nothing in Lua.
Place describe_place(lua_State* thread);

struct FailureContext {
  std::string_view own;     ///< text of the last Script::fail()
  std::string_view code;    ///< of the script
  std::string_view script;  ///< its name
  std::size_t memory_limit = 0;
};

/// The error of a strand that lua_resume or lua_load has ended with `status`; the error value is on its
/// stack's top.
protocol::Error describe_failure(lua_State* thread, int status, const FailureContext& context);

}  // namespace celeriac::vm::lua
