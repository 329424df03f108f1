#pragma once
// One instruction of a function body after another, and the constants of globals and offsets.

#include <cstdint>
#include <optional>
#include <span>

#include "wasm/cursor.hpp"
#include "wasm/foreign/module.hpp"
#include "wasm/foreign/opcodes.hpp"

namespace celeriac::wasm::foreign {

/// The type of a block: nothing, a value, or a function type.
struct BlockType {
  std::optional<ValueType> result;    ///< the only result
  std::optional<std::uint32_t> type;  ///< index of a function type
};

struct Instruction {
  const OpcodeRow* row = nullptr;  ///< never nullptr in what next_instruction() gave without fault
  /// The function, local, global, table, type, data or element segment; of a `br_table` the largest label.
  std::uint32_t index = 0;
  std::uint32_t second = 0;  ///< the table of a `call_indirect`, `table.init`, `table.copy` (its source)
  BlockType block = {};
  std::uint64_t bits = 0;  ///< of a constant
  std::uint64_t high_bits = 0;

  [[nodiscard]] Opcode opcode() const noexcept { return row->opcode(); }
};

/// Reads one instruction; the cursor fails with a phrase at anything that is not in the opcode table. Whether
/// what it refers to exists is for the caller.
Instruction next_instruction(Cursor& code) noexcept;

/// Reads a value type, or fails with the name of its proposal.
ValueType value_type(Cursor& in) noexcept;
/// The same for a type of references.
ValueType reference_type(Cursor& in) noexcept;

/// Reads an expression of one constant instruction and `end`.
Constant read_constant(Cursor& in) noexcept;

}  // namespace celeriac::wasm::foreign
