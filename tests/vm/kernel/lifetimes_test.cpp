#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::Result;
using namespace std::chrono_literals;

namespace {

const OnExit restarts{.kind = OnExit::Kind::restart};

}  // namespace

TEST_CASE("66: a process without an on-exit is gone when it ends, and messages to it bounce") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  const auto address = b.address;
  bench.kernel.ended(b.id, "returned", "");
  CHECK(bench.kernel.find(ProcessName{"b", "pkg", "pub"}) == nullptr);
  celeriac::protocol::Outgoing out;
  out.to = address;
  out.expects = 1000;
  REQUIRE(bench.send(a, out));
  CHECK(bench.receive(a)->failure == Failure::no_target);
}

TEST_CASE("67: one that restarts has the same name and rights, and an empty mailbox") {
  Bench bench;
  auto& a = bench.open_guest("a");
  auto& b = bench.guest("b", {.on_exit = restarts, .is_public = true});
  bench.may_message(b, a);
  REQUIRE(bench.send(a, Bench::to(b, "lost")));
  const auto id = b.id;
  bench.kernel.ended(b.id, "trap", "unreachable");
  CHECK(bench.send(a, Bench::to(b, "in the gap")).error().status == celeriac::protocol::Status::not_found);
  bench.pass(0ms);
  KernelProcess* again = bench.kernel.find(id);
  REQUIRE(again != nullptr);
  CHECK(again->state == KernelState::running);
  CHECK(again->capabilities.holds(bench.kernel.messaging(a.spec.name)));
  CHECK_FALSE(bench.receive(*again));
  CHECK(bench.world.starts["b:pkg:pub"] == 2);
}

TEST_CASE("68: a crash loop waits 0, 1, 2, 4 … 600 s; a long healthy run begins anew") {
  Bench bench;
  auto& b = bench.guest("b", {.on_exit = restarts});
  const auto crash = [&](std::chrono::seconds pause) {
    INFO(pause.count());
    bench.kernel.ended(b.id, "trap", "x");
    if (pause > 0s) {
      bench.pass(pause - 1ms);
      CHECK(b.state == KernelState::resting);
      bench.pass(1ms);
    } else {
      bench.pass(0ms);
    }
    CHECK(b.state == KernelState::running);
  };
  for (const auto pause : {0s, 1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 512s, 600s, 600s}) crash(pause);
  bench.pass(50min);
  crash(0s);
  crash(1s);
}

TEST_CASE(
    "69, 70: on-exit requests go out in the dead process's name, expect nothing, and need the capability") {
  Bench bench;
  auto &open = bench.open_guest("open"), &closed = bench.guest("closed");
  OnExit requests{.kind = OnExit::Kind::requests};
  requests.requests.push_back({Bench::to(open, "bye", 5000), Bench::blob("B")});
  requests.requests.push_back({Bench::to(closed, "bye"), std::nullopt});
  auto& b = bench.guest("b", {.on_exit = requests});
  bench.kernel.ended(b.id, "trap", "x");
  const auto got = bench.receive(open);
  REQUIRE(got);
  CHECK(got->source == "n.os@b:pkg:pub");
  CHECK_FALSE(got->expects);
  CHECK(got->blob->size == 1);
  CHECK_FALSE(bench.receive(closed));
  CHECK(bench.kernel.find(ProcessName{"b", "pkg", "pub"}) == nullptr);
}

TEST_CASE("71: killing neither restarts nor sends on-exit requests") {
  Bench bench;
  auto& open = bench.open_guest("open");
  OnExit requests{.kind = OnExit::Kind::requests};
  requests.requests.push_back({Bench::to(open, "bye"), std::nullopt});
  for (const auto& on_exit : {restarts, requests}) {
    auto& b = bench.guest("b", {.on_exit = on_exit});
    bench.kernel.kill(b.id, [](const Result<void>&) {});
    bench.pass(1h);
    CHECK(bench.kernel.find(ProcessName{"b", "pkg", "pub"}) == nullptr);
  }
  CHECK_FALSE(bench.receive(open));
  CHECK(bench.world.stops == 2);
}

TEST_CASE("72: a process that asks for a restart later restarts") {
  Bench bench;
  auto& b = bench.guest("b");
  bench.kernel.set_on_exit(b, restarts, [](const Result<void>&) {});
  CHECK(bench.world.kept.contains("b:pkg:pub"));
  const auto id = b.id;
  bench.kernel.ended(b.id, "returned", "");
  bench.pass(0ms);
  REQUIRE(bench.kernel.find(id) != nullptr);
  CHECK(bench.world.starts["b:pkg:pub"] == 2);
}

TEST_CASE(
    "74: what restarts, or sends something when it ends, is kept for the next start of the VM; the rest is "
    "not") {
  Bench bench;
  bench.guest("none");
  bench.guest("again", {.on_exit = restarts});
  CHECK(bench.world.kept == std::set<std::string>{"again:pkg:pub"});
}

TEST_CASE(
    "75, 76: a child gets a number for a name; a live name is taken; one that cannot be made is no file") {
  Bench bench;
  auto& parent = bench.guest("parent");
  std::optional<Result<ProcessId>> child;
  const auto spawn = [&](const char* name) {
    child.reset();
    bench.kernel.spawn(parent, {.name = {name, "", ""}}, {}, {},
                       [&](Result<ProcessId> made) { child = std::move(made); });
    REQUIRE(child);
  };
  spawn("");
  REQUIRE(*child);
  const auto name = bench.kernel.find(**child)->spec.name;
  CHECK(name.package_id() == "pkg:pub");
  CHECK(std::ranges::all_of(name.process, [](char c) { return c >= '0' && c <= '9'; }));
  spawn("parent");
  REQUIRE_FALSE(*child);
  CHECK(child->error().code == "name_taken");
  bench.world.refuse_start = "This is no module.";
  spawn("bad");
  REQUIRE_FALSE(*child);
  CHECK(child->error().code == "no_file_at_path");
  CHECK(bench.kernel.find(ProcessName{"bad", "pkg", "pub"}) == nullptr);
}

TEST_CASE(
    "77, 78, 79, 80: parent and child may write to each other; what the parent lacks the child lacks; it "
    "outlives its parent") {
  Bench bench;
  auto &parent = bench.guest("parent"), &friendly = bench.guest("friend"),
       &stranger = bench.guest("stranger");
  const celeriac::protocol::Capability held{"n.os@x:y:z", "1"}, not_held{"n.os@x:y:z", "2"},
      own{parent.address, "\"mine\""};
  bench.kernel.grant(parent, held);
  std::optional<ProcessId> id;
  bench.kernel.spawn(parent, {.name = {"child", "", ""}}, {held, not_held, own},
                     {{friendly.spec.name, "\"messaging\""}, {{"no", "such", "one"}, "1"}},
                     [&](Result<ProcessId> made) { id = *made; });
  REQUIRE(id);
  auto& child = *bench.kernel.find(*id);
  REQUIRE(bench.send(parent, Bench::to(child, "down")));
  REQUIRE(bench.send(child, Bench::to(parent, "up")));
  CHECK(bench.body(child) == "down");
  CHECK(bench.body(parent) == "up");
  CHECK(child.capabilities.holds(held));
  CHECK(child.capabilities.holds(own));
  CHECK_FALSE(child.capabilities.holds(not_held));
  REQUIRE(bench.send(friendly, Bench::to(child, "hi")));
  CHECK_FALSE(bench.send(stranger, Bench::to(child, "hi")));
  bench.kernel.ended(parent.id, "returned", "");
  CHECK(bench.kernel.find(*id) != nullptr);
}

TEST_CASE("who waits for a process that ends hears of it at once, unless it speaks Kinode") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  auto request = Bench::to(b, "hi", 5000);
  request.format = celeriac::protocol::Format::othismo;
  REQUIRE(bench.send(a, request));
  bench.receive(b);
  bench.kernel.ended(b.id, "trap", "unreachable");
  CHECK(bench.receive(a)->failure == Failure::trap);
}
