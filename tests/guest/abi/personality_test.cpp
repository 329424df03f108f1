#include "guest/abi/personality.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>

#include "guest/abi/canonical/names.hpp"
#include "guest/abi/kinode/kinode.hpp"
#include "guest/abi/kinode/process.hpp"

using namespace celeriac;
using namespace celeriac::guest;

namespace {

constexpr auto i32 = wasm::NumberType::i32;
const wasm::Signature realloc_type{{i32, i32, i32, i32}, {i32}};
const wasm::Signature init_type{{i32, i32}, {}};

/// A Kinode module that imports all of `interface`.
ModuleShape kinode_module(std::string_view interface, std::string_view realloc = "cabi_realloc",
                          std::string_view init = "init") {
  ModuleShape module;
  const kinode::Process process;
  for (const auto& function : process.functions())
    if (function.module == interface)
      module.imports.push_back({function.module, function.field, function.type});
  module.exports = {{"", realloc, realloc_type}, {"", init, init_type}};
  return module;
}

std::string refusal(const ModuleShape& module, std::string_view hint = "") {
  const auto made = personality_for(module, hint);
  if (made) return "";
  CHECK(made.error().status == protocol::Status::invalid_code);
  return made.error().message;
}

}  // namespace

TEST_CASE("1, 21: a module that imports everything of any version, in either spelling, is taken") {
  const std::map<std::string_view, std::size_t> sizes{
      {"kinode:process/standard@0.7.0", 16},      {"kinode:process/standard@0.8.0", 16},
      {"kinode:process/standard@1.0.0", 19},      {"hyperware:process/standard@1.0.0", 19},
      {"cm32p2|kinode:process/standard@0.7", 16}, {"cm32p2|kinode:process/standard@0.8", 16},
      {"cm32p2|kinode:process/standard@1", 19},   {"cm32p2|hyperware:process/standard@1", 19}};
  for (const auto& [interface, size] : sizes) {
    INFO(interface);
    const bool standardised = interface.starts_with("cm32p2");
    const auto module = kinode_module(interface, standardised ? "cm32p2_realloc" : "cabi_realloc",
                                      standardised ? "cm32p2||init" : "init");
    CHECK(module.imports.size() == size);
    CHECK(refusal(module) == "");
    CHECK(refusal(module, "kinode") == "");
  }
}

TEST_CASE("2: an import of another type is refused, by module and field") {
  auto module = kinode_module("kinode:process/standard@0.7.0");
  for (auto& import : module.imports)
    if (import.name == "receive") import.type = {{i32, i32}, {}};
  CHECK(refusal(module) ==
        "The module imports kinode:process/standard@0.7.0 receive as (i32, i32) -> (), but its type is (i32) "
        "-> ().");
}

TEST_CASE("3: an import that nobody offers is refused by name, and the nearest is named") {
  auto module = kinode_module("kinode:process/standard@0.7.0");
  module.imports.push_back({"kinode:process/standard@0.7.0", "send-requestz", {{i32}, {}}});
  CHECK(refusal(module) ==
        "The module imports kinode:process/standard@0.7.0 send-requestz, which this host does not offer; "
        "send-request is meant, perhaps.");
  module.imports.back() = {"env", "abort", {}};
  CHECK(refusal(module) == "The module imports env abort, which this host does not offer.");
  module.imports.back() = {"kinode:process/standard@0.9.0", "receive", {{i32}, {}}};
  CHECK(
      refusal(module).starts_with("The module imports kinode:process/standard@0.9.0 receive, which this host "
                                  "does not offer; kinode:process/standard@0."));
}

TEST_CASE("3: has-blob belongs to 1.0.0 alone") {
  auto module = kinode_module("kinode:process/standard@0.8.0");
  module.imports.push_back({"kinode:process/standard@0.8.0", "has-blob", {{}, {i32}}});
  CHECK(refusal(module).contains("has-blob"));
}

TEST_CASE("7: a module whose imports need memory and that exports no allocator is refused") {
  auto module = kinode_module("kinode:process/standard@0.7.0");
  std::erase_if(module.exports, [](const auto& one) { return one.name == "cabi_realloc"; });
  CHECK(refusal(module).contains("but exports no cabi_realloc"));
  module.exports.push_back({"", "cabi_realloc", {{i32}, {i32}}});
  CHECK(refusal(module) ==
        "The module exports cabi_realloc as (i32) -> (i32), but its type is (i32, i32, i32, i32) -> (i32).");
  module.exports.back() = {"", "cabi_export_realloc", realloc_type};  // only for what is passed to init
  CHECK(refusal(module).starts_with("The module imports kinode:process/standard@0.7.0"));
  module.exports.push_back({"", "cabi_import_realloc", realloc_type});
  CHECK(refusal(module) == "");
}

TEST_CASE("a Kinode module without init, or with another one, is refused") {
  auto module = kinode_module("kinode:process/standard@0.7.0");
  module.exports.back().type = {{}, {}};
  CHECK(refusal(module) == "The module exports init as () -> (), but its type is (i32, i32) -> ().");
  module.exports.pop_back();
  CHECK(refusal(module) ==
        "The module is a Kinode process, but exports no init, which would be called with its address.");
}

TEST_CASE("a module whose strings are not UTF-8 is refused, if it says so") {
  auto module = kinode_module("kinode:process/standard@0.7.0");
  using namespace std::string_view_literals;
  module.wit = "\0asm...\x16wit-component-encoding\x04\x00more"sv;
  CHECK(refusal(module) == "");
  module.wit = "\0asm...\x16wit-component-encoding\x04\x01more"sv;
  CHECK(refusal(module).starts_with("The module's strings are UTF-16; this host reads UTF-8 alone."));
}

TEST_CASE("a module of no ABI is refused with the signs of those that there are") {
  CHECK(refusal({}).contains("kinode (imports kinode:process/standard)"));
}

TEST_CASE("a hint that names no ABI is refused with those that there are") {
  CHECK(refusal({}, "cobol").starts_with("There is no ABI named cobol; there are kinode"));
}

TEST_CASE("21: a version is cut to its compatibility track in the standardised spelling") {
  using canonical::compatibility_track;
  CHECK(compatibility_track("1.2.3") == "1");
  CHECK(compatibility_track("0.7.0") == "0.7");
  CHECK(compatibility_track("0.0.4") == "0.0.4");
  CHECK(compatibility_track("0.2.0-draft") == "0.2.0-draft");
  CHECK(compatibility_track("10.0.0") == "10");
  CHECK(canonical::import_modules("wasi:messaging/types@0.2.0-draft")[1] ==
        "cm32p2|wasi:messaging/types@0.2.0-draft");
  CHECK(canonical::resource_drop_field("wasi:messaging/types@0.2.0-draft", "message") ==
        "[resource-drop]message");
  CHECK(canonical::resource_drop_field("cm32p2|wasi:messaging/types@0.2.0-draft", "message") ==
        "message_drop");
}
