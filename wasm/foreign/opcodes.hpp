#pragma once
// THE opcode table of foreign modules: everything that a function body may contain, WebAssembly 2.0 (the MVP,
// sign extension, saturating conversions, bulk memory, reference types, multi-value, vectors). The walker,
// the scanner and the instrumentation are made from it; what is not in it is refused, by the name of its
// proposal where it has one.

#include <cstdint>
#include <span>
#include <string_view>

namespace celeriac::wasm::foreign {

/// The opcodes that somebody here treats apart. Prefixed ones have their prefix in the high byte.
enum class Opcode : std::uint16_t {
  unreachable = 0x00,
  block = 0x02,
  loop = 0x03,
  if_ = 0x04,
  else_ = 0x05,
  end = 0x0B,
  br = 0x0C,
  br_if = 0x0D,
  br_table = 0x0E,
  return_ = 0x0F,
  call = 0x10,
  call_indirect = 0x11,
  local_get = 0x20,
  local_set = 0x21,
  global_get = 0x23,
  global_set = 0x24,
  table_set = 0x26,
  memory_size = 0x3F,
  memory_grow = 0x40,
  i32_const = 0x41,
  i64_const = 0x42,
  f32_const = 0x43,
  f64_const = 0x44,
  i32_gt_u = 0x4B,
  i64_lt_s = 0x53,
  i32_add = 0x6A,
  i32_sub = 0x6B,
  i64_sub = 0x7D,
  i64_shr_u = 0x88,
  i64_extend_i32_u = 0xAD,
  ref_null = 0xD0,
  ref_func = 0xD2,
  memory_init = 0xFC08,
  data_drop = 0xFC09,
  memory_copy = 0xFC0A,
  memory_fill = 0xFC0B,
  table_init = 0xFC0C,
  elem_drop = 0xFC0D,
  table_copy = 0xFC0E,
  table_grow = 0xFC0F,
  table_fill = 0xFC11,
  v128_const = 0xFD0C,
};

/// What follows an opcode in the bytes.
enum class Immediate : std::uint8_t {
  none,
  block,        ///< a block type
  label,        ///< how many blocks out
  label_table,  ///< a vector of labels, and one more
  function,
  type_and_table,
  value_types,  ///< a vector of them
  local,
  global,
  table,
  memory_access,           ///< alignment and offset
  memory_access_and_lane,  ///< and the number of a lane
  memory,                  ///< which one: always 0
  memory_memory,
  data,
  data_and_memory,
  element,
  element_and_table,
  table_table,
  reference_type,
  i32,
  i64,
  f32,   ///< four bytes
  f64,   ///< eight
  v128,  ///< sixteen: a constant, or the lanes of a shuffle
  lane,
};

struct OpcodeRow {
  std::uint16_t code;     ///< prefix in the high byte
  std::string_view name;  ///< as the text format spells it
  Immediate immediate = Immediate::none;
  /// Values on the operand stack: pushed less popped. What a call or a block does beside it follows from
  /// their types.
  std::int8_t effect = 0;

  [[nodiscard]] constexpr Opcode opcode() const noexcept { return Opcode{code}; }
};

inline constexpr std::uint8_t misc_prefix = 0xFC, vector_prefix = 0xFD;

/// The whole table.
std::span<const OpcodeRow> opcode_rows() noexcept;

/// The row of an opcode; `prefix` 0 for those of one byte. nullptr: there is none.
const OpcodeRow* find_opcode(std::uint8_t prefix, std::uint32_t code) noexcept;

/// Why an opcode (or a prefix, with `prefix` 0) that has no row is refused: a phrase that names its proposal.
const char* refused_opcode(std::uint8_t prefix, std::uint32_t code) noexcept;

}  // namespace celeriac::wasm::foreign
