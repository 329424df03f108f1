#include "wasm/foreign/instruction.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::uint8_t empty_block = 0x40;
constexpr std::uint32_t memory_index_flag = 0x40;  // in the alignment of a memory access: multi-memory

/// Types of other proposals, for the sentence in which they are refused.
struct RefusedType {
  std::uint8_t first, last;
  const char* phrase;
};
constexpr RefusedType refused_types[] = {
    {0x63, 0x64, "it uses typed function references, which are not supported"},
    {0x69, 0x69, "it uses exception handling, which is not supported"},
    {0x74, 0x74, "it uses exception handling, which is not supported"},
    {0x6A, 0x6E, "it uses garbage collection, which is not supported"},
    {0x71, 0x73, "it uses garbage collection, which is not supported"},
};

bool is_value_type(std::uint8_t byte) noexcept {
  return !name(ValueType{byte}).empty();
}

BlockType block_type(Cursor& in) noexcept {
  const std::int64_t number = in.signed64();
  if (number >= 0) {
    if (number > UINT32_MAX) in.fail("a block's type does not exist");
    return {.type = static_cast<std::uint32_t>(number)};
  }
  const auto byte = static_cast<std::uint8_t>(number & 0x7F);
  if (number >= -64 && byte == empty_block) return {};
  if (number < -64 || !is_value_type(byte)) in.fail("a block's type does not exist");
  return {.result = ValueType{byte}};
}

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) bits |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return bits;
}

void memory_index(Cursor& in) noexcept {
  if (in.byte() != 0) in.fail("it uses more than one memory, which is not supported");
}

void memory_access(Cursor& in) noexcept {
  if ((in.unsigned32() & memory_index_flag) != 0) {
    in.fail("it uses more than one memory, which is not supported");
  }
  in.unsigned32();
}

void read_immediate(Cursor& in, Instruction& out) noexcept {
  switch (out.row->immediate) {
    case Immediate::none:
      break;
    case Immediate::block:
      out.block = block_type(in);
      break;
    case Immediate::label:
    case Immediate::function:
    case Immediate::local:
    case Immediate::global:
    case Immediate::table:
    case Immediate::data:
    case Immediate::element:
      out.index = in.unsigned32();
      break;
    case Immediate::label_table:
      for (std::uint32_t left = in.count(); in.ok(); --left) {
        out.index = std::max(out.index, in.unsigned32());
        if (left == 0) break;
      }
      break;
    case Immediate::type_and_table:
    case Immediate::element_and_table:
    case Immediate::table_table:
      out.index = in.unsigned32();
      out.second = in.unsigned32();
      break;
    case Immediate::value_types:
      for (std::uint32_t left = in.count(); left > 0 && in.ok(); --left) value_type(in);
      break;
    case Immediate::memory_access:
      memory_access(in);
      break;
    case Immediate::memory_access_and_lane:
      memory_access(in);
      in.byte();
      break;
    case Immediate::memory:
      memory_index(in);
      break;
    case Immediate::memory_memory:
      memory_index(in);
      memory_index(in);
      break;
    case Immediate::data_and_memory:
      out.index = in.unsigned32();
      memory_index(in);
      break;
    case Immediate::reference_type:
      out.bits = static_cast<std::uint64_t>(reference_type(in));
      break;
    case Immediate::i32:
      out.bits = std::bit_cast<std::uint32_t>(in.signed32());
      break;
    case Immediate::i64:
      out.bits = std::bit_cast<std::uint64_t>(in.signed64());
      break;
    case Immediate::f32:
      out.bits = little_endian(in.take(4));
      break;
    case Immediate::f64:
      out.bits = little_endian(in.take(8));
      break;
    case Immediate::v128:
      out.bits = little_endian(in.take(8));
      out.high_bits = little_endian(in.take(8));
      break;
    case Immediate::lane:
      in.byte();
      break;
  }
}

}  // namespace

Instruction next_instruction(Cursor& code) noexcept {
  Instruction instruction;
  const std::uint8_t first = code.byte();
  if (!code.ok()) return instruction;
  if (first == misc_prefix || first == vector_prefix) {
    const std::uint32_t number = code.unsigned32();
    instruction.row = find_opcode(first, number);
    if (instruction.row == nullptr) code.fail(refused_opcode(first, number));
  } else {
    instruction.row = find_opcode(0, first);
    if (instruction.row == nullptr) code.fail(refused_opcode(0, first));
  }
  if (code.ok()) read_immediate(code, instruction);
  return instruction;
}

ValueType value_type(Cursor& in) noexcept {
  const std::uint8_t byte = in.byte();
  if (!in.ok() || is_value_type(byte)) return ValueType{byte};
  for (const RefusedType& row : refused_types) {
    if (byte >= row.first && byte <= row.last) in.fail(row.phrase);
  }
  in.fail("a value has a type that does not exist");
  return ValueType::i32;
}

ValueType reference_type(Cursor& in) noexcept {
  const ValueType type = value_type(in);
  if (in.ok() && !is_reference(type)) in.fail("a table or null holds something else than references");
  return type;
}

Constant read_constant(Cursor& in) noexcept {
  Constant constant;
  const Instruction instruction = next_instruction(in);
  if (!in.ok()) return constant;
  constant.bits = instruction.bits;
  constant.high_bits = instruction.high_bits;
  switch (instruction.opcode()) {
    case Opcode::i32_const:
      constant.type = ValueType::i32;
      break;
    case Opcode::i64_const:
      constant.type = ValueType::i64;
      break;
    case Opcode::f32_const:
      constant.type = ValueType::f32;
      break;
    case Opcode::f64_const:
      constant.type = ValueType::f64;
      break;
    case Opcode::v128_const:
      constant.type = ValueType::v128;
      break;
    case Opcode::ref_null:
      constant.type = ValueType{static_cast<std::uint8_t>(instruction.bits)};
      constant.bits = 0;
      break;
    case Opcode::ref_func:
      constant.type = ValueType::funcref;
      constant.function = instruction.index;
      break;
    case Opcode::global_get:
      in.fail("a constant refers to a global, which would have to be an imported one");
      return constant;
    default:
      in.fail("a constant is computed (extended constant expressions are not supported)");
      return constant;
  }
  const Instruction end = next_instruction(in);
  if (in.ok() && end.opcode() != Opcode::end) {
    in.fail("a constant is computed (extended constant expressions are not supported)");
  }
  return constant;
}

}  // namespace celeriac::wasm::foreign
