#pragma once
// Rewrites a foreign module so that its host keeps the upper hand. What it computes stays the same.
//
// FUEL. A global counts down at each function entry and each loop head, by the number of instructions in the
// straight line that follows (a loop's body without the loops in it; at least 1), and by length/16 before an
// operation on whole ranges of memory or table. One unit is thus at most one instruction of time, and the
// count costs the same, whatever the amount. Small functions without calls and loops are paid by who calls
// them.
//
//            global < 0                        refuel() fills it, lets others run, or ends the guest
//   head ───────────────► celeriac:host.refuel ───────────────────────────────────────────────► body
//     └─ global >= 0 ──────────────────────────────────────────────────────────────────────────►
//
// DEPTH. A global counts what calls inside each other have on the stack, in units of 16 values: a call adds 1
// and its parameters, locals and highest operand stack, divided by 16. Compiled ahead of time a unit is about
// 256 bytes of native stack, beside what a call itself takes. Beyond the limit, celeriac:host.too_deep
// is called, then the guest traps. Functions that call nothing are not counted. After a trap the count stands
// where it stood: the host sets it back.
//
// STATE. Mutable numeric globals without an export and a memory without one get exports, so that they can be
// saved. BOUNDS. The memory and each table get a maximum.
// HOST'S MEMORY, if asked for. The host grows the memory and says how large it is, and the start function is
// an export like any other: then instances can live in one memory by turns, and one that is restored need not
// start again.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/foreign/limits.hpp"
#include "wasm/foreign/module.hpp"
#include "wasm/leb128.hpp"

namespace celeriac::wasm::foreign {

/// Nothing that a foreign module imports or exports may begin so.
inline constexpr std::string_view reserved_prefix = "celeriac:";
/// Module of the imported functions.
inline constexpr std::string_view host_module = "celeriac:host";
inline constexpr std::string_view refuel_field = "refuel";      ///< () -> ()
inline constexpr std::string_view too_deep_field = "too_deep";  ///< () -> ()
/// (i32) -> (i32), what memory.grow does; memory.size is a call with 0. Only with
/// InstrumentOptions::host_memory.
inline constexpr std::string_view grow_field = "grow";
/// Exported mutable i64: what is left. Below zero, refuel is called at the next head.
inline constexpr std::string_view fuel_global = "celeriac:fuel";
/// Exported mutable i32, 0 while nothing runs.
inline constexpr std::string_view depth_global = "celeriac:depth";
/// Exported memory, where the module exports none of its own.
inline constexpr std::string_view memory_export = "celeriac:memory";
/// Exported function () -> (), which was the start function. Only with InstrumentOptions::host_memory.
inline constexpr std::string_view start_export = "celeriac:start";
/// Followed by the global's index in decimal.
inline constexpr std::string_view global_export_prefix = "celeriac:global";

struct InstrumentOptions {
  std::int64_t initial_fuel = 1'000'000;  ///< what a start function begins with
  /// In units of 16 values, or about 256 bytes of native stack: 1 MiB.
  std::uint32_t depth_limit = 4'096;
  bool host_memory = false;
};

/// A mutable global as a snapshot finds it.
struct StateGlobal {
  std::uint32_t index;  ///< in the foreign module, and in the rewritten one
  ValueType type;
  std::string exported_as;
};

struct Instrumented {
  Bytes bytes;
  std::string memory;                ///< name under which the memory is exported; "" if there is no memory
  std::vector<StateGlobal> globals;  ///< mutable and numeric, in the order of the module
  /// Why no snapshot can be taken, one phrase each: "global 3 is a mutable externref". Empty if one can.
  std::vector<std::string> snapshot_obstacles;
};

/// Rewrites `module`, which must come from read() with the same limits; the same bytes give the same bytes.
/// Custom sections are left behind, but for the names of functions, which are renumbered. Errors:
/// `invalid_code` if a name is reserved, or if it grows beyond Limits::instrumented_bytes().
protocol::Result<Instrumented> instrument(const ForeignModule& module, const Limits& limits = {},
                                          const InstrumentOptions& options = {});

}  // namespace celeriac::wasm::foreign
