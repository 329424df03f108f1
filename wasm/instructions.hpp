#pragma once
// THE instruction table: every instruction that a resumable module may contain. The encoder, the
// reader that refuses anything else, and the text form are all made from it. There is no loop, no
// branch backwards, no memory, no table and no call but to an import, so that a function ends after
// at most as many instructions as it has.

#include <array>
#include <cstdint>
#include <string_view>

namespace celeriac::wasm {

/// The numbers are the binary format's.
enum class Opcode : std::uint8_t {
  if_ = 0x04,
  else_ = 0x05,
  end = 0x0B,
  call = 0x10,
  drop = 0x1A,
  select = 0x1B,
  global_get = 0x23,
  global_set = 0x24,
  i32_const = 0x41,
  f64_const = 0x44,
  i32_eqz = 0x45,
  f64_eq = 0x61,
  f64_ne = 0x62,
  f64_lt = 0x63,
  f64_gt = 0x64,
  f64_le = 0x65,
  f64_ge = 0x66,
  i32_and = 0x71,
  i32_or = 0x72,
  f64_neg = 0x9A,
  f64_add = 0xA0,
  f64_sub = 0xA1,
  f64_mul = 0xA2,
  i32_trunc_f64 = 0xAA,
};

/// What follows an opcode in the bytes.
enum class Immediate : std::uint8_t { none, result_type, function, global, i32, f64 };

struct InstructionRow {
  Opcode opcode;
  std::string_view text;  ///< as the text format spells it
  Immediate immediate = Immediate::none;
};

inline constexpr InstructionRow instruction_rows[] = {
    {Opcode::if_, "if", Immediate::result_type},
    {Opcode::else_, "else"},
    {Opcode::end, "end"},
    {Opcode::call, "call", Immediate::function},
    {Opcode::drop, "drop"},
    {Opcode::select, "select"},
    {Opcode::global_get, "global.get", Immediate::global},
    {Opcode::global_set, "global.set", Immediate::global},
    {Opcode::i32_const, "i32.const", Immediate::i32},
    {Opcode::f64_const, "f64.const", Immediate::f64},
    {Opcode::i32_eqz, "i32.eqz"},
    {Opcode::f64_eq, "f64.eq"},
    {Opcode::f64_ne, "f64.ne"},
    {Opcode::f64_lt, "f64.lt"},
    {Opcode::f64_gt, "f64.gt"},
    {Opcode::f64_le, "f64.le"},
    {Opcode::f64_ge, "f64.ge"},
    {Opcode::i32_and, "i32.and"},
    {Opcode::i32_or, "i32.or"},
    {Opcode::f64_neg, "f64.neg"},
    {Opcode::f64_add, "f64.add"},
    {Opcode::f64_sub, "f64.sub"},
    {Opcode::f64_mul, "f64.mul"},
    {Opcode::i32_trunc_f64, "i32.trunc_f64_s"},
};

/// Rows by opcode byte. Not a local of the function below: it would be copied at every call.
inline constexpr auto instructions_by_opcode = [] {
  std::array<const InstructionRow*, 256> rows{};
  for (const InstructionRow& row : instruction_rows) rows[static_cast<std::uint8_t>(row.opcode)] = &row;
  return rows;
}();

/// The row of an opcode byte; nullptr: not an instruction of ours.
constexpr const InstructionRow* find_instruction(std::uint8_t opcode) noexcept {
  return instructions_by_opcode[opcode];
}

}  // namespace celeriac::wasm
