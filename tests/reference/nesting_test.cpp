// Sequences that call sequences: deep is fine, endless has a name, and a last call takes no room.

#include <malloc.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/reference/bridge.hpp"

namespace celeriac::reference {
namespace {

using vm::State;

Json sequence(std::int64_t id, Json body) {
  const Json scope = {{"kind", "scope_declaration"}, {"args", Json::object()}};
  return {{"kind", "sequence"},
          {"id", id},
          {"args", {{"version", 20180209}, {"locals", scope}}},
          {"body", std::move(body)}};
}
Json execute(std::int64_t id) {
  return {{"kind", "execute"}, {"args", {{"sequence_id", id}}}};
}
Json wait(int milliseconds) {
  return {{"kind", "wait"}, {"args", {{"milliseconds", milliseconds}}}};
}

/// One sequence that calls itself.
Account repeating(Json body) {
  Account account;
  account.root = account.sequences[1] = sequence(1, std::move(body));
  return account;
}

/// An answer that notes that it was given.
vm::Answer note(bool& given) {
  return {.give = [&given](const protocol::Result<void>&) { given = true; },
          .abandoned = [] { return false; }};
}

/// Bytes that the program holds on the heap.
std::size_t heap() {
  return ::mallinfo2().uordblks;
}

}  // namespace

TEST_CASE("a thousand levels of execute are fine") {
  Account account;
  constexpr std::int64_t levels = 1'000;
  for (std::int64_t i = 1; i < levels; ++i)
    account.sequences[i] = sequence(i, Json::array({execute(i + 1), wait(1)}));
  account.sequences[levels] = sequence(levels, Json::array({wait(1)}));
  account.root = account.sequences[1];
  TinyWorld world(account);
  CHECK(Bridge(account, world).run().reason == "");
  CHECK(world.elapsed_ms == levels);
}

TEST_CASE("endless nesting ends with an error that names it") {
  const Account account = repeating(Json::array({execute(1), wait(1)}));
  TinyWorld world(account);
  const Ending ending = Bridge(account, world).run();
  CHECK_FALSE(ending.good);
  CHECK(ending.reason.contains("levels deep"));
}

TEST_CASE("a call as the last step, with nothing between, ends with an error that names it") {
  const Account account = repeating(Json::array({execute(1)}));
  TinyWorld world(account);
  CHECK(Bridge(account, world).run().reason.contains("calls itself for ever"));
}

TEST_CASE("a sequence that repeats itself runs as long as wanted in constant memory") {
  const Account account = repeating(Json::array({wait(1), execute(1)}));
  TinyWorld world(account);
  Bridge bridge(account, world);
  const auto id = bridge.start();
  const auto run_until = [&](double milliseconds) {
    while (world.elapsed_ms < milliseconds && bridge.advance()) {
    }
    REQUIRE(world.elapsed_ms == milliseconds);
  };
  run_until(1'000);
  const std::size_t before = heap();
  run_until(100'000);
  CHECK(bridge.process(id).depth() == 0);
  CHECK(heap() < before + 16'384);
}

TEST_CASE("a sequence that repeats itself can be paused, resumed and killed") {
  const Account account = repeating(Json::array({wait(1), execute(1)}));
  TinyWorld world(account);
  Bridge bridge(account, world);
  const auto id = bridge.start();
  while (world.elapsed_ms < 50 && bridge.advance()) {
  }
  bool paused = false, killed = false;
  bridge.loop.pause(id, note(paused));
  while (!paused && bridge.advance()) {
  }
  REQUIRE(paused);
  CHECK(bridge.process(id).state == State::paused);
  REQUIRE(bridge.loop.run(id));
  const double resumed_at = world.elapsed_ms;
  while (world.elapsed_ms < resumed_at + 50 && bridge.advance()) {
  }
  CHECK(world.elapsed_ms == resumed_at + 50);
  bridge.loop.kill(id, note(killed));
  while (!killed && bridge.advance()) {
  }
  CHECK(killed);
  CHECK(bridge.process(id).state == State::killed);
}

TEST_CASE("sequences that call each other as their last steps take no room either") {
  Account account;
  account.sequences[1] = sequence(1, Json::array({wait(1), execute(2)}));
  account.sequences[2] = sequence(2, Json::array({wait(1), execute(1)}));
  account.root = account.sequences[1];
  TinyWorld world(account);
  Bridge bridge(account, world);
  const auto id = bridge.start();
  while (world.elapsed_ms < 10'000 && bridge.advance()) {
  }
  CHECK(bridge.process(id).depth() == 0);
}

}  // namespace celeriac::reference
