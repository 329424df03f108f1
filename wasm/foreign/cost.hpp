#pragma once
// What a function costs: instructions for the fuel, values for the stack. Inside of this folder only.

#include <cstdint>
#include <vector>

#include "wasm/foreign/module.hpp"
#include "wasm/foreign/opcodes.hpp"

namespace celeriac::wasm::foreign {

/// Longest function that whoever calls it pays for, if it has no calls and no loops.
inline constexpr std::uint32_t small_instructions = 32;
/// Fuel for a call through a table or of the host, beside the instruction itself.
inline constexpr std::uint32_t far_call_cost = 16;
/// Locals that are cleared for one unit of fuel.
inline constexpr std::uint32_t locals_of_a_unit = 8;
/// Values on the stack for one unit of depth.
inline constexpr std::uint32_t values_of_a_unit = 16;
/// A function that calls nothing counts for the depth only if it takes more values than this.
inline constexpr std::uint32_t uncounted_values = 1'024;

struct FunctionCost {
  std::uint32_t entry = 1;           ///< fuel of what is outside of loops; 0: whoever calls it has paid
  std::vector<std::uint32_t> loops;  ///< fuel of a pass, loop by loop in the order of their heads
  std::uint32_t depth = 0;           ///< units; 0: not counted
  bool has_ranges = false;           ///< works on whole ranges of a memory or table
  bool writes_tables = false;
  bool drops_segments = false;
};

/// True for an operation that takes as long as the length on top of the stack says.
[[nodiscard]] bool works_on_range(Opcode opcode) noexcept;

/// One row for each of the module's bodies.
[[nodiscard]] std::vector<FunctionCost> costs_of(const ForeignModule& module);

}  // namespace celeriac::wasm::foreign
