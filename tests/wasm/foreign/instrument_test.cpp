// What is put into a foreign module, and that the module computes what it did.

#include "wasm/foreign/instrument.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/wasm/foreign/samples.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::wasm::foreign;
using celeriac::testing::sample;

namespace {

Instrumented instrumented(std::span<const std::uint8_t> bytes, const Limits& limits = {},
                          const InstrumentOptions& options = {}) {
  const auto module = read(bytes, limits);
  if (!module) FAIL(module.error().message);
  auto made = instrument(*module, limits, options);
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

ForeignModule read_again(const Instrumented& made, const Limits& limits = {}) {
  auto module = read(made.bytes, limits.instrumented());
  if (!module) FAIL(module.error().message);
  return std::move(*module);
}

/// What wasm-interp prints, without the lines that hold `word`; how many those were goes to `taken`.
std::string printed_without(std::string_view word, std::span<const std::uint8_t> module, int& taken) {
  std::string kept;
  std::istringstream lines(celeriac::testing::wasm_interp(module));
  for (std::string line; std::getline(lines, line);) {
    line.contains(word) ? void(++taken) : void(kept += line + "\n");
  }
  return kept;
}

}  // namespace

TEST_CASE("a rewritten module is valid, and can be read again") {
  const char* name = GENERATE("everything", "compute", "names", "bare");
  CAPTURE(name);
  const auto bytes = sample(name);
  const Instrumented made = instrumented(bytes);
  CHECK(testing::wasm_validate(made.bytes) == "");
  const ForeignModule before = *read(bytes), after = read_again(made);
  CHECK(after.imports.size() == before.imports.size() + 2);
  CHECK(after.bodies.size() == before.bodies.size());
  for (const Export& was : before.exports) {
    const Export* is = after.find_export(was.name);
    REQUIRE(is != nullptr);
    if (was.kind == ExportKind::function) CHECK(after.type_of(is->index) == before.type_of(was.index));
  }
}

TEST_CASE("the same module is rewritten into the same bytes") {
  const auto bytes = sample("everything");
  CHECK(instrumented(bytes).bytes == instrumented(bytes).bytes);
}

TEST_CASE("a rewritten module computes, traps and calls its host as it did, however often it is refuelled") {
  const auto bytes = sample("compute");
  const std::string expected = testing::wasm_interp(bytes);
  REQUIRE(expected.contains("fib_15() => i32:610"));
  int refuelled = 0;
  SECTION("with fuel enough") {
    CHECK(printed_without("refuel", instrumented(bytes, {}, {.initial_fuel = INT64_MAX}).bytes, refuelled) ==
          expected);
    CHECK(refuelled == 0);
  }
  SECTION("with a host that never fills it") {
    CHECK(printed_without("refuel", instrumented(bytes, {}, {.initial_fuel = 0}).bytes, refuelled) ==
          expected);
    CHECK(refuelled > 1'000);
  }
}

TEST_CASE("recursion past the limit calls the host and traps; recursion within it does not") {
  const auto bytes = sample("recursion");
  int calls = 0;
  const std::string deep = printed_without(
      "too_deep", instrumented(bytes, {}, {.initial_fuel = INT64_MAX, .depth_limit = 50}).bytes, calls);
  CHECK(calls == 3);  // the wide one as well
  CHECK(deep.contains("down_20() => i32:20"));
  CHECK(deep.contains("down_100() => error: unreachable executed"));
  CHECK(deep.contains("for_ever() => error: unreachable executed"));
}

TEST_CASE("a function with many locals counts for many in the depth") {
  const auto bytes = sample("recursion");
  int calls = 0;
  const std::string printed = printed_without(
      "too_deep", instrumented(bytes, {}, {.initial_fuel = INT64_MAX, .depth_limit = 10'000}).bytes, calls);
  CHECK(calls >= 1);
  CHECK(printed.contains("down_100() => i32:100"));
  CHECK(printed.contains("wide_400() => error: unreachable executed"));
}

TEST_CASE("fuel is used at most one unit for an instruction, and at least one for each turn of a loop") {
  const auto bytes = sample("fuel");
  int refuelled = 0;
  // Each export runs a loop of 1,000 turns; the host never fills, so that each head with less than zero calls
  // it.
  printed_without("refuel", instrumented(bytes, {}, {.initial_fuel = 0}).bytes, refuelled);
  CHECK(refuelled >= 2'000);
  CHECK(refuelled <= 2'010);
  // The turns of the first have 6 instructions, those of the second 6 and a small function of 4 and more.
  refuelled = 0;
  printed_without("refuel", instrumented(bytes, {}, {.initial_fuel = 30'000}).bytes, refuelled);
  CHECK(refuelled < 10);
  refuelled = 0;
  printed_without("refuel", instrumented(bytes, {}, {.initial_fuel = 15'000}).bytes, refuelled);
  CHECK(refuelled > 10);
}

TEST_CASE("an operation on a whole range uses fuel by its length, before it begins") {
  const auto range = [](std::int64_t fuel) {
    int refuelled = 0;
    printed_without("refuel", instrumented(sample("range"), {}, {.initial_fuel = fuel}).bytes, refuelled);
    return refuelled;
  };
  CHECK(range(65'536 / 16 + 100) == 0);
  CHECK(range(65'536 / 16 - 100) == 1);
}

TEST_CASE("small functions without calls and loops stay as they are") {
  const auto bytes = sample("fuel");
  const Instrumented made = instrumented(bytes);
  const ForeignModule before = *read(bytes), after = read_again(made);
  CHECK(std::ranges::equal(before.bodies[0].code, after.bodies[0].code));
  CHECK(after.bodies[1].code.size() > before.bodies[1].code.size());
}

TEST_CASE("memory and tables get the maximum of the limits, or keep a smaller one") {
  const Limits limits{.table_elements = 100, .memory_pages = 10};
  const ForeignModule after = read_again(instrumented(sample("everything"), limits), limits);
  CHECK(after.memory->minimum == 1);
  CHECK(after.memory->maximum == 10);
  CHECK(after.tables[0].maximum == 100);
  CHECK(after.tables[1].maximum == 8);
}

TEST_CASE("a module that grows too large by what is put into it is refused") {
  // 60,000 times memory.fill, 3 bytes each.
  auto code = testing::vector_of(60'000, {0xFC, 0x0B, 0x00});
  code = testing::joined_bytes({{0, 0x00}, {code.begin() + 3, code.end()}, {0x0B}});
  testing::ModuleBytes section{1};
  wasm::append_unsigned(section, static_cast<std::uint32_t>(code.size()));
  const auto bytes = testing::core_module(
      {{1, {1, 0x60, 0, 0}}, {3, {1, 0}}, {5, {1, 0, 1}}, {10, testing::joined_bytes({section, code})}});
  const Limits exact{.module_bytes = bytes.size()};
  const auto module = read(bytes, exact);
  REQUIRE(module);
  const auto made = instrument(*module, exact);
  REQUIRE_FALSE(made);
  CHECK(made.error().message.contains("with what counts its steps it has more than"));
  CHECK(instrument(*module));
}

TEST_CASE("state that has no export gets one") {
  const Instrumented made = instrumented(sample("everything"));
  CHECK(made.memory == "celeriac:memory");
  REQUIRE(made.globals.size() == 4);
  CHECK(made.globals[0].exported_as == "counter");
  CHECK(made.globals[1].exported_as == "celeriac:global1");
  CHECK(made.globals[2].type == ValueType::i64);
  const ForeignModule after = read_again(made);
  CHECK(after.find_export("celeriac:memory")->kind == ExportKind::memory);
  CHECK(after.find_export("celeriac:global3")->index == 3);
  CHECK(after.find_export("celeriac:global4") == nullptr);
  CHECK(after.globals[after.find_export(fuel_global)->index].type == ValueType::i64);
  CHECK(after.globals[after.find_export(depth_global)->index].is_mutable);
}

TEST_CASE("state that cannot be saved is named") {
  const Instrumented made = instrumented(testing::wat2wasm(R"((module
    (global (mut externref) (ref.null extern)) (global (mut v128) (v128.const i64x2 0 0)) (global (mut i32) (i32.const 0))
    (table 1 funcref)
    (func (table.set (i32.const 0) (ref.null func)))))"));
  REQUIRE(made.snapshot_obstacles.size() == 3);
  CHECK(made.snapshot_obstacles[0] == "global 0 is a mutable externref");
  CHECK(made.snapshot_obstacles[1] == "global 1 is a mutable v128");
  CHECK(made.snapshot_obstacles[2] == "its tables change while it runs");
  CHECK(made.globals.size() == 1);
  CHECK(instrumented(sample("bare")).snapshot_obstacles.empty());
}

TEST_CASE("with the host's memory, growing is the host's affair and starting is a call") {
  const auto bytes = testing::wat2wasm(R"((module
    (memory 1) (global $started (mut i32) (i32.const 0))
    (func $start (global.set $started (i32.const 1))) (start $start)
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (result i32) (memory.grow (i32.const 2)))))");
  const Instrumented made = instrumented(bytes, {}, {.host_memory = true});
  CHECK(testing::wasm_validate(made.bytes) == "");
  const ForeignModule after = read_again(made);
  REQUIRE(after.imports.size() == 3);
  CHECK(after.imports[2].field == grow_field);
  CHECK(text(after.types[after.imports[2].type]) == "(i32) -> (i32)");
  CHECK_FALSE(after.has_start());
  REQUIRE(after.exported_function(start_export) != nullptr);
  CHECK(text(*after.exported_function(start_export)) == "() -> ()");
  CHECK(read_again(instrumented(bytes)).has_start());
}

TEST_CASE("functions keep their names, renumbered; a name section in disorder is left behind") {
  const Instrumented made = instrumented(sample("names"));
  const std::string text(made.bytes.begin(), made.bytes.end());
  CHECK(text.contains("the_first"));
  const ForeignModule after = read_again(made);
  const auto names = after.custom("name");
  REQUIRE(!names.empty());
  // Module name (part 0) is `names`; the function that was 1 is 3.
  const std::string expected = std::string("\x03\x09", 2) + "the_first";
  CHECK(std::string(names.begin(), names.end()).contains(expected));

  auto bytes = sample("names");
  const std::string_view wanted = "the_first";
  const auto place = std::ranges::search(bytes, wanted);
  REQUIRE(!place.empty());
  *place.begin() = 0xFF;
  CHECK(read_again(instrumented(bytes)).custom("name").empty());
}

TEST_CASE("a module that uses the host's names is refused") {
  const auto refusal = [](const char* text) {
    const auto bytes = testing::wat2wasm(text);
    const auto module = read(bytes);
    REQUIRE(module);
    const auto made = instrument(*module);
    REQUIRE_FALSE(made);
    return made.error().message;
  };
  CHECK(
      refusal(R"((module (import "celeriac:host" "refuel" (func))))").contains("imports from celeriac:host"));
  CHECK(refusal(R"((module (func (export "celeriac:fuel"))))").contains("exports celeriac:fuel"));
  // What was rewritten once is not rewritten again.
  const Instrumented once = instrumented(sample("compute"));
  const ForeignModule again = read_again(once);
  CHECK_FALSE(instrument(again));
}
