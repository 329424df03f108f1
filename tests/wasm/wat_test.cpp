#include "wasm/wat.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/wasm/samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/reader.hpp"

using namespace celeriac;
using namespace celeriac::wasm;

TEST_CASE("the text form shows imports, globals, texts and where each step comes from") {
  const auto wat = to_wat(testing::two_steps());
  REQUIRE(wat);
  CHECK(*wat == R"((module $two_steps
  (import "SYS" "MOVE" (func $SYS.MOVE (param f64 f64 f64)))
  (import "SYS" "WAIT" (func $SYS.WAIT (param f64)))
  (global $x (export "x") (mut f64) (f64.const nan))
  ;; text 0: "hello"
  ;; text 1: "(;\0a\22\c3\a4"

  ;; /body/0: move, reads inputs
  (func $0.move (export "0") (result i32)
    global.get $x
    f64.const 2.5
    f64.const -3
    call $SYS.MOVE
    i32.const 1
  )

  ;; /body/1: wait
  (func $1.wait (export "1") (result i32)
    f64.const 100
    call $SYS.WAIT
    i32.const -1
  )
  ;; custom section "celeriac.steps", 31 bytes
  ;; custom section "celeriac.texts", 14 bytes
  ;; custom section "name", 57 bytes
)
)");
}

TEST_CASE("wat2wasm makes the same code of the text form") {
  const Bytes bytes = testing::two_steps();
  const auto again_bytes = testing::wat2wasm(to_wat(bytes).value());
  const auto before = read_module(bytes);
  const auto after = read_module(again_bytes);
  REQUIRE(before);
  REQUIRE(after);
  REQUIRE(after->steps.size() == before->steps.size());
  for (std::size_t i = 0; i < before->steps.size(); ++i) {
    CHECK(std::ranges::equal(before->steps[i], after->steps[i]));
  }
}

TEST_CASE("numbers that are hard to write survive the text form") {
  const double hard[] = {std::bit_cast<double>(std::uint64_t{0xFFF8'0000'0000'0000}),
                         std::bit_cast<double>(std::uint64_t{0x7FF0'0000'0000'0001}),
                         std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity(),
                         -0.0,
                         0.1,
                         1e300,
                         5e-324};
  ModuleEncoder module;
  for (const double value : hard) module.add_step("", Code().f64_const(value).drop().i32_const(-1).bytes());
  const Bytes bytes = std::move(module).finish("");
  const auto again_bytes = testing::wat2wasm(to_wat(bytes).value());
  const auto before = read_module(bytes);
  const auto after = read_module(again_bytes);
  REQUIRE(after);
  for (std::size_t i = 0; i < before->steps.size(); ++i) {
    CHECK(std::ranges::equal(before->steps[i], after->steps[i]));
  }
}

TEST_CASE("names that the text form cannot hold, or that stand twice, are made fit") {
  ModuleEncoder module;
  module.add_step("a (b) \"c\"", Code().i32_const(1).bytes());
  module.add_step("twice", Code().i32_const(2).bytes());
  module.add_step("twice", Code().i32_const(3).bytes());
  const auto wat = to_wat(std::move(module).finish("my sequence ;) \n"));
  REQUIRE(wat);
  CHECK(wat->find("$a__b___c_") != std::string::npos);
  CHECK_NOTHROW(testing::wat2wasm(*wat));
}

TEST_CASE("the text form of bytes that are no module is an error") {
  const auto wat = to_wat(std::vector<std::uint8_t>{1, 2, 3});
  REQUIRE_FALSE(wat);
  CHECK(wat.error().status == protocol::Status::invalid_code);
}
