// What a foreign module consists of, as it is read.

#include "wasm/foreign/module.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/wasm/foreign/samples.hpp"

using namespace celeriac;
using namespace celeriac::wasm::foreign;
using celeriac::testing::sample;

TEST_CASE("a module with everything that is allowed is read whole") {
  const auto bytes = sample("everything");
  const auto module = read(bytes);
  if (!module) FAIL(module.error().message);

  REQUIRE(module->imports.size() == 2);
  CHECK(module->imports[0].module == "host");
  CHECK(module->imports[0].field == "log");
  CHECK(text(module->type_of(0)) == "(i32, i32) -> ()");
  CHECK(text(module->type_of(1)) == "() -> (i64)");
  CHECK(module->bodies.size() == 4);
  CHECK(module->function_count() == 6);

  REQUIRE(module->tables.size() == 2);
  CHECK(module->tables[0].minimum == 4);
  CHECK_FALSE(module->tables[0].maximum);
  CHECK(module->tables[1].type == ValueType::externref);
  CHECK(module->tables[1].maximum == 8);
  REQUIRE(module->memory);
  CHECK(module->memory->minimum == 1);
  CHECK_FALSE(module->memory->maximum);

  REQUIRE(module->globals.size() == 7);
  CHECK(module->globals[0].is_mutable);
  CHECK(module->globals[0].exported_as == "counter");
  CHECK(module->globals[0].initial.bits == 7);
  CHECK(module->globals[1].initial.bits == std::bit_cast<std::uint64_t>(0.5));
  CHECK(module->globals[2].initial.bits == std::bit_cast<std::uint64_t>(std::int64_t{-9000000000}));
  CHECK(module->globals[3].initial.bits == std::bit_cast<std::uint32_t>(1.5F));
  CHECK_FALSE(module->globals[4].is_mutable);
  CHECK_FALSE(module->globals[4].exported_as);
  CHECK(module->globals[5].initial.function == 3);
  CHECK(module->globals[6].type == ValueType::v128);
  CHECK(module->globals[6].initial.high_bits == 0x0000000400000003);

  REQUIRE(module->exported_function("add") != nullptr);
  CHECK(text(*module->exported_function("add")) == "(i32, i32) -> (i32)");
  CHECK(module->exported_function("counter") == nullptr);
  CHECK(module->find_export("nothing") == nullptr);
  CHECK(module->start == 2);
  CHECK(module->element_segments == 4);
  CHECK(module->data_segments == 2);
  CHECK_FALSE(module->custom("name").empty());
}

TEST_CASE("the type of a function is the host's when it has only numbers") {
  CHECK(text(*signature({{ValueType::i32, ValueType::f64}, {ValueType::i64}})) == "(i32, f64) -> (i64)");
  CHECK_FALSE(signature({{ValueType::v128}, {}}));
  CHECK_FALSE(signature({{}, {ValueType::externref}}));
}
