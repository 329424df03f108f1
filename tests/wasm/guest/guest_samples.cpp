#include "tests/wasm/guest/guest_samples.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "tests/wasm/wabt.hpp"
#include "wasm/guest_compiler.hpp"

namespace celeriac::testing {

using namespace wasm;

namespace {

HostOutcome dispatch(void* instance, const void* function, std::span<const std::uint64_t> arguments,
                     std::span<std::uint64_t> results) noexcept {
  auto& host = *static_cast<TestHost*>(instance);
  const auto found = host.functions.find(*static_cast<const std::string*>(function));
  return found == host.functions.end() ? HostOutcome::go_on : found->second(arguments, results);
}

HostOutcome refuel(void* instance) noexcept {
  return static_cast<TestHost*>(instance)->refuel();
}

/// Names live as long as the program: modules of any test may point to them.
const std::string* name_of(const GuestModule::Function& function) {
  static std::map<std::string, std::unique_ptr<std::string>> names;
  auto& name = names[function.module + "." + function.name];
  if (!name) name = std::make_unique<std::string>(function.module + "." + function.name);
  return name.get();
}

}  // namespace

GuestHost TestHost::host() {
  return {testing::refuel, this};
}

protocol::Result<void> link_all(GuestModule& module) {
  std::vector<GuestImport> offered;
  for (const auto& import : module.imports()) {
    offered.push_back({import.module, import.name, import.type, dispatch, name_of(import)});
  }
  return module.link(offered);
}

std::shared_ptr<GuestModule> load_text(GuestEngine& engine, const std::string& text,
                                       const GuestLimits& limits) {
  const auto module = GuestModule::load(engine, wat2wasm(text), limits);
  if (!module) FAIL(module.error().message);
  if (const auto linked = link_all(**module); !linked) FAIL(linked.error().message);
  return *module;
}

Compiled::Compiled(const std::string& text, const GuestLimits& limits)
    : bytes_(wat2wasm(text)), limits_(limits) {
  auto name = (std::filesystem::temp_directory_path() / "celeriac-aot-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  directory_ = name;
  const auto made = compile_ahead_of_time(bytes_, limits, directory_);
  if (!made) FAIL(made.error().message);
  path_ = *made;
}

Compiled::~Compiled() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::shared_ptr<GuestModule> Compiled::load(GuestEngine& engine) const {
  const auto module = GuestModule::load(engine, bytes_, limits_, path_);
  if (!module) FAIL(module.error().message);
  if (const auto linked = link_all(**module); !linked) FAIL(linked.error().message);
  return *module;
}

}  // namespace celeriac::testing
