// The example packages are what the VM takes, and want what their documents say.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "protocol/package_file.hpp"
#include "vm/packages/consent.hpp"
#include "vm/packages/package.hpp"

using namespace celeriac;

namespace {

vm::Package package(const std::string& path) {
  INFO(path);
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  const std::string archive(std::istreambuf_iterator<char>(file), {});
  auto read = vm::read_package(protocol::join_package_file("", archive), {.keys = {}, .unsigned_too = true});
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  return std::move(*read);
}

}  // namespace

TEST_CASE("example packages are read without a warning, and their modules are there") {
  for (const char* name : {"echo", "soil-logger", "weather-watcher", "status-page", "time-lapse"}) {
    INFO(name);
    const auto made = package(std::string(EXAMPLE_PACKAGES) + "/" + name + ".celeriac");
    CHECK(made.metadata.id() == std::string(name) + ":celeriac");
    CHECK(made.manifest.warnings == std::vector<std::string>());
    for (const auto& process : made.manifest.processes) CHECK(made.files.contains(process.module));
  }
}

TEST_CASE("what an example wants is said in words") {
  const auto wants = vm::Consent().wants(package(EXAMPLE_PACKAGES "/soil-logger.celeriac").manifest);
  CHECK(std::ranges::any_of(wants,
                            [](const std::string& sentence) { return sentence.contains("read pin 59"); }));
}
