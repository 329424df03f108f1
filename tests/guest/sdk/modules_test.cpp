// Modules that the SDK builds import and export what the reference says, and nothing else.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "tests/guest/sdk/reference.hpp"
#include "wasm/foreign/component.hpp"
#include "wasm/foreign/module.hpp"

using namespace celeriac;
using wasm::foreign::ForeignModule;

namespace {

std::vector<std::uint8_t> bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Module {
  explicit Module(const char* path) : bytes(bytes_of(path)) {
    auto read = wasm::foreign::read(bytes);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    parts = std::move(*read);
  }
  [[nodiscard]] std::set<std::string> exports() const {
    std::set<std::string> names;
    for (const auto& each : parts.exports) names.insert(each.name);
    return names;
  }
  [[nodiscard]] std::string export_type(std::string_view name) const {
    for (const auto& each : parts.exports)
      if (each.name == name && each.kind == wasm::foreign::ExportKind::function)
        return text(parts.types[parts.bodies[each.index - parts.imports.size()].type]);
    return "none";
  }

  std::vector<std::uint8_t> bytes;
  ForeignModule parts;
};

/// Every import is a row of the reference, with the version of Kinode that it is built for, or of preview 1.
void check_imports(const Module& module, std::string_view version) {
  for (const auto& import : module.parts.imports) {
    std::string_view from = import.module;
    if (from == "wasi_snapshot_preview1") continue;
    if (const auto at = from.find('@'); at != std::string_view::npos && from.starts_with("kinode:")) {
      CHECK(from.substr(at + 1) == version);
      from = from.substr(0, at);
    }
    const auto type = text(module.parts.types[import.type]);
    INFO(import.module << ' ' << import.field << ' ' << type);
    CHECK(std::ranges::any_of(test::imports(), [&](const test::ReferenceRow& row) {
      return row.module == from && row.field == import.field && test::spelt(row.type) == type;
    }));
  }
}

struct Row {
  const char* path;
  std::string_view version;
  std::set<std::string> exports;
};

const std::set<std::string> kinode_exports{"memory", "cabi_realloc", "init"};
const std::string handler = "wasi:messaging/incoming-handler@0.2.0-draft#";

}  // namespace

TEST_CASE("guests of the SDK import and export what their interface has, by name and type") {
  const std::set<std::string> messaging{"memory", "cabi_realloc", handler + "handle",
                                        "cabi_post_" + handler + "handle"};
  auto messaging_a = messaging;
  messaging_a.insert({handler + "subscribe", "cabi_post_" + handler + "subscribe"});
  const Row rows[] = {
      {KINODE_PUPPET_WASM, "0.7.0", kinode_exports},
      {KINODE_PUPPET_0_8_WASM, "0.8.0", kinode_exports},
      {KINODE_PUPPET_1_0_WASM, "1.0.0", kinode_exports},
      {KINODE_BREAKER_WASM, "0.7.0", kinode_exports},
      {ECHO_KINODE_0_7_WASM, "0.7.0", kinode_exports},
      {ASSEMBLYSCRIPT_WASM, "0.7.0", kinode_exports},
      {WASI_PUPPET_A_WASM, "", messaging_a},
      {WASI_PUPPET_WASM, "", messaging},
      {OTHISMO_PUPPET_WASM, "", {"memory", "_othismo_start", "prepare_inbox", "message_received"}},
      {OTHISMO_PUPPET_3_WASM,
       "",
       {"memory", "_othismo_start", "_allocate_message", "_message_received", "_run"}},
      {ECHO_FARM_WASM, "", {"memory", "farm_main"}},
      {FARM_PUPPET_WASM, "", {"memory", "farm_main"}},
      {ECHO_PROGRAM_WASM, "", {"memory", "_start"}},
      {WEATHER_WATCHER_WASM, "0.7.0", {"memory", "cabi_realloc", "init", "_initialize"}},
  };
  for (const auto& row : rows) {
    INFO(row.path);
    const Module module(row.path);
    CHECK(module.exports() == row.exports);
    check_imports(module, row.version);
  }
}

TEST_CASE("exports of the SDK have the types of the reference") {
  const Module kinode(KINODE_PUPPET_WASM), messaging(WASI_PUPPET_A_WASM), one(OTHISMO_PUPPET_WASM),
      three(OTHISMO_PUPPET_3_WASM);
  CHECK(kinode.export_type("init") == test::spelt("2"));
  CHECK(kinode.export_type("cabi_realloc") == test::spelt("4>1"));
  CHECK(messaging.export_type(handler + "handle") == test::spelt("1>1"));
  CHECK(messaging.export_type(handler + "subscribe") == test::spelt("0>1"));
  CHECK(messaging.export_type("cabi_post_" + handler + "handle") == test::spelt("1"));
  CHECK(one.export_type("prepare_inbox") == test::spelt("1>1"));
  CHECK(one.export_type("message_received") == test::spelt("0"));
  CHECK(three.export_type("_allocate_message") == test::spelt("1>1"));
  CHECK(three.export_type("_message_received") == test::spelt("1"));
  CHECK(three.export_type("_run") == test::spelt("0"));
}

TEST_CASE("the puppets of Kinode import every function of their version") {
  const std::pair<const char*, bool> puppets[] = {
      {KINODE_PUPPET_WASM, false}, {KINODE_PUPPET_0_8_WASM, false}, {KINODE_PUPPET_1_0_WASM, true}};
  for (const auto& [path, newest] : puppets) {
    INFO(path);
    const Module module(path);
    std::set<std::string> fields, wanted;
    for (const auto& import : module.parts.imports) fields.insert(import.field);
    for (const auto& row : test::imports())
      if (row.module.starts_with("kinode") &&
          (newest || (row.field != "our" && row.field != "has-blob" && row.field != "last-blob")))
        wanted.insert(std::string(row.field));
    CHECK(fields == wanted);
  }
}

TEST_CASE("4: a component's main module is the guest's own, byte for byte") {
  const auto component = bytes_of(COMPONENT_ECHO_WASM), core = bytes_of(ECHO_WASM);
  const auto found = wasm::foreign::main_module(component);
  REQUIRE(found);
  CHECK(std::ranges::equal(*found, core));
}

TEST_CASE(
    "5: components with no main module, with two, nested, or with texts in UTF-16 are refused with the "
    "reason") {
  for (const char* path :
       {COMPONENT_WITHOUT_MAIN_WASM, COMPONENT_OF_TWO_WASM, COMPONENT_NESTED_WASM, COMPONENT_UTF16_WASM}) {
    INFO(path);
    const auto component = bytes_of(path);
    const auto found = wasm::foreign::main_module(component);
    REQUIRE_FALSE(found);
    CHECK(found.error().status == protocol::Status::invalid_code);
    CHECK(found.error().message.size() > 20);
  }
}
