// Several processes and one machine: who may move, what the emergency lock does, and sequences that call
// sequences.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/fake_world.hpp"
#include "vm/sequences/process_document.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

std::string waiting_text(FakeWorld& world, ProcessId id) {
  return waiting_for(world.process(id), world.loop.motion_owner());
}

json error_of(FakeWorld& world, ProcessId id) {
  return document(world.process(id), world.loop.motion_owner())["error"];
}

}  // namespace

// ---- motion --------------------------------------------------------------------------------------

TEST_CASE("one program owns motion from its first move until it ends; others wait in order, visibly") {
  FakeWorld world;
  world.code(1, {move_relative(1), wait(100), move_relative(2)});
  const auto first = world.start_and_run(1);
  const auto second = world.start_and_run(1);
  const auto third = world.start_and_run(1);
  CHECK(world.requests.size() == 1);
  CHECK(world.state(second) == State::waiting);
  CHECK(waiting_text(world, second) == std::format("motion, owned by process {}", number(first)));
  world.answer();
  world.advance(100ms);
  CHECK(world.requests[0].ticket.process == first);
  world.answer();
  CHECK(world.state(first) == State::done);
  CHECK(world.loop.motion_owner() == second);
  CHECK(world.requests[0].ticket.process == second);
  CHECK(waiting_text(world, third) == std::format("motion, owned by process {}", number(second)));
}

TEST_CASE("a program that does not move does not wait for the one that does") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  world.code(2, {write_pin(8)});
  world.start_and_run(1);
  world.start_and_run(2);
  CHECK(world.requests.size() == 2);
}

TEST_CASE("a paused owner keeps motion") {
  FakeWorld world;
  world.code(1, {move_relative(1), move_relative(2)});
  const auto first = world.start_and_run(1);
  const auto second = world.start_and_run(1);
  world.ask(&StepLoop::pause, first);
  world.answer();
  CHECK(world.state(first) == State::paused);
  CHECK(world.loop.motion_owner() == first);
  CHECK(world.requests.empty());
  world.ask(&StepLoop::kill, first);
  CHECK(world.requests[0].ticket.process == second);
}

TEST_CASE("who waits for motion comes to rest at once, and stands in line anew afterwards") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  world.start_and_run(1);
  const auto second = world.start_and_run(1);
  const auto third = world.start_and_run(1);
  CHECK(world.ask(&StepLoop::pause, second)->status() == Status::ok);
  CHECK(world.state(second) == State::paused);
  world.answer();
  CHECK(world.loop.motion_owner() == third);
  REQUIRE(world.loop.run(second));
  world.settle();
  CHECK(world.state(second) == State::waiting);
  world.answer();
  CHECK(world.loop.motion_owner() == second);
}

TEST_CASE("who waits for motion can be killed, and a step of it finishes when motion is free") {
  FakeWorld world;
  world.code(1, {move_relative(1), nothing()});
  const auto first = world.start_and_run(1);
  const auto second = world.start_and_run(1);
  const auto third = world.start(1);
  const auto stepped = world.ask(&StepLoop::step, third);
  CHECK(world.ask(&StepLoop::kill, second)->status() == Status::ok);
  world.answer();
  CHECK(world.state(first) == State::done);
  CHECK_FALSE(stepped->answered);
  world.answer();
  CHECK(stepped->status() == Status::ok);
  CHECK(world.state(third) == State::paused);
}

TEST_CASE("a move that had to wait reads the position again before it goes") {
  FakeWorld world;
  world.registers["position"] = {{"x", 1}, {"y", 0}, {"z", 0}};
  world.code(1, {add_x(10)});
  world.start_and_run(1);
  world.start_and_run(1);
  CHECK(world.requests[0].fields["x"] == 11);
  world.registers["position"] = {{"x", 11}, {"y", 0}, {"z", 0}};
  world.answer();
  CHECK(world.requests[0].fields["x"] == 21);
}

// ---- emergency lock ------------------------------------------------------------------------------

TEST_CASE("the lock ends everything in progress and leaves what is ready") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  world.code(2, {wait(1000)});
  const auto ready = world.start(1);
  const auto moving = world.start_and_run(1);
  const auto in_line = world.start_and_run(1);
  const auto waiting = world.start_and_run(2);
  const auto paused = world.start(2);
  world.ask(&StepLoop::pause, paused);
  const auto heard = world.ask(&StepLoop::wait, moving);
  world.loop.set_locked(true);
  for (const auto id : {moving, in_line, waiting, paused}) {
    CHECK(world.state(id) == State::failed);
    CHECK(error_of(world, id)["code"] == "locked");
    const auto message = error_of(world, id)["message"].get<std::string>();
    CHECK(message.contains("Canceled sequence due to emergency lock."));
    CHECK(message.starts_with(id == moving ? R"(Movement failed. "Emergency locked")" : "Canceled"));
  }
  CHECK(heard->status() == Status::locked);
  CHECK(world.state(ready) == State::ready);
  CHECK(world.loop.motion_owner() == no_process);
  world.loop.set_locked(false);
  REQUIRE(world.loop.run(ready));
  world.settle();
  CHECK(world.requests.size() == 1);
}

TEST_CASE("an operation that is answered `locked` means the lock, before the register says so") {
  FakeWorld world;
  world.code(1, {write_pin(1)});
  world.code(2, {wait(1000)});
  const auto first = world.start_and_run(1);
  const auto other = world.start_and_run(2);
  world.answer(celeriac::protocol::fail(Status::locked, "Locked."));
  CHECK(world.state(first) == State::failed);
  CHECK(world.state(other) == State::failed);
}

TEST_CASE("what is started while locked ends itself alone when its step is refused") {
  FakeWorld world;
  world.code(1, {write_pin(1)});
  world.code(2, {wait(1000)});
  world.loop.set_locked(true);
  const auto first = world.start_and_run(1);
  const auto other = world.start_and_run(2);
  world.answer(celeriac::protocol::fail(Status::locked, "Locked."));
  CHECK(error_of(world, first)["code"] == "locked");
  CHECK(world.state(other) == State::waiting);
}

TEST_CASE("emergency_lock as a step ends its own sequence too") {
  FakeWorld world;
  world.code(1, {node("emergency_lock"), write_pin(1)});
  const auto id = world.start_and_run(1);
  CHECK(world.requests[0].what == "SYS.EMERGENCY_LOCK");
  world.answer();
  CHECK(error_of(world, id)["code"] == "locked");
  CHECK(world.requests.empty());
}

TEST_CASE("a lock of tens of thousands is quick and leaves nobody behind") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  for (int i = 0; i < 30'000; ++i) world.start_and_run(1);
  world.loop.set_locked(true);
  CHECK(world.loop.table().live() == 0);
}

// ---- sequences in sequences ----------------------------------------------------------------------

TEST_CASE("execute runs the other sequence and goes on behind") {
  FakeWorld world;
  world.code(2, {write_pin(22)});
  world.code(1, {execute(2), write_pin(1)});
  const auto id = world.start_and_run(1);
  CHECK(world.requests[0].fields["pin"] == 22);
  CHECK(document(world.process(id), no_process)["path"] == "/body/0");
  world.answer();
  CHECK(world.requests[0].fields["pin"] == 1);
  world.answer();
  CHECK(world.state(id) == State::done);
}

TEST_CASE("execute of a sequence that is not there fails with FarmBot's words") {
  FakeWorld world;
  world.code(1, {execute(99)});
  const auto id = world.start_and_run(1);
  CHECK(error_of(world, id)["message"].get<std::string>().starts_with("sequence not found"));
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::failed);
}

TEST_CASE("calls 1,000 deep are fine") {
  FakeWorld world;
  for (int i = 1; i < 1000; ++i) world.code(static_cast<std::uint16_t>(i), {execute(i + 1), nothing()});
  world.code(1000, {nothing()});
  CHECK(world.state(world.start_and_run(1)) == State::done);
}

TEST_CASE("a sequence that calls itself inside itself ends with a clear error") {
  FakeWorld world;
  world.code(1, {execute(1), nothing()}, "loop");
  const auto id = world.start_and_run(1);
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::out_of_resources);
  CHECK(error_of(world, id)["message"].get<std::string>().contains("\"loop\" calls itself"));
}

TEST_CASE("a sequence that only calls itself as its last step ends with a clear error") {
  FakeWorld world;
  world.code(1, {nothing(), execute(1)}, "loop");
  const auto id = world.start_and_run(1);
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::out_of_resources);
  CHECK(error_of(world, id)["message"].get<std::string>().contains("\"loop\" calls itself"));
}

TEST_CASE("a sequence that waits in its loop runs as long as wanted in constant memory, and can be killed") {
  FakeWorld world;
  world.code(1, {wait(1), execute(1)});
  const auto id = world.start_and_run(1);
  const auto before = document(world.process(id), no_process)["memory_bytes"];
  for (int i = 0; i < 30'000; ++i) world.advance(1ms);
  CHECK(world.state(id) == State::waiting);
  CHECK(document(world.process(id), no_process)["memory_bytes"] == before);
  CHECK(world.ask(&StepLoop::pause, id)->answered == false);
  world.advance(1ms);
  CHECK(world.state(id) == State::paused);
  CHECK(world.ask(&StepLoop::kill, id)->status() == Status::ok);
}

TEST_CASE("a version that is replaced lives on in the processes that run it") {
  FakeWorld world;
  world.code(1, {wait(10), write_pin(1)});
  world.start_and_run(1);
  world.code(1, {write_pin(2)});
  world.advance(10ms);
  CHECK(world.requests[0].fields["pin"] == 1);
}
