#pragma once
// THE table of the Lua API: every function that scripts may call stands here once, as data. Checks of
// arguments, help and docs/lua.md are made from it. What each does is Lua too, in prelude/, loaded when the
// first function of its theme is called; what only the host can do is in calls.hpp.

#include <lua.h>

#include <span>
#include <string_view>

namespace celeriac::vm::lua {

struct Function {
  std::string_view name;  ///< "move_absolute", "json.encode"
  /// "x: number|table, y?: number": types are number, string, boolean, table, function, any, and words in
  /// quotes ('x'); ? may be absent or nil; … at the end takes more of the same.
  std::string_view arguments;
  std::string_view theme;    ///< file of the prelude
  std::string_view returns;  ///< for help
  std::string_view help;     ///< a sentence
};

std::span<const Function> functions() noexcept;

/// Makes the functions globals, and the globals that are none. Runs protected.
void add_api(lua_State* state);

/// The API's own Lua, by theme; made from prelude/*.lua by the build.
struct Prelude {
  std::string_view theme;
  std::string_view source;
};
std::span<const Prelude> preludes() noexcept;

}  // namespace celeriac::vm::lua
