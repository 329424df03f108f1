#include "wasm/engine.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "tests/wasm/samples.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::wasm;
using testing::Recorder;

TEST_CASE("a step asks for its operation and returns the next step") {
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, testing::two_steps(), recorder.host());
  REQUIRE(instance);
  const auto x = (*instance)->find_global("x");
  REQUIRE(x);
  (*instance)->set_global(*x, 12.25);

  CHECK((*instance)->call(0) == 1);
  CHECK((*instance)->call(1) == -1);
  REQUIRE(recorder.calls.size() == 2);
  CHECK((*instance)->imports()[recorder.calls[0].import].name == "MOVE");
  CHECK(recorder.calls[0].arguments ==
        std::vector{Value::of_f64(12.25), Value::of_f64(2.5), Value::of_f64(-3)});
  CHECK((*instance)->imports()[recorder.calls[1].import].name == "WAIT");
  CHECK(recorder.calls[1].arguments == std::vector{Value::of_f64(100)});
}

TEST_CASE("a global keeps what it was set to, NaN included") {
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, testing::two_steps(), recorder.host());
  REQUIRE(instance);
  const GlobalIndex x = (*instance)->find_global("x").value();
  CHECK(std::isnan((*instance)->global(x)));
  (*instance)->set_global(x, -7.5);
  CHECK((*instance)->global(x) == -7.5);
  (*instance)->set_global(x, testing::unknown);
  CHECK(std::isnan((*instance)->global(x)));
  CHECK_FALSE((*instance)->find_global("y"));
}

TEST_CASE("instances of one module do not share globals") {
  Engine engine;
  Recorder recorder;
  auto one = Instance::create(engine, testing::two_steps(), recorder.host());
  auto other = Instance::create(engine, testing::two_steps(), recorder.host());
  REQUIRE(one);
  REQUIRE(other);
  (*one)->set_global(GlobalIndex{0}, 1);
  (*other)->set_global(GlobalIndex{0}, 2);
  CHECK((*one)->global(GlobalIndex{0}) == 1);
  one->reset();
  CHECK((*other)->global(GlobalIndex{0}) == 2);
  CHECK((*other)->call(1) == -1);
}

TEST_CASE("i32 arguments reach the host with their sign") {
  ModuleEncoder module;
  constexpr ValueType handles[] = {ValueType::i32, ValueType::f64, ValueType::i32};
  const auto call = module.import_function("A", "B", handles);
  module.add_step(
      "0", Code().i32_const(-5).f64_const(0.1).i32_const(2'000'000'000).call(call).i32_const(-1).bytes());
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, std::move(module).finish(""), recorder.host());
  REQUIRE(instance);
  REQUIRE((*instance)->call(0) == -1);
  CHECK(recorder.calls.at(0).arguments.at(0).i32() == -5);
  CHECK(recorder.calls.at(0).arguments.at(1).f64() == 0.1);
  CHECK(recorder.calls.at(0).arguments.at(2).i32() == 2'000'000'000);
}

TEST_CASE("imports of several namespaces are told apart by their place") {
  ModuleEncoder module;
  const auto a = module.import_function("REGS", "READ", {});
  const auto b = module.import_function("SYS", "READ", {});
  module.add_step("0", Code().call(b).call(a).call(b).i32_const(-1).bytes());
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, std::move(module).finish(""), recorder.host());
  REQUIRE(instance);
  REQUIRE((*instance)->call(0) == -1);
  REQUIRE(recorder.calls.size() == 3);
  CHECK(recorder.calls[0].import == 1);
  CHECK(recorder.calls[1].import == 0);
  CHECK(recorder.calls[2].import == 1);
}

TEST_CASE("a step that does not exist is an error") {
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, testing::two_steps(), recorder.host());
  REQUIRE(instance);
  for (const std::int32_t step : {-1, 2, 1 << 30}) {
    const auto result = (*instance)->call(step);
    REQUIRE_FALSE(result);
    CHECK(result.error().status == protocol::Status::internal);
  }
  CHECK(recorder.calls.empty());
}

TEST_CASE("an import that the host does not have is named in the refusal") {
  Engine engine;
  Recorder recorder;
  HostCall host = recorder.host();
  host.offers = [](const Import& import) noexcept { return import.name == "WAIT"; };
  const auto instance = Instance::create(engine, testing::two_steps(), host);
  REQUIRE_FALSE(instance);
  CHECK(instance.error().status == protocol::Status::unknown_operation);
  CHECK(instance.error().message.find("SYS.MOVE") != std::string::npos);
}

TEST_CASE("an import that stands twice is refused") {
  ModuleEncoder module;
  module.import_function("A", "B", {});
  module.import_function("A", "B", {});
  Engine engine;
  Recorder recorder;
  CHECK_FALSE(Instance::create(engine, std::move(module).finish(""), recorder.host()));
}

TEST_CASE("a module whose stack does not fit is refused by the validator") {
  ModuleEncoder module;
  module.add_step("0", Code().f64_const(1).bytes());
  Engine engine;
  Recorder recorder;
  const auto instance = Instance::create(engine, std::move(module).finish(""), recorder.host());
  REQUIRE_FALSE(instance);
  CHECK(instance.error().status == protocol::Status::invalid_code);
}

TEST_CASE("native code in a custom section is not run") {
  ModuleEncoder module;
  module.add_step("0", Code().i32_const(7).bytes());
  const Bytes garbage(64, 0xCC);
  module.add_custom_section("wasmedge", garbage);
  Engine engine;
  Recorder recorder;
  auto instance = Instance::create(engine, std::move(module).finish(""), recorder.host());
  REQUIRE(instance);
  CHECK((*instance)->call(0) == 7);
}

TEST_CASE("bytes that are no module are an error, an ELF file included") {
  Engine engine;
  Recorder recorder;
  const std::vector<std::uint8_t> elf{0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0};
  for (const auto& bytes : {std::vector<std::uint8_t>{}, elf, std::vector<std::uint8_t>(100, 0)}) {
    const auto instance = Instance::create(engine, bytes, recorder.host());
    REQUIRE_FALSE(instance);
    CHECK(instance.error().status == protocol::Status::invalid_code);
  }
}

TEST_CASE("ten thousand corrupted modules are refused or run, and nothing crashes") {
  Engine engine;
  const Bytes good = testing::two_steps();
  std::mt19937 random(20260101);  // fixed: a failure can be run again
  for (int round = 0; round < 10'000; ++round) {
    Bytes bad = good;
    const auto changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    if (random() % 8 == 0) bad.resize(random() % bad.size());
    Recorder recorder;
    auto instance = Instance::create(engine, bad, recorder.host());
    if (!instance) continue;
    for (std::size_t step = 0; step < (*instance)->steps(); ++step) {
      (void)(*instance)->call(static_cast<std::int32_t>(step));
    }
  }
}
