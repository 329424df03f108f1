// The opcode table beside the assembler's: every row, written in the text format, is the opcode that it says.

#include "wasm/foreign/opcodes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <map>

#include "tests/wasm/wabt.hpp"
#include "wasm/foreign/instruction.hpp"

using namespace celeriac;
using namespace celeriac::wasm::foreign;

namespace {

/// What stands behind the name in the text format.
const std::map<Immediate, std::string_view> immediates{
    {Immediate::block, " end"},
    {Immediate::label, " 0"},
    {Immediate::label_table, " 0 0 0"},
    {Immediate::function, " 0"},
    {Immediate::type_and_table, " (type 0)"},
    {Immediate::value_types, " (result i32)"},
    {Immediate::local, " 0"},
    {Immediate::global, " 0"},
    {Immediate::table, " 0"},
    {Immediate::memory_access_and_lane, " 1"},
    {Immediate::data, " 0"},
    {Immediate::data_and_memory, " 0"},
    {Immediate::element, " 0"},
    {Immediate::element_and_table, " 0"},
    {Immediate::table_table, " 0 0"},
    {Immediate::reference_type, " func"},
    {Immediate::i32, " -7"},
    {Immediate::i64, " -7000000000"},
    {Immediate::f32, " 1.5"},
    {Immediate::f64, " 1.5"},
    {Immediate::v128, " i32x4 1 2 3 4"},
    {Immediate::lane, " 1"},
};

/// Nothing after `unreachable` needs operands, so that each instruction can stand there.
std::string function_with(const OpcodeRow& row) {
  std::string text(row.name);
  if (const auto found = immediates.find(row.immediate); found != immediates.end()) text += found->second;
  if (row.name == "i8x16.shuffle") text = "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
  if (row.opcode() == Opcode::else_) text = "if else nop end";
  if (row.opcode() == Opcode::end) text = "block end";
  return std::format("(func (local i32) unreachable {} unreachable)\n", text);
}

}  // namespace

TEST_CASE("every opcode of the table is what the assembler makes of its name") {
  std::string text =
      "(module (type (func)) (memory 1) (table 1 funcref) (global (mut i32) (i32.const 0)) (data \"x\") "
      "(elem func 0)\n";
  for (const OpcodeRow& row : opcode_rows()) text += function_with(row);
  const auto bytes = testing::wat2wasm(text + ")");
  const auto module = read(bytes);
  if (!module) FAIL(module.error().message);
  REQUIRE(module->bodies.size() == opcode_rows().size());
  for (std::size_t i = 0; i < module->bodies.size(); ++i) {
    const OpcodeRow& row = opcode_rows()[i];
    CAPTURE(row.name);
    wasm::Cursor code(module->bodies[i].code);
    REQUIRE(next_instruction(code).opcode() == Opcode::unreachable);
    Instruction instruction = next_instruction(code);
    if (row.opcode() == Opcode::else_ || row.opcode() == Opcode::end) instruction = next_instruction(code);
    REQUIRE(code.ok());
    CHECK(instruction.row == &row);
    if (row.immediate == Immediate::i64)
      CHECK(std::bit_cast<std::int64_t>(instruction.bits) == -7'000'000'000);
    if (row.immediate == Immediate::memory_access_and_lane || row.immediate == Immediate::lane)
      CHECK(code.ok());
  }
}

TEST_CASE("every opcode has one row, found by its prefix and number") {
  std::map<std::uint16_t, std::string_view> seen;
  for (const OpcodeRow& row : opcode_rows()) {
    CHECK(seen.emplace(row.code, row.name).second);
    CHECK(find_opcode(static_cast<std::uint8_t>(row.code >> 8), row.code & 0xFF) == &row);
  }
  CHECK(find_opcode(0, 0x06) == nullptr);
  CHECK(find_opcode(misc_prefix, 18) == nullptr);
  CHECK(find_opcode(vector_prefix, 256) == nullptr);
  CHECK(find_opcode(0xFE, 0) == nullptr);
}
