// Processes one by one: states, and what clients may ask for in each of them.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/fake_world.hpp"
#include "vm/sequences/process_document.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

json stat(FakeWorld& world, ProcessId id) {
  return document(world.process(id), world.loop.motion_owner());
}

}  // namespace

TEST_CASE("an empty sequence is done as soon as it runs") {
  FakeWorld world;
  world.code(1, json::array());
  const auto id = world.start(1);
  CHECK(world.state(id) == State::ready);
  REQUIRE(world.loop.run(id));
  CHECK(world.state(id) == State::running);
  world.settle();
  CHECK(world.state(id) == State::done);
}

TEST_CASE("an operation gets the payload that the table says, and its answer lets the process go on") {
  FakeWorld world;
  world.code(1, {write_pin(8), move_relative(2.5)});
  const auto id = world.start_and_run(1);
  REQUIRE(world.requests.size() == 1);
  CHECK(world.requests[0].what == "SYS.WRITE_PIN");
  CHECK(world.requests[0].fields == json{{"pin", 8}, {"value", 1}, {"mode", 1}});
  CHECK(world.state(id) == State::waiting);
  CHECK(stat(world, id)["waiting_for"] == "SYS.WRITE_PIN");
  CHECK(stat(world, id)["path"] == "/body/0");
  world.answer();
  CHECK(world.requests[0].fields["x"] == 2.5);
  CHECK(stat(world, id)["path"] == "/body/1");
  CHECK(stat(world, id)["step"] == 2);
  CHECK(stat(world, id)["steps_done"] == 1);
  world.answer();
  CHECK(world.state(id) == State::done);
  CHECK(stat(world, id)["steps_done"] == 2);
}

TEST_CASE("an operation that is answered from inside the call runs on in the same slice") {
  FakeWorld world;
  world.answer_at_once = true;
  world.code(1, {write_pin(8), write_pin(9)});
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.asked == std::vector<std::string>{"SYS.WRITE_PIN", "SYS.WRITE_PIN"});
}

TEST_CASE("a wait takes its time, to the millisecond") {
  FakeWorld world;
  world.code(1, {wait(500)});
  const auto id = world.start_and_run(1);
  world.advance(499ms);
  CHECK(world.state(id) == State::waiting);
  world.advance(1ms);
  CHECK(world.state(id) == State::done);
}

TEST_CASE("a failed step ends the process, and the error says where and what") {
  FakeWorld world;
  world.code(1, {nothing(), write_pin(8)}, "water");
  const auto id = world.start_and_run(1);
  world.answer(celeriac::protocol::fail(Status::not_found, "There is no pin 8."));
  CHECK(world.state(id) == State::failed);
  const auto error = stat(world, id)["error"];
  CHECK(error["message"] == R"(Firmware error @ "do_write_pin/3": There is no pin 8.)");
  CHECK(error["path"] == "/body/1");
  CHECK(error["details"]["status"] == "not_found");
  CHECK(error["details"]["operation"] == "SYS.WRITE_PIN");
  CHECK(error["details"]["sequence"] == "water");
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::failed);
}

TEST_CASE("some statuses of a step stay what they are") {
  for (const Status status :
       {Status::offline, Status::timeout, Status::hardware_fault, Status::out_of_resources}) {
    FakeWorld world;
    world.code(1, {write_pin(8)});
    const auto waiting = world.ask(&StepLoop::wait, world.start_and_run(1));
    world.answer(celeriac::protocol::fail(status, "No."));
    CHECK(waiting->status() == status);
  }
}

TEST_CASE("a position that is not known is refused before anything moves") {
  FakeWorld world;
  world.registers["position"] = {{"x", nullptr}, {"y", 1}, {"z", 2}};
  world.code(1, {add_x(5)});
  const auto id = world.start_and_run(1);
  CHECK(world.state(id) == State::failed);
  CHECK(stat(world, id)["error"]["message"].get<std::string>().contains("find home"));
  CHECK(world.asked == std::vector<std::string>{"position"});
}

TEST_CASE("registers are inputs of the steps behind them") {
  FakeWorld world;
  world.registers["pins.8"] = 1;
  world.answer_at_once = true;
  world.code(2, {write_pin(22)});
  world.code(3, {write_pin(33)});
  world.code(1, {if_pin(8, "is", 1, execute(2), execute(3))});
  world.start_and_run(1);
  CHECK(world.asked == std::vector<std::string>{"pins.8", "SYS.WRITE_PIN"});
}

TEST_CASE("run: only what is ready or paused") {
  FakeWorld world;
  world.code(1, {wait(10)});
  const auto id = world.start_and_run(1);
  CHECK(world.loop.run(id).error().status == Status::wrong_state);
  world.advance(10ms);
  CHECK(world.loop.run(id).error().status == Status::wrong_state);
  CHECK(world.loop.run(ProcessId{77}).error().status == Status::not_found);
  CHECK(world.loop.run(ProcessId{0}).error().status == Status::not_found);
}

TEST_CASE("pause: the step in progress finishes, the next does not start") {
  FakeWorld world;
  world.code(1, {write_pin(1), write_pin(2)});
  const auto id = world.start_and_run(1);
  const auto paused = world.ask(&StepLoop::pause, id);
  CHECK_FALSE(paused->answered);
  CHECK(world.state(id) == State::waiting);
  world.answer();
  CHECK(paused->status() == Status::ok);
  CHECK(world.state(id) == State::paused);
  CHECK(world.requests.empty());
  CHECK(stat(world, id)["path"] == "/body/1");
  REQUIRE(world.loop.run(id));
  world.settle();
  CHECK(world.requests.size() == 1);
}

TEST_CASE("pause in the last step comes to rest, and run ends it") {
  FakeWorld world;
  world.code(1, {write_pin(1)});
  const auto id = world.start_and_run(1);
  const auto paused = world.ask(&StepLoop::pause, id);
  world.answer();
  CHECK(paused->status() == Status::ok);
  CHECK(world.state(id) == State::paused);
  REQUIRE(world.loop.run(id));
  world.settle();
  CHECK(world.state(id) == State::done);
}

TEST_CASE("pause of a ready or a paused process is answered at once, of an ended one refused") {
  FakeWorld world;
  world.code(1, {nothing()});
  const auto id = world.start(1);
  CHECK(world.ask(&StepLoop::pause, id)->status() == Status::ok);
  CHECK(world.state(id) == State::paused);
  CHECK(world.ask(&StepLoop::pause, id)->status() == Status::ok);
  REQUIRE(world.loop.run(id));
  world.settle();
  CHECK(world.ask(&StepLoop::pause, id)->status() == Status::wrong_state);
}

TEST_CASE("run takes back a pause that has not come to rest") {
  FakeWorld world;
  world.code(1, {write_pin(1), write_pin(2)});
  const auto id = world.start_and_run(1);
  const auto paused = world.ask(&StepLoop::pause, id);
  REQUIRE(world.loop.run(id));
  CHECK(paused->status() == Status::cancelled);
  world.answer();
  CHECK(world.state(id) == State::waiting);
}

TEST_CASE("step: one node at a time, however many micro-steps it takes") {
  FakeWorld world;
  world.answer_at_once = true;
  world.registers["position"] = {{"x", 1}, {"y", 1}, {"z", 2}};
  world.code(1, {add_x(5), write_pin(2)});
  const auto id = world.start(1);
  CHECK(world.ask(&StepLoop::step, id)->status() == Status::ok);
  CHECK(world.state(id) == State::paused);
  CHECK(world.asked == std::vector<std::string>{"position", "SYS.MOVE_ABSOLUTE"});
  CHECK(world.ask(&StepLoop::step, id)->status() == Status::ok);
  CHECK(world.asked.back() == "SYS.WRITE_PIN");
  CHECK(world.state(id) == State::done);
  CHECK(world.ask(&StepLoop::step, id)->status() == Status::wrong_state);
}

TEST_CASE("step goes into a sequence that is executed") {
  FakeWorld world;
  world.answer_at_once = true;
  world.code(2, {write_pin(22), write_pin(23)});
  world.code(1, {execute(2), write_pin(1)});
  const auto id = world.start(1);
  world.ask(&StepLoop::step, id);
  CHECK(world.asked.empty());
  CHECK(stat(world, id)["step"] == 1);
  world.ask(&StepLoop::step, id);
  CHECK(world.asked.size() == 1);
}

TEST_CASE("step is refused while the process runs, and answered late when its operation is") {
  FakeWorld world;
  world.code(1, {write_pin(1), write_pin(2)});
  const auto id = world.start(1);
  const auto stepped = world.ask(&StepLoop::step, id);
  CHECK_FALSE(stepped->answered);
  CHECK(world.ask(&StepLoop::step, id)->status() == Status::wrong_state);
  world.answer();
  CHECK(stepped->status() == Status::ok);
  CHECK(world.state(id) == State::paused);
}

TEST_CASE("a step that fails answers with what failed") {
  FakeWorld world;
  world.code(1, {write_pin(1)});
  const auto stepped = world.ask(&StepLoop::step, world.start(1));
  world.answer(celeriac::protocol::fail(Status::hardware_fault, "It stalled."));
  CHECK(stepped->status() == Status::hardware_fault);
}

TEST_CASE("kill at once: ready, paused, and waiting for a time") {
  FakeWorld world;
  world.code(1, {wait(1000), nothing()});
  const auto ready = world.start(1);
  const auto waiting = world.start_and_run(1);
  const auto paused = world.start(1);
  world.ask(&StepLoop::pause, paused);
  for (const auto id : {ready, waiting, paused}) {
    const auto end = world.ask(&StepLoop::wait, id);
    CHECK(world.ask(&StepLoop::kill, id)->status() == Status::ok);
    CHECK(world.state(id) == State::killed);
    CHECK(end->status() == Status::cancelled);
    CHECK(world.ask(&StepLoop::kill, id)->status() == Status::wrong_state);
  }
  world.advance(1000ms);
  CHECK(world.state(waiting) == State::killed);
}

TEST_CASE("kill in an operation cancels it and waits for its answer") {
  FakeWorld world;
  world.code(1, {move_relative(1), write_pin(1)});
  const auto id = world.start_and_run(1);
  const auto first = world.ask(&StepLoop::kill, id);
  const auto second = world.ask(&StepLoop::kill, id);
  CHECK_FALSE(first->answered);
  CHECK(world.aborted == std::vector{world.requests[0].call});
  CHECK(world.ask(&StepLoop::pause, id)->status() == Status::wrong_state);
  world.answer(celeriac::protocol::fail(Status::cancelled, "Aborted."));
  CHECK(first->status() == Status::ok);
  CHECK(second->status() == Status::ok);
  CHECK(world.state(id) == State::killed);
  CHECK(world.requests.empty());
}

TEST_CASE("kill does not wait for ever for a hypervisor that is silent") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  const auto id = world.start_and_run(1);
  const auto killed = world.ask(&StepLoop::kill, id);
  world.advance(kill_grace - 1ms);
  CHECK_FALSE(killed->answered);
  world.advance(1ms);
  CHECK(killed->status() == Status::ok);
  CHECK(world.state(id) == State::killed);
}

TEST_CASE("wait is answered when the process ends, and at once when it has") {
  FakeWorld world;
  world.code(1, {wait(10)});
  const auto id = world.start_and_run(1);
  const auto early = world.ask(&StepLoop::wait, id);
  CHECK_FALSE(early->answered);
  world.advance(10ms);
  CHECK(early->status() == Status::ok);
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::ok);
}

TEST_CASE("answers that one process owes are bounded") {
  FakeWorld world;
  world.code(1, {wait(10)});
  const auto id = world.start_and_run(1);
  for (std::size_t i = 0; i < max_owed; ++i) CHECK_FALSE(world.ask(&StepLoop::wait, id)->answered);
  CHECK(world.ask(&StepLoop::wait, id)->status() == Status::overloaded);
  world.advance(10ms);
  CHECK(world.state(id) == State::done);
}

TEST_CASE("an answer that comes after the process has gone on is ignored") {
  FakeWorld world;
  world.code(1, {write_pin(1), write_pin(2)});
  const auto id = world.start_and_run(1);
  const auto stale = world.requests[0].ticket;
  world.answer();
  world.loop.answered(stale, 0.0);
  world.settle();
  CHECK(world.state(id) == State::waiting);
}

TEST_CASE("processes of one code have variables of their own") {
  FakeWorld world;
  world.code(1,
             {{{"kind", "move"},
               {"args", json::object()},
               {"body",
                {node("axis_addition", {{"axis", "x"}, {"axis_operand", node("numeric", {{"number", 5}})}}),
                 node("safe_z")}}}});
  // Two processes read different positions; each keeps its own target over the legs of its move.
  const auto first = world.start_and_run(1);
  world.answer_register(json{{"x", 100}, {"y", 0}, {"z", -10}});
  const auto second = world.start_and_run(1);
  for (int turn = 0; turn < 20 && world.state(first) != State::done; ++turn) {
    for (auto& request : std::exchange(world.requests, {})) {
      if (request.ticket.process == second) {
        world.requests.push_back(request);
      } else if (request.is_register) {
        world.loop.register_read(request.ticket,
                                 request.what == "position" ? json{{"x", 100}, {"y", 0}, {"z", 0}} : json(0));
      } else {
        CHECK((request.fields["x"] == 100 || request.fields["x"] == 105));
        world.loop.answered(request.ticket, 0.0);
      }
      world.settle();
    }
    if (turn == 0) {  // in between the other one gets its position
      for (auto& request : std::exchange(world.requests, {}))
        if (request.ticket.process == second && request.what == "position") {
          world.loop.register_read(request.ticket, json{{"x", 1}, {"y", 0}, {"z", 0}});
        } else {
          world.requests.push_back(request);
        }
      world.settle();
    }
  }
  CHECK(world.state(first) == State::done);
}

TEST_CASE("an ended process can be asked for until 1,024 newer ones have ended") {
  FakeWorld world;
  world.code(1, json::array());
  const auto first = world.start_and_run(1);
  for (std::size_t i = 0; i < max_ended - 1; ++i) world.start_and_run(1);
  CHECK(world.loop.find(first));
  const auto kept = world.start_and_run(1);
  CHECK(world.loop.find(first).error().status == Status::not_found);
  CHECK(world.loop.find(kept));
}

TEST_CASE("ids are never 0 and never taken twice") {
  FakeWorld world;
  world.code(1, {wait(1000)});
  const auto waiting = world.start_and_run(1);
  world.code(2, json::array());
  for (int i = 0; i < 70'000; ++i) {
    const auto id = world.start_and_run(2);
    REQUIRE(id != no_process);
    REQUIRE(id != waiting);
  }
  CHECK(world.state(waiting) == State::waiting);
}

TEST_CASE("60,000 processes wait at once, and all of them wake") {
  FakeWorld world;
  world.code(1, {wait(1000)});
  std::vector<ProcessId> all;
  for (int i = 0; i < 60'000; ++i) all.push_back(world.start_and_run(1));
  CHECK(world.loop.table().live() == 60'000);
  CHECK(stat(world, all.front())["memory_bytes"] < 1024);
  world.advance(1000ms);
  CHECK(world.loop.table().live() == 0);
}

TEST_CASE("more processes than the bound are refused, and room comes back") {
  FakeWorld world;
  world.code(1, {nothing()});
  ProcessId last{};
  for (std::size_t i = 0; i < max_processes; ++i) last = world.start(1);
  CHECK(world.loop.start(world.sequences[1]).error().status == Status::overloaded);
  world.ask(&StepLoop::kill, last);
  CHECK(world.loop.start(world.sequences[1]));
}

TEST_CASE("timers of killed processes do not pile up") {
  FakeWorld world;
  world.code(1, {wait(86'400'000)});
  for (int i = 0; i < 20'000; ++i) world.ask(&StepLoop::kill, world.start_and_run(1));
  CHECK(world.loop.timers() < 4096);
}

TEST_CASE("a busy process does not keep the others from running") {
  FakeWorld world;
  json body = json::array();
  for (int i = 0; i < 1000; ++i) body.push_back(nothing());
  world.code(1, body);
  world.code(2, {nothing()});
  const auto busy = world.start(1);
  const auto other = world.start(2);
  REQUIRE(world.loop.run(busy));
  REQUIRE(world.loop.run(other));
  world.awake = false;
  while (world.state(other) != State::done) {
    world.loop.turn();
    world.awake = false;
  }
  SUCCEED();
}
