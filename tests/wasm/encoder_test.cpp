#include "wasm/encoder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <limits>

#include "tests/wasm/samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/cursor.hpp"
#include "wasm/reader.hpp"

using namespace celeriac;
using namespace celeriac::wasm;

TEST_CASE("an empty module is a valid module") {
  CHECK(testing::wasm_validate(ModuleEncoder().finish("")) == "");
  CHECK(testing::wasm_validate(ModuleEncoder().finish("empty")) == "");
}

TEST_CASE("a module with imports, globals, steps and custom sections is valid") {
  CHECK(testing::wasm_validate(testing::two_steps()) == "");
}

TEST_CASE("functions of equal signature share one type") {
  ModuleEncoder module;
  constexpr ValueType number[] = {ValueType::f64}, handle[] = {ValueType::i32};
  module.import_function("A", "ONE", number);
  module.import_function("A", "TWO", number);
  module.import_function("A", "THREE", handle);
  for (int i = 0; i < 10; ++i) module.add_step("step", Code().i32_const(i).bytes());
  const Bytes bytes = std::move(module).finish("");
  const auto view = read_module(bytes);
  REQUIRE(view);
  CHECK(view->types.size() == 3);
  CHECK(view->imports[0].type == view->imports[1].type);
}

TEST_CASE("imports may be added after the steps that call them") {
  ModuleEncoder module;
  module.add_step("0", Code().call(ImportIndex{0}).i32_const(-1).bytes());
  module.import_function("A", "LATE", {});
  CHECK(testing::wasm_validate(std::move(module).finish("")) == "");
}

TEST_CASE("every i32 and f64 constant is read back as it was written") {
  for (const std::int32_t value :
       {0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 1 << 20, -(1 << 27), 1 << 27,
        std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
    Bytes bytes;
    append_signed(bytes, value);
    Cursor in(bytes);
    CHECK(in.signed32() == value);
    CHECK(in.at_end());
    CHECK(in.ok());
  }
  for (const std::uint32_t value : {0U, 127U, 128U, 16383U, 16384U, 0xFFFFFFFFU}) {
    Bytes bytes;
    append_unsigned(bytes, value);
    Cursor in(bytes);
    CHECK(in.unsigned32() == value);
    CHECK(in.ok());
  }
  for (const double value : {0.0, -0.0, 1.5, -1e300, 5e-324, std::numeric_limits<double>::infinity()}) {
    Bytes bytes;
    append_f64(bytes, value);
    CHECK(std::bit_cast<std::uint64_t>(Cursor(bytes).f64()) == std::bit_cast<std::uint64_t>(value));
  }
}

TEST_CASE("a module of two hundred functions numbers its exports in order") {
  ModuleEncoder module;
  for (int i = 0; i < 200; ++i) module.add_step("step", Code().i32_const(i + 1).bytes());
  const Bytes bytes = std::move(module).finish("many");
  CHECK(testing::wasm_validate(bytes) == "");
  const auto view = read_module(bytes);
  REQUIRE(view);
  CHECK(view->steps.size() == 200);
}
