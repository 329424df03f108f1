// Instances on fibers, interpreted and compiled ahead of time: many in the middle of calls, traps in every
// order.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <random>

#include "guest/fiber.hpp"
#include "tests/wasm/guest/guest_samples.hpp"

using namespace celeriac;
using namespace celeriac::wasm;
using celeriac::guest::Fiber;
using testing::Compiled;
using testing::TestHost;
using Values = std::vector<std::uint64_t>;

namespace {

/// `run` sleeps at four depths of its own recursion, calls back into itself through the host, and ends as it
/// is told.
constexpr const char* sleeper = R"((module
  (import "env" "sleep" (func $sleep (param i32) (result i32)))
  (memory (export "memory") 1 20) (global $sum (mut i32) (i32.const 0))
  (func (export "note") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get 0))) (i32.load (i32.const 0)))
  (func $deep (param i32 i32) (result i32)
    (global.set $sum (i32.add (global.get $sum) (call $sleep (local.get 0))))
    (if (result i32) (local.get 1)
      (then (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1))))
      (else
        (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (drop (i32.load (i32.const -4)))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (loop (br 0))))
        (i32.add (global.get $sum) (i32.load (i32.const 0))))))
  (func (export "run") (param i32) (result i32) (call $deep (local.get 0) (i32.const 3)))))";

/// One guest that runs on its fiber, and sleeps whenever it calls its host.
struct Sleeper {
  TestHost host;
  std::unique_ptr<GuestInstance> instance;
  std::unique_ptr<Fiber> fiber;
  std::expected<Values, GuestFault> result;

  Sleeper(const std::shared_ptr<GuestModule>& module, std::uint64_t how, std::size_t stack) {
    host.functions["env.sleep"] = [this](auto, auto results) {
      try {
        Fiber::suspend();
      } catch (const guest::Killed&) {
        return HostOutcome::stop;
      }
      const auto noted = instance->call("note", Values{10});  // as cabi_realloc is called
      if (!noted) return HostOutcome::stop;
      results[0] = 1;
      return HostOutcome::go_on;
    };
    host.refuel = [] { return HostOutcome::stop; };  // spinning ends with the first slice
    fiber = std::make_unique<Fiber>(
        [this, module, how] {
          instance = GuestInstance::create(module, host.host()).value();
          result = instance->call("run", Values{how});
        },
        stack);
    fiber->resume();
  }
};

std::string ending(const Sleeper& one) {
  return one.result ? std::to_string(one.result->front()) : one.result.error().message;
}

constexpr const char* endings[] = {"44", "unreachable", "out of bounds memory access", "stopped by its host"};

void interleave(const std::shared_ptr<GuestModule>& module, std::size_t count, std::size_t stack) {
  std::mt19937 random(20261101);
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  for (std::size_t i = 0; i < count; ++i) sleepers.push_back(std::make_unique<Sleeper>(module, i % 4, stack));
  std::vector<Sleeper*> asleep;
  for (const auto& one : sleepers) asleep.push_back(one.get());
  while (!asleep.empty()) {
    const auto chosen = random() % asleep.size();
    asleep[chosen]->fiber->resume();
    if (!asleep[chosen]->fiber->finished()) continue;
    asleep[chosen] = asleep.back();
    asleep.pop_back();
  }
  for (std::size_t i = 0; i < count; ++i) {
    INFO("instance " << i);
    REQUIRE(ending(*sleepers[i]) == endings[i % 4]);
  }
}

}  // namespace

TEST_CASE("a thousand interpreted instances, each in the middle of a call, end and trap in every order") {
  GuestEngine engine;
  interleave(testing::load_text(engine, sleeper, {.fuel_slice = 10'000}), 1'000, Fiber::default_stack_bytes);
}

TEST_CASE(
    "instances compiled ahead of time sleep on fibers and trap in every order, as interpreted ones do") {
  const Compiled compiled(sleeper);
  GuestEngine engine(Execution::ahead_of_time);
  interleave(compiled.load(engine), 200, ahead_of_time_stack_bytes);
}

TEST_CASE("a guest that sleeps in its host is killed with its fiber") {
  GuestEngine engine;
  const auto module = testing::load_text(engine, sleeper);
  Sleeper one(module, 0, Fiber::default_stack_bytes), other(module, 0, Fiber::default_stack_bytes);
  one.fiber->kill();
  REQUIRE(one.fiber->finished());
  CHECK(ending(one) == "stopped by its host");
  for (int i = 0; i < 4; ++i) other.fiber->resume();
  CHECK(ending(other) == "44");
}

TEST_CASE("a guest that spins gives way at the end of each slice, and is killed there") {
  GuestEngine engine;
  const auto module =
      testing::load_text(engine, R"((module (func (export "spin") (loop (br 0)))))", {.fuel_slice = 10'000});
  TestHost host;
  host.refuel = [] {
    try {
      Fiber::suspend();
    } catch (const guest::Killed&) {
      return HostOutcome::stop;
    }
    return HostOutcome::go_on;
  };
  std::expected<Values, GuestFault> result;
  Fiber fiber([&] {
    const auto instance = GuestInstance::create(module, host.host()).value();
    result = instance->call("spin", {});
  });
  for (int slice = 0; slice < 100; ++slice) fiber.resume();
  REQUIRE_FALSE(fiber.finished());
  fiber.kill();
  REQUIRE(fiber.finished());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == GuestFault::Kind::stopped);
}
