#include "vm/sequences/closing.hpp"

#include "tests/vm/fake_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using namespace std::chrono_literals;

namespace {

/// A world that is about to end; the test says when the patience is over.
struct Bench {
  FakeWorld world;
  std::move_only_function<void()> run_out;
  std::vector<std::move_only_function<void()>> soon;
  std::optional<std::vector<Interruption>> done;
  Closing closing{world.loop, [this](std::chrono::milliseconds time, std::move_only_function<void()> then) {
                    if (time == 0ms)
                      soon.push_back(std::move(then));
                    else
                      run_out = std::move(then);
                  }};

  void begin() {
    closing.begin(10s, [this](std::vector<Interruption> interruptions) { done = std::move(interruptions); });
    settle();
  }
  void settle() {
    world.settle();
    for (auto& each : std::exchange(soon, {})) each();
    world.settle();
  }
  void answer(celeriac::protocol::Result<double> value = 0) {
    world.answer(std::move(value));
    settle();
  }
};

}  // namespace

TEST_CASE("closing: without processes it is done at once") {
  Bench bench;
  bench.begin();
  REQUIRE(bench.done);
  CHECK(bench.done->empty());
}

TEST_CASE("closing: a process finishes its step, and is interrupted before the next") {
  Bench bench;
  bench.world.code(1, {write_pin(8), write_pin(9)}, "two pins");
  const auto id = bench.world.start_and_run(1);
  const auto waiting = bench.world.ask(&StepLoop::wait, id);
  bench.begin();
  CHECK_FALSE(bench.done);
  bench.answer();
  REQUIRE(bench.done);
  REQUIRE(bench.done->size() == 1);
  const auto& it = bench.done->front();
  CHECK(it.between_steps);
  CHECK(it.step == 2);
  CHECK(it.path == "/body/1");
  CHECK(sentence(it) == "Process 1, \"two pins\", stopped before step 2 of 2 (/body/1, write_pin).");
  CHECK(bench.world.asked.size() == 1);  // the second pin is not touched
  CHECK(bench.world.state(id) == State::killed);
  CHECK(waiting->status() == Status::cancelled);
  CHECK(waiting->result.error().code == "interrupted");
}

TEST_CASE("closing: a process whose last step finishes in time is done") {
  Bench bench;
  bench.world.code(1, {write_pin(8)});
  const auto id = bench.world.start_and_run(1);
  bench.begin();
  bench.answer();
  REQUIRE(bench.done);
  // It came to rest behind its last step: nothing of it was left to do.
  CHECK(bench.world.state(id) == State::done);
  CHECK(bench.done->empty());
}

TEST_CASE("closing: what still works when the patience is over is killed, and named as cut off") {
  Bench bench;
  bench.world.code(1, {move_relative(5), write_pin(9)}, "a move");
  const auto id = bench.world.start_and_run(1);
  bench.begin();
  REQUIRE(bench.run_out);
  bench.run_out();
  CHECK_FALSE(bench.done);
  CHECK(bench.world.aborted.size() == 1);
  SECTION("the hypervisor has stopped it") {
    bench.answer(celeriac::protocol::fail(Status::cancelled, "stopped"));
  }
  SECTION("the hypervisor does not answer") {
    bench.world.advance(kill_grace);
  }
  REQUIRE(bench.done);
  REQUIRE(bench.done->size() == 1);
  CHECK_FALSE(bench.done->front().between_steps);
  CHECK(bench.done->front().path == "/body/0");
  CHECK(bench.world.state(id) == State::killed);
}

TEST_CASE("closing: who only waits for time is not waited for") {
  Bench bench;
  bench.world.code(1, {wait(3'600'000)}, "an hour");
  bench.world.start_and_run(1);
  bench.begin();
  REQUIRE(bench.done);
  REQUIRE(bench.done->size() == 1);
  CHECK(bench.done->front().path == "/body/0");
}

TEST_CASE("closing: who waits for motion of another does not get it") {
  Bench bench;
  bench.world.code(1, {move_relative(5), move_relative(6)}, "first");
  bench.world.start_and_run(1);
  bench.world.start_and_run(1);
  bench.begin();
  bench.answer();
  REQUIRE(bench.done);
  CHECK(bench.done->size() == 2);
  CHECK(bench.world.asked.size() == 1);
}

TEST_CASE("closing: nothing begins any more") {
  Bench bench;
  bench.world.code(1, {write_pin(8), write_pin(9)});
  const auto ready = bench.world.start(1);
  const auto id = bench.world.start_and_run(1);
  bench.begin();
  CHECK(bench.world.loop.run(ready).error().status == Status::wrong_state);
  CHECK(bench.world.ask(&StepLoop::step, ready)->status() == Status::wrong_state);
  CHECK(bench.world.loop.start(bench.world.sequences.at(1)).error().status == Status::wrong_state);
  CHECK(bench.world.loop.run(id).error().status == Status::wrong_state);  // nor is the pause taken back
  bench.answer();
  REQUIRE(bench.done);
  CHECK(bench.done->size() == 1);
}

TEST_CASE("what was interrupted survives as JSON, within bounds, and what is damaged is left out") {
  const Interruption one{.id = ProcessId{3},
                         .code = CodeId{7},
                         .name = "Water the bed",
                         .path = "/body/4",
                         .kind = "write_pin",
                         .step = 5,
                         .steps = 16,
                         .nodes_done = 9,
                         .started_ms = 1700000000000,
                         .between_steps = false};
  CHECK(interruptions_of(to_json({one})) == std::vector{one});
  CHECK(to_json(std::vector(max_interruptions + 1, one)).size() == max_interruptions);
  CHECK(interruptions_of({{{"id", "three"}}, 5, to_json({one})[0]}) == std::vector{one});
  CHECK(interruptions_of(nullptr).empty());
}

TEST_CASE("the next VM lists what was interrupted under its number, as killed") {
  FakeWorld world;
  world.loop.remember({.id = ProcessId{3},
                       .code = CodeId{7},
                       .name = "Water the bed",
                       .path = "/body/4",
                       .kind = "write_pin",
                       .step = 5,
                       .steps = 16});
  REQUIRE(world.loop.find(ProcessId{3}));
  const auto& process = world.process(ProcessId{3});
  CHECK(process.state == State::killed);
  CHECK(process.path() == "/body/4");
  CHECK(process.error->code == "interrupted");
  CHECK(world.ask(&StepLoop::wait, ProcessId{3})->status() == Status::cancelled);
  world.code(1, {write_pin(8)});
  CHECK(world.start(1) == ProcessId{4});
  world.loop.remember({.id = no_process});
  CHECK(world.loop.table().live() == 1);
}
