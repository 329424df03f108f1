// Every limit, reached and passed; every proposal that is not offered, named.

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/wasm/foreign/samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/foreign/module.hpp"

using namespace celeriac;
using namespace celeriac::wasm::foreign;
using celeriac::testing::core_module;
using celeriac::testing::joined_bytes;
using celeriac::testing::ModuleBytes;
using celeriac::testing::Section;
using celeriac::testing::text_bytes;
using celeriac::testing::vector_of;
using celeriac::testing::wat2wasm;

namespace {

std::string refusal(const ModuleBytes& bytes, const Limits& limits = {}) {
  const auto module = read(bytes, limits);
  return module ? "" : module.error().message;
}

/// A module of one function () -> () with these bytes of code: locals, instructions, `end`.
ModuleBytes with_code(const ModuleBytes& body, std::vector<Section> before = {}) {
  std::vector<Section> sections{{1, {1, 0x60, 0, 0}}, {3, {1, 0}}};
  sections.insert(sections.end(), before.begin(), before.end());
  ModuleBytes code{1};
  code.push_back(static_cast<std::uint8_t>(body.size()));
  sections.emplace_back(10, joined_bytes({code, body}));
  return core_module(sections);
}

std::string refused_code(const ModuleBytes& instructions) {
  return refusal(with_code(joined_bytes({{0}, instructions, {0x0B}})));
}

/// Reads `text` at the limit and one beyond it.
void check_limit(const char* at_limit, const char* beyond, const Limits& limits, std::string_view sentence) {
  CHECK(refusal(wat2wasm(at_limit), limits) == "");
  const std::string message = refusal(wat2wasm(beyond), limits);
  INFO(message);
  CHECK(message.contains(sentence));
}

}  // namespace

TEST_CASE("the size of a module is limited") {
  const auto bytes = testing::sample("compute");
  CHECK(refusal(bytes, {.module_bytes = bytes.size()}) == "");
  CHECK(refusal(bytes, {.module_bytes = bytes.size() - 1}).contains("bytes, and the limit is"));
}

TEST_CASE("the numbers of types, imports, functions, globals, exports and segments are limited") {
  check_limit("(module (type (func)) (type (func (param i32))))",
              "(module (type (func)) (type (func (param i32))) (type (func (param i64))))", {.types = 2},
              "it has 3 types, and the limit is 2");
  check_limit(R"((module (import "a" "b" (func))))",
              R"((module (import "a" "b" (func)) (import "a" "c" (func))))", {.imports = 1},
              "it has 2 imports, and the limit is 1");
  check_limit("(module (func) (func))", "(module (func) (func) (func))", {.functions = 2},
              "it has 3 functions, and the limit is 2");
  check_limit("(module (global i32 (i32.const 0)))",
              "(module (global i32 (i32.const 0)) (global i32 (i32.const 0)))", {.globals = 1},
              "it has 2 globals, and the limit is 1");
  check_limit(R"((module (func (export "a"))))", R"((module (func (export "a") (export "b"))))",
              {.exports = 1}, "it has 2 exports, and the limit is 1");
  check_limit("(module (func) (elem func 0))", "(module (func) (elem func 0) (elem func 0))",
              {.element_segments = 1}, "it has 2 element segments, and the limit is 1");
  check_limit(R"((module (memory 1) (data "a")))", R"((module (memory 1) (data "a") (data "b")))",
              {.data_segments = 1}, "it has 2 data segments, and the limit is 1");
  // Announced, and not there.
  CHECK(refusal(core_module({{12, {3}}}), {.data_segments = 2}).contains("it has 3 data segments"));
}

TEST_CASE("the elements of all segments together are limited") {
  check_limit("(module (func) (elem func 0 0) (elem func 0))",
              "(module (func) (elem func 0 0) (elem func 0 0))", {.element_items = 3},
              "its element segments hold more elements than the limit, 3");
}

TEST_CASE("custom sections and names are limited") {
  const Section custom{0, text_bytes("x")};
  CHECK(refusal(core_module({custom, custom}), {.custom_sections = 2}) == "");
  CHECK(refusal(core_module({custom, custom, custom}), {.custom_sections = 2}).contains("than the limit, 2"));
  check_limit(R"((module (func (export "abcd"))))", R"((module (func (export "abcde"))))", {.name_bytes = 4},
              "a name has 5 bytes, and the limit is 4");
}

TEST_CASE(
    "parameters, results, locals, nesting and the size of a function are limited, and the function is "
    "named") {
  check_limit("(module (func (param i32 i32)))", "(module (func (param i32 i32 i32)))", {.parameters = 2},
              "it has 3 parameters in a function type, and the limit is 2");
  check_limit("(module (func (result i32) i32.const 0))",
              "(module (func (result i32 i32) i32.const 0 i32.const 0))", {.results = 1},
              "it has 2 results in a function type, and the limit is 1");
  check_limit("(module (func (param i32) (local i64)))", "(module (func (param i32) (local i64 f64)))",
              {.locals = 2}, "function 0 has 3 parameters and locals, and the limit is 2");
  check_limit("(module (func) (func block block end end))",
              "(module (func) (func block block block end end end))", {.nesting = 2},
              "function 1: blocks are nested deeper than the limit, 2");
  check_limit("(module (func nop nop))", "(module (func nop nop nop))", {.body_bytes = 4},
              "function 0 has 5 bytes of code, and the limit is 4");
}

TEST_CASE("fifty million locals are refused before anybody makes them") {
  // Two groups whose sum does not fit 32 bits, and one of 50,000,000.
  CHECK(refusal(with_code({2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7E, 0x0B}))
            .contains("8589934590 parameters and locals"));
  CHECK(
      refusal(with_code({1, 0x80, 0xE1, 0xEB, 0x17, 0x7F, 0x0B})).contains("50000000 parameters and locals"));
}

TEST_CASE("tables and memories that are too large from the start are refused") {
  check_limit("(module (table 1 funcref) (table 1 externref))",
              "(module (table 1 funcref) (table 1 externref) (table 1 funcref))", {.tables = 2},
              "it has 3 tables, and the limit is 2");
  check_limit("(module (table 10 funcref))", "(module (table 11 funcref))", {.table_elements = 10},
              "table 0 has 11 elements, and the limit is 10");
  CHECK(refusal(core_module({{4, {1, 0x70, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}}}))
            .contains("has 4294967295 elements"));
  check_limit("(module (memory 3 65536))", "(module (memory 4))", {.memory_pages = 3},
              "its memory has 4 pages of 64 KiB, and the limit is 3");
  CHECK(refusal(core_module({{5, {1, 1, 2, 1}}})).contains("larger than its own maximum"));
  CHECK(refusal(core_module({{5, {1, 1, 0, 0x81, 0x80, 0x04}}})).contains("beyond 32 bits"));
}

TEST_CASE("only functions can be imported; what else is imported is named") {
  const auto sentence = [](const char* text) { return refusal(wat2wasm(text)); };
  CHECK(sentence(R"((module (import "env" "memory" (memory 1))))").contains("the memory memory of env"));
  CHECK(sentence(R"((module (import "env" "t" (table 1 funcref))))").contains("the table t of env"));
  CHECK(sentence(R"((module (import "GOT.mem" "errno" (global (mut i32)))))")
            .contains("the global errno of GOT.mem"));
}

TEST_CASE("a section of native code is not seen") {
  const auto bytes =
      core_module({{0, joined_bytes({text_bytes("wasmedge"), {1, 2, 3}})}, {0, text_bytes("mine")}});
  const auto module = read(bytes);
  REQUIRE(module);
  REQUIRE(module->customs.size() == 1);
  CHECK(module->customs[0].name == "mine");
}

TEST_CASE("proposals that are not offered are refused by name") {
  const auto section = [](std::uint8_t id, ModuleBytes contents) {
    return refusal(core_module({{id, std::move(contents)}}));
  };
  CHECK(section(5, {2, 0, 1, 0, 1}).contains("more than one memory"));
  CHECK(section(5, {1, 3, 1, 1}).contains("shared memory (threads)"));
  CHECK(section(5, {1, 4, 1}).contains("64-bit memory"));
  CHECK(section(5, {1, 8, 1, 0}).contains("pages of other sizes"));
  CHECK(section(13, {1, 0, 0}).contains("exception handling"));
  CHECK(section(1, {1, 0x5F, 0, 0}).contains("garbage collection"));
  CHECK(section(1, {1, 0x60, 1, 0x6E, 0}).contains("garbage collection"));
  CHECK(section(1, {1, 0x60, 1, 0x69, 0}).contains("exception handling"));
  CHECK(section(1, {1, 0x60, 1, 0x63, 0, 0}).contains("typed function references"));
  CHECK(section(4, {1, 0x40, 0, 0x70, 0, 1, 0xD0, 0x70, 0x0B}).contains("typed function references"));
  CHECK(section(6, {1, 0x7F, 0, 0x41, 1, 0x41, 1, 0x6A, 0x0B}).contains("extended constant"));
  CHECK(section(6, {1, 0x7F, 0, 0x23, 0, 0x0B}).contains("refers to a global"));
  CHECK(refused_code({0x12, 0}).contains("function 0: it uses tail calls"));
  CHECK(refused_code({0x13, 0, 0}).contains("tail calls"));
  CHECK(refused_code({0x06, 0x40}).contains("exception handling"));
  CHECK(refused_code({0x08, 0}).contains("exception handling"));
  CHECK(refused_code({0x1F, 0x40, 0}).contains("exception handling"));
  CHECK(refused_code({0x14, 0}).contains("typed function references"));
  CHECK(refused_code({0xFB, 0x00, 0}).contains("garbage collection"));
  CHECK(refused_code({0xFE, 0x00, 0, 0}).contains("threads"));
  CHECK(refused_code({0xFD, 0x80, 0x02}).contains("relaxed vector"));
  CHECK(refused_code({0xFC, 0x13}).contains("wide arithmetic"));
  CHECK(refused_code({0xFC, 0x40}).contains("does not exist"));
  CHECK(refused_code({0xFF}).contains("does not exist"));
  CHECK(refused_code({0x27}).contains("does not exist"));
  const Section memory{5, {1, 0, 1}};
  CHECK(refusal(with_code({0, 0x41, 0, 0x28, 0x42, 1, 0, 0x1A, 0x0B}, {memory}))
            .contains("more than one memory"));
  CHECK(refusal(with_code({0, 0x3F, 1, 0x1A, 0x0B}, {memory})).contains("more than one memory"));
}

TEST_CASE("code that refers to what is not there is refused, though rewriting might have put it there") {
  CHECK(refused_code({0x10, 1}).contains("a function that does not exist"));
  CHECK(refused_code({0x23, 0}).contains("a global that does not exist"));
  CHECK(refused_code({0x24, 1}).contains("a global that does not exist"));
  CHECK(refused_code({0x20, 0}).contains("a local that does not exist"));
  CHECK(refused_code({0x0C, 1}).contains("leaves more blocks than there are"));
  CHECK(refused_code({0x0E, 1, 0, 5}).contains("leaves more blocks than there are"));
  CHECK(refused_code({0x11, 0, 0}).contains("a table that does not exist"));
  CHECK(refused_code({0x25, 0}).contains("a table that does not exist"));
  CHECK(refused_code({0x02, 0x01, 0x0B}).contains("a block's type does not exist"));
  CHECK(refused_code({0x02, 0x50, 0x0B}).contains("a block's type does not exist"));
  CHECK(refused_code({0x28, 2, 0}).contains("there is none"));
  CHECK(refused_code({0xFC, 9, 0}).contains("not announced"));
  CHECK(refused_code({0xFC, 13, 0}).contains("an element segment that does not exist"));
  CHECK(refused_code({0xD2, 9}).contains("a function that does not exist"));
  CHECK(refused_code({0x05}).contains("`else` has no `if`"));
  CHECK(refused_code({0x0B}).contains("follow the end"));
  CHECK(refused_code({0x04, 0x40}).contains("end too early"));
  CHECK(refusal(core_module({{7, joined_bytes({{1}, text_bytes("x"), {3, 0}})}}))
            .contains("export x is a global that"));
  CHECK(refusal(core_module({{8, {0}}})).contains("a function that does not exist"));
  CHECK(refusal(core_module({{9, {1, 1, 0, 1, 0}}})).contains("a function that does not exist"));
}

TEST_CASE("sections that are cut, doubled, out of order or unknown are refused") {
  CHECK(refusal({0, 'a', 's'}).contains("does not begin"));
  CHECK(refusal({0, 'a', 's', 'm', 2, 0, 0, 0}).contains("version"));
  CHECK(refusal(core_module({{3, {0}}, {1, {0}}})).contains("out of order"));
  CHECK(refusal(core_module({{1, {0}}, {1, {0}}})).contains("out of order"));
  CHECK(refusal(core_module({{14, {0}}})).contains("unknown number 14"));
  CHECK(refusal(core_module({{1, {0, 0}}})).contains("longer than what it holds"));
  CHECK(refusal(core_module({{1, {0x60, 0x60}}})).contains("a count is larger than what follows"));
  CHECK(refusal(core_module({{1, {1, 0x60, 0, 0}}, {3, {1, 0}}})).contains("functions have no code"));
  CHECK(refusal(core_module({{12, {1}}})).contains("another number of data segments"));
  const auto twice = joined_bytes({{2}, text_bytes("x"), {2, 0}, text_bytes("x"), {2, 0}});
  CHECK(refusal(core_module({{5, {1, 0, 1}}, {7, twice}})).contains("exports x twice"));
  CHECK(refusal(core_module({{5, {1, 0, 1}}, {7, {1, 1, 0xFF, 2, 0}}})).contains("not UTF-8"));
  const auto whole = testing::sample("everything");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    read(std::span(whole).first(size));  // no length is trusted: nothing is read past the end
  }
}
