// Instances that share a room: nobody may notice.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>

#include "tests/wasm/guest/guest_samples.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::wasm;
using testing::Compiled;
using testing::load_text;
using testing::TestHost;
using Values = std::vector<std::uint64_t>;

namespace {

constexpr std::size_t page = 65'536;

constexpr const char* sample = R"((module
  (import "env" "other" (func $other (param i32)))
  (memory (export "memory") 1 40) (data (i32.const 100) "seed") (data (i32.const 65000) "end")
  (global $count (mut i64) (i64.const 5)) (global $ratio (mut f32) (f32.const 0.5))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "count") (result i64) (global.set $count (i64.add (global.get $count) (i64.const 1))) (global.get $count))
  (func (export "visit") (param i32) (result i32) (local i32)
    (i32.store (i32.const 200) (local.get 0))
    (call $other (local.get 0))
    (i32.sub (i32.load (i32.const 200)) (local.get 0)))))";

/// What an instance should be.
struct Model {
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(page);
  std::uint64_t count = 5;
  Model() {
    std::memcpy(&memory[100], "seed", 4);
    std::memcpy(&memory[65'000], "end", 3);
  }
};

struct Pair {
  Model model;
  std::unique_ptr<GuestInstance> instance;
};

Pair pair(const std::shared_ptr<GuestModule>& module, TestHost& host) {
  auto instance = GuestInstance::create(module, host.host());
  if (!instance) FAIL(instance.error().message);
  return {{}, std::move(*instance)};
}

void step(Pair& at, std::mt19937& random) {
  auto& [model, instance] = at;
  const std::size_t place = random() % (model.memory.size() / 4) * 4;
  const std::uint32_t value = static_cast<std::uint32_t>(random());
  switch (random() % 8) {
    case 0:
    case 1:
      REQUIRE(instance->call("store", Values{place, value}));
      std::memcpy(&model.memory[place], &value, 4);
      break;
    case 2: {
      std::uint32_t expected;
      std::memcpy(&expected, &model.memory[place], 4);
      REQUIRE(instance->call("load", Values{place}) == Values{expected});
      break;
    }
    case 3: {
      const auto by = random() % 3;
      const auto before = model.memory.size() / page;
      const bool fits = before + by <= 40;
      REQUIRE(instance->call("grow", Values{by}) == Values{fits ? before : 0xFFFF'FFFF});
      if (fits) model.memory.resize((before + by) * page);
      break;
    }
    case 4:
      REQUIRE(instance->call("size", {}) == Values{model.memory.size() / page});
      break;
    case 5:
      REQUIRE(instance->call("count", {}) == Values{++model.count});
      break;
    case 6:
      REQUIRE(instance->memory().size() == model.memory.size());
      std::memcpy(&instance->memory()[place], &value, 4);
      std::memcpy(&model.memory[place], &value, 4);
      break;
    default:
      REQUIRE(std::ranges::equal(instance->memory(), model.memory));
      break;
  }
}

}  // namespace

TEST_CASE(
    "instances that share a room have memories, sizes and globals of their own, whatever is done in turn") {
  GuestEngine engine;
  TestHost host;
  const auto module = load_text(engine, sample, {.own_rooms = 1});
  std::mt19937 random(20261102);
  std::vector<Pair> pairs;
  for (int i = 0; i < 12; ++i) pairs.push_back(pair(module, host));
  for (int round = 0; round < 2'000; ++round) {
    Pair& chosen = pairs[random() % pairs.size()];
    step(chosen, random);
    if (random() % 100 == 0) chosen = pair(module, host);  // one ends, resident or not, and another begins
  }
  for (auto& [model, instance] : pairs) {
    CHECK(std::ranges::equal(instance->memory(), model.memory));
    CHECK(instance->globals()[0] == model.count);
  }
}

TEST_CASE("a guest in the middle of a call finds its room as it left it, compiled ahead of time too") {
  const GuestLimits limits{.own_rooms = 0};
  const bool native = GENERATE(false, true);
  CAPTURE(native);
  std::optional<Compiled> compiled;
  if (native) compiled.emplace(sample, limits);
  GuestEngine engine(native ? Execution::ahead_of_time : Execution::interpreted);
  TestHost host;
  const auto module = native ? compiled->load(engine) : load_text(engine, sample, limits);
  std::vector<Pair> pairs;
  for (int i = 0; i < 5; ++i) pairs.push_back(pair(module, host));
  // Each visits the next one from inside its host function, and grows it.
  host.functions["env.other"] = [&](auto in, auto) {
    const auto next = in[0] + 1;
    if (next < pairs.size()) {
      CHECK(pairs[next].instance->call("grow", Values{next}) == Values{1});
      CHECK(pairs[next].instance->call("visit", Values{next}) == Values{next});
    }
    const auto memory = pairs[in[0]].instance->memory();
    CHECK(memory.size() == (in[0] + 1) * page);
    memory[200] = static_cast<std::uint8_t>(2 * in[0]);
    return HostOutcome::go_on;
  };
  CHECK(pairs[0].instance->call("visit", Values{0}) == Values{0});
  CHECK(pairs[4].instance->call("size", {}) == Values{5});
  CHECK(pairs[0].instance->call("size", {}) == Values{1});
}

TEST_CASE("what a guest writes behind its end, in a room that a sibling has made larger, nobody ever reads") {
  GuestEngine engine;
  TestHost host;
  const auto module = load_text(engine, sample, {.own_rooms = 0});
  auto large = pair(module, host), small = pair(module, host);
  REQUIRE(large.instance->call("grow", Values{9}) == Values{1});
  REQUIRE(large.instance->call("store", Values{5 * page, 1}));
  (void)small.instance->call("store", Values{5 * page, 77});
  CHECK(small.instance->memory().size() == page);
  CHECK(large.instance->call("load", Values{5 * page}) == Values{1});
  REQUIRE(small.instance->call("grow", Values{9}) == Values{1});
  CHECK(small.instance->call("load", Values{5 * page}) == Values{0});
}

TEST_CASE("fuel and depth are each guest's own in a shared room") {
  GuestEngine engine;
  TestHost one_host, other_host;
  const auto module = load_text(engine, R"((module (import "env" "again" (func $again (param i32)))
    (func (export "run") (param i32) (if (local.get 0) (then (call $again (i32.sub (local.get 0) (i32.const 1))))))))",
                                {.depth = 20, .own_rooms = 0});
  auto one = GuestInstance::create(module, one_host.host()).value();
  auto other = GuestInstance::create(module, other_host.host()).value();
  // Fifteen calls of each, inside each other: more than twenty together.
  one_host.functions["env.again"] = [&](auto in, auto) {
    return other->call("run", Values{in[0]}) ? HostOutcome::go_on : HostOutcome::stop;
  };
  other_host.functions["env.again"] = [&](auto in, auto) {
    return one->call("run", Values{in[0]}) ? HostOutcome::go_on : HostOutcome::stop;
  };
  CHECK(one->call("run", Values{30}));
  CHECK_FALSE(one->call("run", Values{50}));
  CHECK(one->call("run", Values{30}));
  CHECK(one->fuel_used() > 0);
  CHECK(one->fuel_used() < 20'000);
}

TEST_CASE("a snapshot goes from a shared room into one of its own, and back") {
  GuestEngine engine;
  TestHost host;
  const auto module = load_text(engine, sample, {.own_rooms = 1});
  auto own = pair(module, host), shared = pair(module, host), sibling = pair(module, host);
  REQUIRE(shared.instance->call("grow", Values{3}));
  REQUIRE(shared.instance->call("store", Values{3 * page, 1234}));
  REQUIRE(shared.instance->call("count", {}));
  const auto copy = [](GuestInstance& from, GuestInstance& to) {
    const auto globals = from.globals();
    const std::vector<std::uint8_t> bytes(from.memory().begin(), from.memory().end());
    REQUIRE(to.restore(static_cast<std::uint32_t>(bytes.size() / page), globals));
    std::ranges::copy(bytes, to.memory().begin());
  };
  copy(*shared.instance, *own.instance);
  CHECK(own.instance->call("load", Values{3 * page}) == Values{1234});
  CHECK(own.instance->call("count", {}) == Values{7});
  copy(*own.instance, *sibling.instance);
  CHECK(sibling.instance->call("load", Values{3 * page}) == Values{1234});
  CHECK(sibling.instance->call("count", {}) == Values{8});
  CHECK(shared.instance->call("count", {}) == Values{7});
}

TEST_CASE("modules without a memory, or with none at first, share rooms as well") {
  GuestEngine engine;
  TestHost host;
  const auto bare = load_text(engine, R"((module (global (mut i32) (i32.const 0))
    (func (export "next") (result i32) (global.set 0 (i32.add (global.get 0) (i32.const 1))) (global.get 0))))",
                              {.own_rooms = 0});
  auto one = pair(bare, host), other = pair(bare, host);
  CHECK(one.instance->call("next", {}) == Values{1});
  CHECK(other.instance->call("next", {}) == Values{1});
  CHECK(one.instance->call("next", {}) == Values{2});
  CHECK(one.instance->memory().empty());

  const auto empty = load_text(engine, R"((module (memory (export "memory") 0 4)
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "load") (result i32) (i32.load (i32.const 0)))))",
                               {.own_rooms = 0});
  auto first = pair(empty, host), second = pair(empty, host);
  CHECK_FALSE(first.instance->call("load", {}));
  CHECK(first.instance->call("grow", {}) == Values{0});
  first.instance->memory()[0] = 9;
  CHECK(second.instance->memory().empty());
  CHECK(second.instance->call("grow", {}) == Values{0});
  CHECK(second.instance->call("load", {}) == Values{0});
  CHECK(first.instance->call("load", {}) == Values{9});
}

TEST_CASE("without address space there is no room of one's own, but one to share if there is one already") {
  // In a child, whose limit ends with it: room for two memories of 12 GiB, and no third.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    GuestEngine engine;
    TestHost host;
    const auto module = GuestModule::load(engine, testing::wat2wasm(sample), {.own_rooms = 1}).value();
    const auto other = GuestModule::load(engine, testing::wat2wasm(sample), {.own_rooms = 9}).value();
    if (!testing::link_all(*module) || !testing::link_all(*other)) _exit(1);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit{(pages << 12) + (28ULL << 30), RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    std::vector<std::unique_ptr<GuestInstance>> instances;
    for (int i = 0; i < 20; ++i) {
      auto instance = GuestInstance::create(module, host.host());
      if (!instance || !(*instance)->call("count", {})) _exit(3);
      instances.push_back(std::move(*instance));
    }
    const auto none = GuestInstance::create(other, host.host());
    if (none || none.error().status != protocol::Status::out_of_resources) _exit(4);
    instances.erase(instances.begin());  // the one with a room of its own
    _exit(GuestInstance::create(other, host.host()) ? 0 : 5);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a module whose tables change does not share") {
  GuestEngine engine;
  TestHost host;
  const auto module = load_text(engine, R"((module (table 1 funcref)
    (func $one (result i32) (i32.const 1)) (elem declare func $one)
    (func (export "set") (table.set (i32.const 0) (ref.func $one)))
    (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0)))))",
                                {.own_rooms = 0});
  auto one = pair(module, host), other = pair(module, host);
  REQUIRE(one.instance->call("set", {}));
  CHECK(one.instance->call("call", {}) == Values{1});
  CHECK(other.instance->call("call", {}).error().message == "uninitialized element");
}
