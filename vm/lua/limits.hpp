#pragma once
// What a script may take, in one place: the bounds of lua_scripts.hpp, which tests lower, and those of
// single calls.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "vm/lua/lua_scripts.hpp"

namespace celeriac::vm::lua {

/// Tables inside each other that cross between Lua and JSON, and values in one such crossing.
inline constexpr int max_json_depth = 64;
inline constexpr std::size_t max_json_values = 200'000;
/// Text that json.decode takes, and strings in one crossing, in bytes.
inline constexpr std::size_t max_json_bytes = std::size_t{8} * 1024 * 1024;
/// Comparisons of one call of find, match, gsub or one step of gmatch: about 50 ms.
inline constexpr std::uint64_t max_pattern_steps = 10'000'000;
/// Lines that `print` writes into the log in one second; further ones are counted, not shown.
inline constexpr int max_printed_lines_per_second = 20;
/// Bytes of one printed line; the rest is cut off.
inline constexpr std::size_t max_printed_bytes = 2'000;
/// Levels of a traceback that an error carries.
inline constexpr int max_traceback_levels = 20;

/// How long a script runs before others have their turn, beside lua_instructions_per_turn.
inline constexpr std::chrono::milliseconds slice_time{1};
/// Bytes allocated in a slice before it ends: copying strings takes time that instructions do not show.
inline constexpr std::size_t max_slice_bytes = std::size_t{4} * 1024 * 1024;
/// Instructions between two looks at the clock; fewer once a script holds strings that are slow to handle.
inline constexpr int instructions_per_look = 1'000;
inline constexpr int instructions_per_look_when_big = 100;
inline constexpr std::size_t big_script_bytes = std::size_t{4} * 1024 * 1024;
/// Instructions in a stretch where Lua cannot be suspended (a metamethod called by a library function).
inline constexpr std::uint64_t max_unyielding_instructions = 1'000'000;
/// A failed allocation has cost a whole garbage collection: this many instructions.
inline constexpr std::uint64_t failed_allocation_cost = 1'000'000;

}  // namespace celeriac::vm::lua
