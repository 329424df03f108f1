// Emergency stop, unlock, abort, and streams that end.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Channel;
using protocol::Status;
using Lines = std::vector<std::string>;

const protocol::Json far_away = {{"x", 200}, {"y", 0}, {"z", 0}};

/// A board whose moves go on until '@' or 'E'.
struct EndlessMoves {
  EndlessMoves() {
    board.answer = [this](const std::string& line) -> std::optional<Lines> {
      if (!line.starts_with("G00") || board.locked) return std::nullopt;
      q = line.substr(line.find(" Q") + 2);
      return Lines{"R08 *" + line + "*", "R01 Q" + q, "R04 Q" + q};
    };
    board.on_byte = [this](char byte) {
      if (byte == 'E') board.locked = true;
      if (q.empty()) return;
      board.say((byte == 'E' ? "R87 Q" : "R86 Q") + q + "\r\n");
      board.later(210ms, (byte == 'E' ? "R03 V1 Q" : "R03 V5 Q") + q + "\r\n");
      q.clear();
    };
  }
  ScriptedBoard board;
  std::string q;
};

TEST_CASE("an emergency stop while idle locks, and the board confirms at once") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto begin = bench.now();
  CHECK(bench.call("SYS.EMERGENCY_LOCK").ok());
  CHECK(bench.now() - begin < 50ms);
  CHECK(board.board().locked());
  bench.run_for(1ms);
  CHECK(bench.registers.value("locked") == true);
  CHECK(bench.hypervisor.status()["locked_at"].is_number());
}

TEST_CASE("under the lock everything that touches hardware is refused, and reading is not") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  const std::pair<const char*, protocol::Json> refused[] = {
      {"SYS.MOVE_ABSOLUTE", far_away},
      {"SYS.MOVE_RELATIVE", far_away},
      {"SYS.HOME", {{"axis", 3}}},
      {"SYS.FIND_HOME", {{"axis", 0}}},
      {"SYS.CALIBRATE", {{"axis", 0}}},
      {"SYS.ZERO", {{"axis", 0}}},
      {"SYS.READ_PIN", {{"pin", 8}, {"mode", 0}}},
      {"SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}},
      {"SYS.TOGGLE_PIN", {{"pin", 8}}},
      {"SYS.SET_SERVO_ANGLE", {{"pin", 4}, {"angle", 1}}},
  };
  for (const auto& [operation, fields] : refused) {
    const auto call = bench.start(operation, fields);
    INFO(operation);
    REQUIRE(call.answered());
    CHECK(call.status() == Status::locked);
    CHECK(call.message().find("unlock") != std::string::npos);
  }
  CHECK(bench.call("SYS.READ_STATUS").ok());
  CHECK(bench.call("SYS.CONFIG_READ", {{"package", 0}}).ok());
  CHECK(bench.call("SYS.ABORT").ok());
}

TEST_CASE("unlock ends the lock, and moves work again") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  CHECK_FALSE(board.board().locked());
  bench.run_for(6s);  // an idle report passes
  CHECK(bench.registers.value("locked") == false);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}}).ok());
}

TEST_CASE("unlocking what is not locked is fine") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
}

TEST_CASE("an emergency stop in mid-move stops it, and answers all that wait with locked at once") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{1}});
  std::vector<Call> waiting;
  for (std::uint16_t i = 2; i < 50; ++i)
    waiting.push_back(bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{i}}));
  bench.run_for(2s);
  const auto stop = bench.start("SYS.EMERGENCY_LOCK", protocol::Json::object(), {2, Channel{0}});
  bench.run_for(1ms);
  CHECK(move.status() == Status::locked);
  for (const auto& call : waiting) CHECK(call.status() == Status::locked);
  REQUIRE(bench.run_until([&] { return stop.answered(); }, 100ms));
  CHECK(stop.ok());
  const double stopped_at = board.board().machine().position_mm(firmware_sim::AxisName::x);
  bench.run_for(10s);
  CHECK(board.board().locked());
  CHECK(stopped_at > 10);
  CHECK(std::abs(board.board().machine().position_mm(firmware_sim::AxisName::x) - stopped_at) < 0.5);
  CHECK(std::abs(bench.registers.value("position")["x"].get<double>() - stopped_at) < 0.5);
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  CHECK(bench.call("SYS.HOME", {{"axis", 3}}).ok());
}

TEST_CASE("the stop byte is the next thing on the wire, whatever stands in the queue") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  for (std::uint16_t i = 1; i < 1000; ++i) bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{i}});
  bench.run_for(50ms);
  bench.wire.clear();
  bench.start("SYS.EMERGENCY_LOCK");
  REQUIRE_FALSE(bench.wire.empty());
  CHECK(bench.wire.front().second == "E\r\n");
}

TEST_CASE("the stop is repeated every 100 ms until the board confirms") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  int deaf = 5;
  board.on_byte = [&](char) {
    if (--deaf <= 0) board.locked = true;
  };
  board.answer = [&](const std::string&) -> std::optional<Lines> {
    if (!board.locked) return Lines{};
    return std::nullopt;
  };
  const auto begin = bench.now();
  CHECK(bench.call("SYS.EMERGENCY_LOCK").ok());
  CHECK(bench.now() - begin >= 400ms);
  CHECK(bench.now() - begin < 600ms);
  CHECK(board.count("E") == 5);
  bench.run_for(2s);
  CHECK(board.count("E") == 5);
}

TEST_CASE("repeats wait while the system still holds the last one") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.on_byte = [](char) {};
  board.answer = [](const std::string&) { return Lines{}; };
  bench.unsent = 3;
  bench.start("SYS.EMERGENCY_LOCK");
  bench.run_for(150ms);
  CHECK(board.count("E") == 1);
}

TEST_CASE("a stop while there is no board holds, and is the first thing that the board hears") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  bench.unplug();
  bench.run_for(5s);
  CHECK(bench.call("SYS.EMERGENCY_LOCK").ok());
  bench.run_for(5s);
  CHECK(bench.registers.value("locked") == true);
  board.heard.clear();
  bench.plug();
  REQUIRE(bench.run_until_ready());
  bench.run_for(1s);
  REQUIRE_FALSE(board.heard.empty());
  CHECK(board.heard.front() == "E");
  CHECK(board.locked);
  CHECK(bench.registers.value("locked") == true);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", far_away).status() == Status::locked);
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  CHECK_FALSE(board.locked);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", far_away).ok());
}

TEST_CASE("the lock survives a restart of the board, which forgets it") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  board.opened(bench.now());
  bench.run_for(1s);
  REQUIRE(bench.run_until_ready());
  bench.run_for(1s);
  CHECK(board.board().locked());
  CHECK(bench.registers.value("locked") == true);
}

TEST_CASE("a board that forgets the lock without a word is locked again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  board.locked = false;
  bench.run_for(6s);
  CHECK(board.locked);
}

TEST_CASE("a lock that the board reports is taken over") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.locked = true;
  bench.run_for(6s);
  CHECK(bench.registers.value("locked") == true);
  CHECK(bench.logged("The board reports an emergency stop"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", far_away).status() == Status::locked);
  CHECK(bench.call("SYS.EMERGENCY_UNLOCK").ok());
}

TEST_CASE("a board that is lost before it confirmed the stop is said so to who asked") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.silent = true;
  const auto stop = bench.call("SYS.EMERGENCY_LOCK");
  CHECK(stop.status() == Status::offline);
  CHECK(stop.message().find("cut its power") != std::string::npos);
  bench.run_for(1ms);
  CHECK(bench.registers.value("locked") == true);
}

TEST_CASE("abort stops the move in progress without locking, and the next one goes on") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{1}});
  const auto next = bench.start("SYS.HOME", {{"axis", 0}}, {1, Channel{2}});
  bench.run_for(2s);
  CHECK(bench.call("SYS.ABORT", protocol::Json::object(), {1, Channel{3}}).ok());
  REQUIRE(bench.run_until([&] { return move.answered(); }, 1s));
  CHECK(move.status() == Status::cancelled);
  REQUIRE(bench.run_until([&] { return next.answered(); }));
  CHECK(next.ok());
  CHECK_FALSE(board.board().locked());
}

TEST_CASE("abort of a request for all axes ends the whole request") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 50}, {"y", 50}, {"z", -50}}).ok());
  const auto home = bench.start("SYS.HOME", {{"axis", 3}});
  bench.run_for(500ms);
  bench.call("SYS.ABORT");
  REQUIRE(bench.run_until([&] { return home.answered(); }, 1s));
  CHECK(home.status() == Status::cancelled);
  bench.run_for(1s);
  CHECK(bench.hypervisor.link().board().position_mm[Axis::x] == 50);
}

TEST_CASE("abort in the very moments of a move's beginning and end leaves a line that works") {
  for (auto when = 0ms; when < 1200ms; when += 9ms) {
    SimulatedBoard board;
    Bench bench(board);
    REQUIRE(bench.run_until_ready());
    const auto move = bench.start("SYS.MOVE_ABSOLUTE", {{"x", 10}, {"y", 0}, {"z", 0}});
    bench.run_for(when);
    bench.call("SYS.ABORT");
    REQUIRE(bench.run_until([&] { return move.answered(); }, 2s));
    CHECK((move.ok() || move.status() == Status::cancelled));
    CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 1}, {"y", 0}, {"z", 0}}).ok());
    CHECK_FALSE(bench.logged("damaged"));
  }
}

TEST_CASE("abort with nothing in progress is fine") {
  SimulatedBoard board;
  Bench bench(board);
  CHECK(bench.call("SYS.ABORT").ok());
  CHECK(bench.call("SYS.ABORT", {{"channel", 7}}).ok());
}

TEST_CASE("abort by channel stops only the sender's own request, running or waiting") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  const auto running = bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{1}});
  const auto waiting = bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{2}});
  const auto other = bench.start("SYS.MOVE_ABSOLUTE", far_away, {2, Channel{2}});
  bench.run_for(50ms);
  bench.call("SYS.ABORT", {{"channel", 1}}, {2, Channel{9}});  // not theirs
  bench.run_for(500ms);
  CHECK_FALSE(running.answered());
  bench.call("SYS.ABORT", {{"channel", 2}}, {1, Channel{9}});
  CHECK(waiting.status() == Status::cancelled);
  CHECK_FALSE(running.answered());
  bench.call("SYS.ABORT", {{"channel", 1}}, {1, Channel{9}});
  REQUIRE(bench.run_until([&] { return running.answered(); }, 1s));
  CHECK(running.status() == Status::cancelled);
  bench.run_for(500ms);
  CHECK_FALSE(other.answered());
  CHECK(moves.board.count("G00") == 2);
}

TEST_CASE("a stream that ends takes its waiting requests along and stops its move") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  const auto running = bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{1}});
  bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{2}});
  const auto other = bench.start("SYS.MOVE_ABSOLUTE", {{"x", 7}, {"y", 0}, {"z", 0}}, {2, Channel{1}});
  bench.run_for(100ms);
  bench.hypervisor.stream_closed(1);
  bench.run_for(1s);
  CHECK(moves.board.count("@") == 1);
  CHECK(moves.board.count("G00 X200.00") == 1);
  CHECK(moves.board.count("G00 X7.00") == 1);
  CHECK_FALSE(other.answered());
}

TEST_CASE("a stream that ends leaves the moves of others alone") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  bench.start("SYS.MOVE_ABSOLUTE", far_away, {1, Channel{1}});
  bench.run_for(100ms);
  bench.hypervisor.stream_closed(2);
  bench.run_for(1s);
  CHECK(moves.board.count("@") == 0);
}

TEST_CASE("the queue is bounded: one more is overloaded, and a stop still goes through") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  std::vector<Call> calls;
  for (std::size_t i = 0; i <= motion::max_queued_requests; ++i)
    calls.push_back(bench.start("SYS.MOVE_ABSOLUTE", far_away,
                                {i / 4000, Channel{static_cast<std::uint16_t>(i % 4000)}}));
  const auto more = bench.start("SYS.MOVE_ABSOLUTE", far_away, {9, Channel{1}});
  REQUIRE(more.answered());
  CHECK(more.status() == Status::overloaded);
  CHECK(bench.call("SYS.EMERGENCY_LOCK").ok());
  bench.run_for(1ms);
  CHECK(std::ranges::all_of(calls, [](const Call& call) { return call.status() == Status::locked; }));
}

TEST_CASE("a move that does not obey an abort ends in an emergency stop") {
  EndlessMoves moves;
  Bench bench(moves.board);
  REQUIRE(bench.run_until_ready());
  auto obey = std::exchange(moves.board.on_byte, nullptr);
  moves.board.on_byte = [&](char byte) {
    if (byte == 'E') obey(byte);
  };
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", far_away);
  bench.run_for(100ms);
  bench.call("SYS.ABORT");
  bench.run_for(firmware::abort_patience(firmware::Work::move) - 100ms);
  CHECK_FALSE(move.answered());
  REQUIRE(bench.run_until([&] { return move.answered(); }, 5s));
  CHECK(move.status() == Status::locked);
  CHECK(moves.board.locked);
}

}  // namespace
}  // namespace celeriac::hal::testing
