#pragma once
// Reads a resumable module back, and refuses whatever is not one: the gate in front of the engine, and the
// ground of the text form.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/cursor.hpp"
#include "wasm/instructions.hpp"
#include "wasm/types.hpp"

namespace celeriac::wasm {

/// Bounds of a module; beyond them reading fails.
inline constexpr std::size_t max_module_bytes = 32 << 20;
inline constexpr std::size_t max_types = 1024;
inline constexpr std::size_t max_imports = 1024;
inline constexpr std::size_t max_parameters = 16;
inline constexpr std::size_t max_globals = 4096;
inline constexpr std::size_t max_steps = 200'000;
inline constexpr std::size_t max_block_depth = 64;

/// An instruction with what follows its opcode.
struct Instruction {
  const InstructionRow* row = nullptr;  ///< never nullptr in what next_instruction() gave without fault
  std::uint32_t index = 0;              ///< function or global
  std::int32_t i32 = 0;
  double f64 = 0;
  ValueType result = ValueType::i32;  ///< of an `if`
};

/// Reads one instruction; the cursor fails at anything that is not in the instruction table.
Instruction next_instruction(Cursor& code) noexcept;

/// A module's parts. Views look into the bytes it was read from.
struct ModuleView {
  struct ImportedFunction {
    std::string_view space;
    std::string_view name;
    std::uint32_t type;
  };
  struct Global {
    double initial;  ///< all are mutable f64
    std::string_view name;
  };
  struct CustomSection {
    std::string_view name;
    std::span<const std::uint8_t> contents;
  };

  std::vector<FunctionType> types;
  std::vector<ImportedFunction> imports;
  std::vector<Global> globals;
  std::vector<std::span<const std::uint8_t>> steps;  ///< instructions, the final `end` included
  std::vector<CustomSection> customs;

  /// The first custom section of that name; empty if there is none.
  [[nodiscard]] std::span<const std::uint8_t> custom(std::string_view name) const noexcept;
};

/// Reads and checks. A module comes through only if it is what ModuleEncoder writes: functions `() -> i32`
/// exported as "0", "1", … in their order, exported mutable f64 globals, imported functions without
/// results, calls to nothing else, no loops, no memory, table, start function or locals. Types on the
/// stack are not looked at: the engine's validator does that. Errors: `invalid_code` with the offset.
protocol::Result<ModuleView> read_module(std::span<const std::uint8_t> bytes);

}  // namespace celeriac::wasm
