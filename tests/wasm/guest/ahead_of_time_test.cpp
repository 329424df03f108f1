// Modules compiled ahead of time behind the same seam.

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "guest/fiber.hpp"
#include "tests/wasm/guest/guest_samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/guest_compiler.hpp"

using namespace celeriac;
using namespace celeriac::wasm;
using enum celeriac::wasm::GuestFault::Kind;
using testing::Compiled;
using testing::TestHost;
using Values = std::vector<std::uint64_t>;

namespace {

std::unique_ptr<GuestInstance> made(const std::shared_ptr<GuestModule>& module, TestHost& host) {
  auto instance = GuestInstance::create(module, host.host());
  if (!instance) FAIL(instance.error().message);
  return std::move(*instance);
}

constexpr const char* sample = R"((module
  (import "env" "enter" (func $enter (param i32) (result i32)))
  (memory (export "memory") 1 64) (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "trap") unreachable)
  (func (export "bounds") (drop (i32.load (i32.const 0x7FFFFFFF))))
  (func (export "spin") (loop (br 0)))
  (func $for_ever (export "for_ever") (call $for_ever))
  (func (export "run") (param i32) (result i32)
    (loop
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $enter (local.get 0))))
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (br_if 0 (i32.lt_u (global.get $calls) (i32.const 5))))
    (i32.load (i32.const 0)))))";

}  // namespace

TEST_CASE("compiled code is called from inside its host functions, over and over, and memory grows there") {
  const Compiled compiled(sample);
  GuestEngine engine(Execution::ahead_of_time);
  TestHost host;
  const auto instance = made(compiled.load(engine), host);
  host.functions["env.enter"] = [&](auto in, auto results) {
    const auto at = instance->call("cabi_realloc", Values{0, 0, 4, 4});
    REQUIRE(at);
    CHECK(instance->memory().size() == at->front() + 65'536);
    CHECK_FALSE(instance->call("trap", {}));
    CHECK(instance->call("bounds", {}).error().message == "out of bounds memory access");
    CHECK(instance->call("down", Values{100}) == Values{100});
    results[0] = in[0];
    return HostOutcome::go_on;
  };
  CHECK(instance->call("run", Values{3}) == Values{15});
  CHECK(instance->memory().size() == 6 * 65'536);
  CHECK(instance->globals() == Values{5});
}

TEST_CASE("compiled code is refuelled, stopped, and kept from recursing for ever") {
  const Compiled compiled(sample);
  GuestEngine engine(Execution::ahead_of_time);
  TestHost host;
  const auto instance = made(compiled.load(engine), host);
  int slices = 0;
  host.refuel = [&] { return ++slices < 10 ? HostOutcome::go_on : HostOutcome::stop; };
  CHECK(instance->call("spin", {}).error().kind == stopped);
  CHECK(slices == 10);
  slices = 0;
  guest::Fiber fiber(
      [&] {
        for (int round = 0; round < 3; ++round) {
          CHECK(instance->call("for_ever", {}).error().kind == too_deep);
          CHECK(instance->call("down", Values{4'000}) == Values{4'000});
        }
      },
      ahead_of_time_stack_bytes);
  fiber.resume();
  CHECK(fiber.finished());
  host.functions["env.enter"] = [](auto, auto) { return HostOutcome::stop; };
  CHECK(instance->call("run", Values{3}).error().kind == stopped);
}

TEST_CASE("only what was compiled from a module is loaded for it") {
  const Compiled compiled(sample);
  GuestEngine engine(Execution::ahead_of_time);
  const auto refused = [&](const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
    const auto module = GuestModule::load(engine, bytes, {}, path);
    REQUIRE_FALSE(module);
    return module.error().status;
  };
  const auto other = testing::wat2wasm("(module (func (export \"run\")))");
  CHECK(refused(compiled.path(), other) == protocol::Status::invalid_code);
  CHECK(refused(compiled.path().string() + ".none", compiled.bytes()) == protocol::Status::not_found);
  CHECK(compiled_name(compiled.bytes(), {}) != compiled_name(compiled.bytes(), {.depth = 1}));
  CHECK(compiled_name(compiled.bytes(), {}) == compiled.path().filename());
}

TEST_CASE("a module that is refused is not compiled, and leaves no file") {
  const std::vector<std::uint8_t> garbage(100, 7);
  const auto made = compile_ahead_of_time(garbage, {}, std::filesystem::temp_directory_path());
  REQUIRE_FALSE(made);
  CHECK(made.error().status == protocol::Status::invalid_code);
}
