#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::Outgoing;
using celeriac::protocol::Result;

namespace {

KernelProcess& object(Bench& bench, const std::string& path) {
  auto made = bench.kernel.initialise({.name = name_of_path(path), .path = path, .durable = true});
  REQUIRE(made);
  bench.kernel.run((*made)->id, [](const Result<void>&) {});
  return **made;
}

Outgoing to_path(const std::string& path, std::string body) {
  Outgoing out;
  out.to = path;
  out.body = std::move(body);
  out.format = celeriac::protocol::Format::othismo;
  return out;
}

}  // namespace

TEST_CASE(
    "a message to an object is accepted when it is on disk, and leaves the disk with the run that dealt with "
    "it") {
  Bench bench;
  auto &a = object(bench, "/a"), &b = object(bench, "/b");
  bench.world.hold_disk = true;
  bool accepted = false;
  bench.kernel.send(a, to_path("/b", "1"), {},
                    [&](const Result<void>& done) { accepted = done.has_value(); });
  CHECK_FALSE(accepted);
  CHECK(b.mailbox.empty());
  bench.world.held.front()();
  CHECK(accepted);
  CHECK(bench.world.messages.size() == 1);
  CHECK(bench.body(b) == "1");
  CHECK(bench.world.messages.size() == 1);
  bench.kernel.commit(b, "snapshot", {}, [](const Result<void>&) {});
  CHECK(bench.world.messages.empty());
  CHECK(bench.world.commits.back().snapshot == "snapshot");
}

TEST_CASE("what a run sends leaves with its commit, in order") {
  Bench bench;
  auto &a = object(bench, "/a"), &b = object(bench, "/b");
  std::vector<std::pair<Outgoing, Kernel::Attached>> outbox;
  outbox.emplace_back(to_path("/b", "1"), Kernel::Attached{});
  outbox.emplace_back(to_path("/b", "2"), Kernel::Attached{});
  bench.kernel.commit(a, "", std::move(outbox), [](const Result<void>&) {});
  CHECK(bench.world.commits.back().outbox.size() == 2);
  CHECK(bench.world.messages.size() == 2);
  CHECK(bench.body(b) == "1");
  bench.kernel.commit(b, "", {}, [](const Result<void>&) {});
  CHECK(bench.body(b) == "2");
}

TEST_CASE(
    "103: a run that traps leaves the disk's state in force, fails its request, and the next message is "
    "dealt with") {
  Bench bench;
  auto &a = object(bench, "/a"), &b = object(bench, "/b");
  auto request = to_path("/b", "1");
  request.expects = 5000;
  REQUIRE(bench.send(a, request));
  REQUIRE(bench.send(a, to_path("/b", "2")));
  CHECK(bench.body(b) == "1");
  bench.kernel.ended(b.id, "trap", "unreachable");
  CHECK(bench.receive(a)->failure == Failure::trap);
  CHECK(bench.world.commits.empty());
  bench.pass(std::chrono::milliseconds(0));
  CHECK(b.state == KernelState::running);
  CHECK(bench.body(b) == "2");
  CHECK(bench.world.messages.size() == 1);
}

TEST_CASE("a run that its worker's end cuts short is done again, and not for ever") {
  Bench bench;
  auto &a = object(bench, "/a"), &b = object(bench, "/b");
  auto request = to_path("/b", "1");
  request.expects = 3'600'000;
  REQUIRE(bench.send(a, request));
  REQUIRE(bench.send(a, to_path("/b", "2")));
  for (int run = 0; run <= max_redeliveries; ++run) {
    CHECK(bench.body(b) == "1");
    CHECK_FALSE(bench.receive(a));
    bench.kernel.ended(b.id, "killed", "Its worker was killed.");
    bench.pass(std::chrono::seconds(600));
  }
  CHECK(bench.receive(a)->failure == Failure::trap);
  CHECK(bench.body(b) == "2");
}

TEST_CASE("98: a reply goes to whom reply_to names, if the sender could write to him") {
  Bench bench;
  auto &a = object(bench, "/a"), &b = object(bench, "/b"), &c = object(bench, "/c");
  auto request = to_path("/b", "1");
  request.expects = 5000;
  request.rsvp = "/c";
  REQUIRE(bench.send(a, request));
  REQUIRE(bench.receive(b));
  REQUIRE(bench.respond(b, Bench::response("for c")));
  CHECK(bench.body(c) == "for c");
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("108: a message for a path that nobody has fails at once") {
  Bench bench;
  auto& a = object(bench, "/a");
  auto request = to_path("/nowhere", "1");
  CHECK(bench.send(a, request).error().status == celeriac::protocol::Status::not_found);
  request.expects = 1000;
  REQUIRE(bench.send(a, request));
  CHECK(bench.receive(a)->failure == Failure::no_target);
}
