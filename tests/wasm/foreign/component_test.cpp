// The guest's own module is found in a component, or the reason is said.

#include "wasm/foreign/component.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/wasm/foreign/component_writer.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/foreign/instrument.hpp"
#include "wasm/foreign/module.hpp"

using namespace celeriac;
using namespace celeriac::wasm::foreign;
using celeriac::testing::ComponentWriter;
using celeriac::testing::ModuleBytes;
using celeriac::testing::sample;
using celeriac::testing::wat2wasm;

namespace {

std::string refusal_of(const ModuleBytes& bytes, const Limits& limits = {}) {
  const auto found = main_module(bytes, limits);
  return found ? "" : found.error().message;
}

/// A custom section that describes the interface of a module, with the encoding of its texts in it.
ModuleBytes interface_section(std::uint8_t encoding) {
  const ModuleBytes described = ComponentWriter().custom("wit-component-encoding", {4, encoding}).bytes();
  return testing::joined_bytes({testing::text_bytes("component-type:process"), described});
}

ModuleBytes with_custom(ModuleBytes module, const ModuleBytes& contents) {
  module.push_back(0);
  module.push_back(static_cast<std::uint8_t>(contents.size()));
  module.insert(module.end(), contents.begin(), contents.end());
  return module;
}

}  // namespace

TEST_CASE(
    "4: a component gives its main module, byte for byte, and it is read and rewritten like the module "
    "itself") {
  const auto main = sample("kinode");
  const auto component = testing::component_around(main);
  CHECK(read(component).error().message.contains("it is a component"));
  const auto found = main_module(component);
  if (!found) FAIL(found.error().message);
  REQUIRE(std::ranges::equal(*found, main));
  const auto module = read(*found);
  REQUIRE(module);
  CHECK(text(*module->exported_function("init")) == "(i32, i32) -> ()");
  CHECK(instrument(*module)->bytes == instrument(*read(main))->bytes);
}

TEST_CASE("4: every export that a host calls marks a main module, in both spellings") {
  for (const char* name : {"init", "cm32p2||init", "wasi:messaging/incoming-handler@0.2.0-draft#handle",
                           "cm32p2|wasi:messaging/incoming-handler@0.2.0-draft|handle", "_start",
                           "message_received", "_message_received", "farm_main"}) {
    CAPTURE(name);
    const auto main =
        wat2wasm("(module (memory (export \"memory\") 1) (func (export \"" + std::string(name) + "\")))");
    const auto component = testing::component_around(main);
    const auto found = main_module(component);
    REQUIRE(found);
    CHECK(std::ranges::equal(*found, main));
  }
  CHECK_FALSE(is_wanted_export("initialise"));
  CHECK_FALSE(is_wanted_export("wasi:messaging/incoming-handler@0.2.0-draft#subscribe"));
}

TEST_CASE("a core module is its own main module") {
  const auto bytes = sample("kinode");
  const auto found = main_module(bytes);
  REQUIRE(found);
  CHECK(found->data() == bytes.data());
  CHECK(found->size() == bytes.size());
}

TEST_CASE("5: a component without a suitable module is refused with the reason") {
  CHECK(refusal_of(ComponentWriter().bytes()).contains("without a core module"));
  CHECK(
      refusal_of(
          ComponentWriter().core_module(testing::shim_module()).core_module(testing::fixup_module()).bytes())
          .contains("2 core modules, none of which exports a memory and a function that a host calls"));
  // The export that is wanted comes from an adapter, not from the main module.
  CHECK(refusal_of(testing::component_around(wat2wasm("(module (memory (export \"memory\") 1))")))
            .contains("none of which exports"));
}

TEST_CASE("5: a component with two modules that could be the guest's is refused") {
  const auto bytes = ComponentWriter().core_module(sample("kinode")).core_module(sample("messaging")).bytes();
  CHECK(refusal_of(bytes).contains("2 core modules could be the guest's own"));
}

TEST_CASE("5: components that are composed of others are refused") {
  const auto inner = testing::component_around(sample("kinode"));
  CHECK(refusal_of(ComponentWriter().nested(inner).bytes()).contains("composed of several"));
  CHECK(refusal_of(ComponentWriter().nested(ComponentWriter().nested(inner).bytes()).bytes())
            .contains("composed of several"));
  CHECK(refusal_of(ComponentWriter().core_module(sample("kinode")).nested(inner).bytes())
            .contains("composed of several"));
}

TEST_CASE("5: modules that are linked at run time are refused, naming what they import") {
  const auto linked = wat2wasm(R"((module
    (import "env" "memory" (memory 1))
    (import "GOT.mem" "errno" (global (mut i32)))
    (export "memory" (memory 0))
    (func (export "init") (param i32 i32))))");
  CHECK(refusal_of(testing::component_around(linked)).contains("imports the memory memory of env"));
  CHECK(refusal_of(linked).contains("imports the memory memory of env"));
  const auto dynamic =
      with_custom(wat2wasm("(module)"), testing::joined_bytes({testing::text_bytes("dylink.0"), {1}}));
  CHECK(refusal_of(dynamic).contains("linked at run time"));
  CHECK(refusal_of(ComponentWriter().core_module(dynamic).bytes()).contains("linked at run time"));
}

TEST_CASE("5: asynchronous functions and 64-bit memories are refused") {
  CHECK(refusal_of(wat2wasm(R"((module (memory (export "memory") 1)
    (func (export "[async-lift]init") (result i32) (i32.const 0)) (func (export "init"))))"))
            .contains("[async-lift]init is an asynchronous function"));
  CHECK(refusal_of(wat2wasm(R"((module (import "$root" "[context-get-0]" (func (result i32)))))"))
            .contains("[context-get-0] is an asynchronous function"));
  const auto wide = testing::core_module(
      {{5, {1, 4, 1}}, {7, testing::joined_bytes({{1}, testing::text_bytes("memory"), {2, 0}})}});
  CHECK(refusal_of(wide).contains("memory of 64 bits"));
}

TEST_CASE("5: texts that are not UTF-8 are refused, wherever that is written down") {
  const auto main = sample("kinode");
  CHECK(refusal_of(ComponentWriter().core_module(main).lift({0x00}, 1).bytes()) == "");
  CHECK(refusal_of(ComponentWriter().core_module(main).lift({0x01}, 1).bytes()).contains("UTF-16"));
  CHECK(refusal_of(ComponentWriter().core_module(main).lower({0x02}, 1).bytes()).contains("Latin-1"));
  CHECK(refusal_of(ComponentWriter().core_module(main).lower({0x06}, 1).bytes()).contains("asynchronous"));
  CHECK(
      refusal_of(ComponentWriter().core_module(main).lift({0x07, 0x03}, 1).bytes()).contains("asynchronous"));
  CHECK(refusal_of(ComponentWriter().core_module(main).lift({0x09}, 1).bytes())
            .contains("options that are not"));
  CHECK(refusal_of(ComponentWriter().core_module(main).section(8, {1, 0x0A, 0x7F, 0}).bytes())
            .contains("asynchronous"));
  CHECK(refusal_of(with_custom(main, interface_section(0))) == "");
  CHECK(refusal_of(with_custom(main, interface_section(1))).contains("UTF-16"));
  CHECK(refusal_of(testing::component_around(with_custom(main, interface_section(2)))).contains("Latin-1"));
}

TEST_CASE("5: a component that is cut, spoilt or too deep is refused, not read past its end") {
  const auto whole = testing::component_around(sample("kinode"));
  REQUIRE(main_module(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ModuleBytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto found = main_module(cut);
    // Where a section ends the rest is missed by nobody; anywhere else it is.
    if (found) CHECK(std::ranges::equal(*found, sample("kinode")));
  }
  CHECK(refusal_of({0, 'a', 's', 'm'}).contains("does not begin"));
  CHECK(refusal_of({0, 'a', 's', 'm', 0x0D, 0, 2, 0}).contains("does not begin"));
  CHECK(refusal_of(ComponentWriter().section(13, {}).bytes()).contains("unknown number 13"));
  CHECK(refusal_of(ComponentWriter().section(8, {1, 0}).bytes()).contains("cannot be read"));
  CHECK(refusal_of(ComponentWriter().core_module({1, 2, 3}).bytes()).contains("core module that is none"));

  ModuleBytes nested = ComponentWriter().bytes();
  for (std::size_t i = 0; i <= max_component_nesting; ++i) nested = ComponentWriter().nested(nested).bytes();
  CHECK(refusal_of(nested).contains("nested deeper than the limit, 8"));

  ComponentWriter many;
  for (std::size_t i = 0; i <= max_core_modules; ++i) many.core_module(testing::shim_module());
  CHECK(refusal_of(many.bytes()).contains("more core modules than the limit, 64"));
  CHECK(refusal_of(whole, {.module_bytes = 100}).contains("the limit is 100"));
}
