#pragma once
// The Lua that scripts see: Lua 5.4's libraries without what reaches out of the script or cannot be
// interrupted, and the functions of the API as globals.

#include <lua.h>

#include <string>

namespace celeriac::vm::lua {

/// Fills the globals of a new state. Runs protected: raises when memory runs out.
void open_sandbox(lua_State* state);
/// Compiles a script onto the strand's stack, with the implied `return` of one-line expressions. Returns the
/// status of lua_load.
int load_script(lua_State* thread, const std::string& code);
/// A text for any value, without addresses: what tostring gives. Pushes it.
void push_text(lua_State* state, int index);

/// The replacements of library functions, into the library on top of the stack: string with bounded
/// patterns, table without metamethods.
void add_string_functions(lua_State* state);
void add_table_functions(lua_State* state);

}  // namespace celeriac::vm::lua
