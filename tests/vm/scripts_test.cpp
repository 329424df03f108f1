// Steps that run Lua: values, assertions, pause and kill inside a script.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/fake_world.hpp"
#include "vm/sequences/process_document.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::fail;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

json assertion(const char* type, json recovery = nothing()) {
  return node("assertion", {{"lua", "ok"}, {"assertion_type", type}, {"_then", std::move(recovery)}});
}

std::string error_of(FakeWorld& world, ProcessId id) {
  return world.process(id).error ? world.process(id).error->message : std::string();
}

/// How an assertion of this type ends a process, and what stands in the log.
struct Ended {
  State state;
  std::string error;
  std::string line;
  bool recovered;
};
Ended ended(const char* type, celeriac::protocol::Result<LuaResult> result) {
  FakeWorld world;
  world.answer_at_once = true;
  world.scripts["ok"] = std::move(result);
  world.code(2, {message("recovering")});
  world.code(1, {assertion(type, execute(2)), write_pin(8)});
  const auto id = world.start_and_run(1);
  return {world.state(id), error_of(world, id),
          world.entries.empty() ? std::string() : world.entries[0]["message"].get<std::string>(),
          std::ranges::contains(world.asked, "SYS.SEND_MESSAGE")};
}

}  // namespace

TEST_CASE("an assertion that holds goes on, whatever its type") {
  for (const auto* type : {"abort", "abort_recover", "continue", "recover"}) {
    const Ended how = ended(type, LuaResult{1, true});
    CHECK(how.state == State::done);
    CHECK(how.line == "[Assertion] passed, continuing execution");
    CHECK_FALSE(how.recovered);
  }
}

TEST_CASE("only exactly one true holds") {
  for (const LuaResult& result : {LuaResult{1, 1}, LuaResult{1, "true"}, LuaResult{2, true},
                                  LuaResult{0, nullptr}, LuaResult{1, false}})
    CHECK(ended("abort", result).state == State::failed);
}

TEST_CASE("an assertion that does not hold ends as its type says") {
  const LuaResult no{1, false};
  Ended how = ended("abort", no);
  CHECK(how.error.starts_with("Assertion failed (aborting)"));
  CHECK(how.line == "[Assertion] failed, aborting");
  CHECK_FALSE(how.recovered);
  how = ended("abort_recover", no);
  CHECK(how.state == State::failed);
  CHECK(how.error.starts_with("aborted"));
  CHECK(how.line == "[Assertion] failed, recovering and aborting");
  CHECK(how.recovered);
  how = ended("continue", no);
  CHECK(how.state == State::done);
  CHECK(how.line == "[Assertion] failed, continuing execution");
  CHECK_FALSE(how.recovered);
  how = ended("recover", no);
  CHECK(how.state == State::done);
  CHECK(how.line == "[Assertion] failed, recovering and continuing");
  CHECK(how.recovered);
}

TEST_CASE("an assertion that cannot be evaluated fails the sequence, whatever its type") {
  for (const auto* type : {"abort", "abort_recover", "continue", "recover"}) {
    const Ended how = ended(type, fail(Status::failed, "Lua code is possibly invalid: line 1"));
    CHECK(how.state == State::failed);
    CHECK(how.error.starts_with("Lua code is possibly invalid"));
    CHECK(how.line == "[Assertion] failed to evaluate, aborting");
  }
}

TEST_CASE("an assertion is evaluated when it is reached, not before") {
  FakeWorld world;
  world.code(1, {write_pin(8), assertion("abort")});
  world.start_and_run(1);
  CHECK(world.asked == std::vector<std::string>{"SYS.WRITE_PIN"});
  world.answer();
  CHECK(world.asked.back() == "lua ok");
}

TEST_CASE("a Lua step goes on with any value, and fails with the script's own words") {
  FakeWorld world;
  world.scripts["good"] = LuaResult{3, "whatever"};
  world.scripts["bad"] = fail(Status::failed, "Lua failure");
  world.code(1, {lua("good"), lua("bad"), lua("good")});
  const auto id = world.start_and_run(1);
  CHECK(world.state(id) == State::failed);
  CHECK(error_of(world, id).starts_with("Lua failure"));
  CHECK(document(world.process(id), no_process)["error"]["path"] == "/body/1");
}

TEST_CASE("an operand must be one number") {
  FakeWorld world;
  world.registers["position"] = {{"x", 0}, {"y", 0}, {"z", 0}};
  world.scripts["n"] = LuaResult{1, "seven"};
  world.code(1, {json{{"kind", "move"},
                      {"args", json::object()},
                      {"body", {node("axis_overwrite", {{"axis", "x"}, {"axis_operand", lua("n")}})}}}});
  CHECK(error_of(world, world.start_and_run(1)).starts_with("Expected Lua to return number, got "));
}

TEST_CASE("a process pauses inside its script, and runs on from there") {
  FakeWorld world;
  world.code(1, {lua("busy"), write_pin(8)});
  const auto id = world.start_and_run(1);
  const auto paused = world.ask(&StepLoop::pause, id);
  CHECK(world.paused_calls.size() == 1);
  CHECK_FALSE(paused->answered);
  world.loop.script_rests(world.requests[0].ticket);
  CHECK(paused->answered);
  CHECK(world.state(id) == State::paused);
  CHECK(world.loop.run(id).has_value());
  CHECK(world.resumed_calls == world.paused_calls);
  world.loop.script_done(world.requests[0].ticket, LuaResult{});
  world.settle();
  CHECK(world.asked.back() == "SYS.WRITE_PIN");
}

TEST_CASE("a single step out of a paused script ends where the script does") {
  FakeWorld world;
  world.code(1, {lua("busy"), write_pin(8)});
  const auto id = world.start_and_run(1);
  world.ask(&StepLoop::pause, id);
  world.loop.script_rests(world.requests[0].ticket);
  const auto stepped = world.ask(&StepLoop::step, id);
  CHECK_FALSE(stepped->answered);
  world.loop.script_done(world.requests[0].ticket, LuaResult{});
  world.settle();
  CHECK(stepped->answered);
  CHECK(world.state(id) == State::paused);
  CHECK(world.asked.back() == "lua busy");
}

TEST_CASE("a killed process is gone when its script is, even a paused one") {
  for (const bool pause : {false, true}) {
    FakeWorld world;
    world.code(1, {lua("busy")});
    const auto id = world.start_and_run(1);
    if (pause) {
      world.ask(&StepLoop::pause, id);
      world.loop.script_rests(world.requests[0].ticket);
    }
    const auto killed = world.ask(&StepLoop::kill, id);
    CHECK(world.aborted.size() == 1);
    CHECK_FALSE(killed->answered);
    world.loop.script_done(world.requests[0].ticket, fail(Status::cancelled, "The script has ended."));
    CHECK(killed->answered);
    CHECK(world.state(id) == State::killed);
  }
}

TEST_CASE("a script's motion waits for its process's turn") {
  FakeWorld world;
  world.code(1, {move_relative(1)});
  world.code(2, {lua("moves")});
  const auto first = world.start_and_run(1);
  const auto second = world.start_and_run(2);
  CHECK_FALSE(world.loop.take_motion(second));
  CHECK_FALSE(world.loop.take_motion(second));
  world.answer();
  CHECK(world.state(first) == State::done);
  CHECK(world.granted == std::vector<ProcessId>{second});
}

TEST_CASE("a process that a script has started shares its motion and gives it back") {
  FakeWorld world;
  world.code(1, {lua("starts another")});
  world.code(2, {move_relative(1)});
  world.code(3, {move_relative(3)});
  const auto parent = world.start_and_run(1);
  CHECK(world.loop.take_motion(parent));
  const auto other = world.start_and_run(3);
  const auto child = world.loop.start(world.sequences.at(2), {.party = parent}).value();
  (void)world.loop.run(child);
  world.settle();
  CHECK(world.requests.back().ticket.process == child);
  CHECK(world.state(other) == State::waiting);
  const auto request = world.requests.back();
  world.loop.answered(request.ticket, 0.0);
  world.settle();
  CHECK(world.state(child) == State::done);
  CHECK(world.loop.motion_owner() == parent);
}

TEST_CASE("a request for the lock that is refused fails, and waits for nothing") {
  FakeWorld world;
  json request = node("rpc_request", {{"label", "a"}, {"priority", 9000}});
  request["body"] = {node("emergency_lock")};
  world.code_of(1, request);
  const auto id = world.start_and_run(1);
  world.answer(fail(Status::locked, "The lock is on."));
  CHECK(world.state(id) == State::failed);
}

TEST_CASE("a request for the lock alone is done when it locks; a sequence that locks ends by it") {
  const json lock = node("emergency_lock");
  json request = node("rpc_request", {{"label", "a"}, {"priority", 9000}});
  for (const bool notified_first : {false, true}) {
    FakeWorld world;
    request["body"] = {lock};
    world.code_of(1, request);
    request["body"] = {lock, write_pin(8)};
    world.code_of(2, request);
    world.code(3, {lock});
    for (const auto code : {1, 2, 3}) {
      const auto id = world.start_and_run(static_cast<std::uint16_t>(code));
      if (notified_first) world.loop.set_locked(true);
      if (!world.requests.empty()) world.answer();
      CHECK(world.state(id) == (code == 1 ? State::done : State::failed));
      world.loop.set_locked(false);
      world.requests.clear();
    }
  }
}
