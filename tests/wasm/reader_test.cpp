#include "wasm/reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include "tests/wasm/samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/encoder.hpp"
#include "wasm/step_map.hpp"

using namespace celeriac;
using namespace celeriac::wasm;

namespace {

/// The sentence with which a module in text form is refused; "" if it is taken.
std::string refusal(const std::string& wat) {
  const auto view = read_module(testing::wat2wasm(wat));
  return view ? "" : view.error().message;
}

bool says(const std::string& message, std::string_view phrase) {
  return message.find(phrase) != std::string::npos;
}

}  // namespace

TEST_CASE("the reader gives back what the encoder was told") {
  const Bytes bytes = testing::two_steps();
  const auto view = read_module(bytes);
  REQUIRE(view);
  REQUIRE(view->imports.size() == 2);
  CHECK(view->imports[0].space == "SYS");
  CHECK(view->imports[0].name == "MOVE");
  CHECK(view->types[view->imports[0].type].parameters.size() == 3);
  REQUIRE(view->globals.size() == 1);
  CHECK(view->globals[0].name == "x");
  CHECK(std::isnan(view->globals[0].initial));
  CHECK(view->steps.size() == 2);
}

TEST_CASE("the step map and the texts come back from the module") {
  const Bytes bytes = testing::two_steps();
  const auto view = read_module(bytes);
  REQUIRE(view);
  const auto map = read_step_map(*view);
  REQUIRE(map);
  CHECK(map->nodes == std::vector<StepNode>{{"/body/0", "move"}, {"/body/1", "wait"}});
  CHECK(map->steps == std::vector<Step>{{0, true, true}, {1, true, false}});
  const auto texts = read_texts(*view);
  REQUIRE(texts);
  CHECK(texts->size() == 2);
}

TEST_CASE("a step map that points past its nodes is refused") {
  ModuleEncoder module;
  module.add_step("0", Code().i32_const(-1).bytes());
  const std::vector<Step> steps{{7, true, false}};
  module.add_custom_section(steps_section, encode_step_map({}, steps));
  const Bytes bytes = std::move(module).finish("");
  const auto view = read_module(bytes);
  REQUIRE(view);
  const auto map = read_step_map(*view);
  REQUIRE_FALSE(map);
  CHECK(map.error().status == protocol::Status::invalid_code);
}

TEST_CASE("whatever a sequence has no use for is refused by name") {
  CHECK(refusal(R"((module (func (export "0") (result i32) i32.const 1)))") == "");
  CHECK(says(refusal("(module (memory 1))"), "no use for"));
  CHECK(says(refusal("(module (table 1 funcref))"), "no use for"));
  CHECK(says(refusal(R"((module (import "A" "m" (memory 1))))"), "not a function"));
  CHECK(says(refusal(R"((module (import "A" "f" (func (result i32)))))"), "returns something"));
  CHECK(
      says(refusal(R"((module (func (export "0") (result i32) (loop (br 0)) i32.const 1)))"), "instruction"));
  CHECK(says(refusal(R"((module (func (export "0") (result i32) call 0)))"), "not an import"));
  CHECK(says(refusal(R"((module (func (export "0") (result i32) (local f64) i32.const 0)))"), "locals"));
  CHECK(says(refusal(R"((module (func (export "1") (result i32) i32.const 0)))"), "in their order"));
  CHECK(says(refusal(R"((module (func (result i32) i32.const 0)))"), "not exported"));
  CHECK(says(refusal(R"((module (func (export "0") (param f64) (result i32) i32.const 0)))"), "() -> i32"));
  CHECK(says(refusal(R"((module (global (export "g") f64 (f64.const 0))))"), "mutable"));
  CHECK(says(refusal(R"((module (global (mut f64) (f64.const 0))))"), "not exported"));
  CHECK(
      says(refusal(R"((module (func (export "0") (result i32) i64.const 0 i32.wrap_i64)))"), "instruction"));
}

TEST_CASE("a module cut short at any byte is refused, never read past its end") {
  const Bytes whole = testing::two_steps();
  const auto complete = read_module(whole);
  REQUIRE(complete);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto view = read_module(part);
    // A cut between two sections may leave a smaller module that is whole in itself.
    if (view)
      CHECK(view->steps.size() + view->customs.size() < complete->steps.size() + complete->customs.size());
  }
}

TEST_CASE("blocks nested beyond the bound are refused") {
  const auto nested = [](std::size_t depth) {
    Code code;
    for (std::size_t i = 0; i < depth; ++i) code.i32_const(1).if_(ValueType::i32);
    code.i32_const(1);
    for (std::size_t i = 0; i < depth; ++i) code.else_().i32_const(2).end();
    ModuleEncoder module;
    module.add_step("0", code.bytes());
    return std::move(module).finish("");
  };
  CHECK(read_module(nested(max_block_depth)));
  const auto refused = read_module(nested(max_block_depth + 1));
  REQUIRE_FALSE(refused);
  CHECK(says(refused.error().message, "nested too deep"));
}

TEST_CASE("more imports, parameters, globals, steps or bytes than the bounds are refused") {
  ModuleEncoder imports;
  for (std::size_t i = 0; i <= max_imports; ++i) imports.import_function("A", std::to_string(i), {});
  CHECK_FALSE(read_module(std::move(imports).finish("")));
  ModuleEncoder parameters;
  parameters.import_function("A", "B", std::vector(max_parameters + 1, ValueType::i32));
  CHECK_FALSE(read_module(std::move(parameters).finish("")));
  ModuleEncoder globals;
  for (std::size_t i = 0; i <= max_globals; ++i) globals.add_global(std::to_string(i), 0);
  CHECK_FALSE(read_module(std::move(globals).finish("")));
  ModuleEncoder steps;
  for (std::size_t i = 0; i <= max_steps; ++i) steps.add_step("", Code().i32_const(0).bytes());
  CHECK_FALSE(read_module(std::move(steps).finish("")));
  CHECK_FALSE(read_module(Bytes(max_module_bytes + 1)));
}

TEST_CASE("a count larger than the bytes that follow asks for no memory") {
  Bytes bytes{0, 'a', 's', 'm', 1, 0, 0, 0, 1 /* types */, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  const auto view = read_module(bytes);
  REQUIRE_FALSE(view);
  CHECK(says(view.error().message, "a count is larger"));
}
