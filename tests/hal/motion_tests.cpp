// Moves, homing, calibration and zero, on the firmware's double.

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::WithinRel;
using protocol::Channel;
using protocol::Json;
using protocol::Status;
using Lines = std::vector<std::string>;

Json at(double x, double y, double z) {
  return {{"x", x}, {"y", y}, {"z", z}};
}

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

TEST_CASE("a move is answered when it has ended, with the position known") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto begin = bench.now();
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(200, 0, 0)).ok());
  CHECK_THAT(seconds(bench.now() - begin), WithinRel(4.98, 0.05));
  bench.run_for(1ms);
  CHECK(bench.registers.value("position") == at(200, 0, 0));
  CHECK(bench.registers.value("busy") == false);
}

TEST_CASE("speeds are percent of each axis' maximum") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(200, 0, 0)).ok());
  const auto begin = bench.now();
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", {{"x", 0}, {"y", 0}, {"z", 0}, {"x_speed", 50}}).ok());
  CHECK_THAT(seconds(bench.now() - begin), WithinRel(7.945, 0.05));
}

TEST_CASE("a relative move begins where the machine is when its turn comes") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  std::vector<Call> calls;
  calls.push_back(bench.start("SYS.MOVE_ABSOLUTE", at(10, 5, -2), {1, Channel{1}}));
  for (std::uint16_t i = 2; i < 6; ++i)
    calls.push_back(bench.start("SYS.MOVE_RELATIVE", at(1, 0, -0.4), {1, Channel{i}}));
  REQUIRE(bench.run_until([&] { return calls.back().answered(); }));
  for (const auto& call : calls) CHECK(call.ok());
  bench.run_for(1ms);
  CHECK(bench.registers.value("position") == at(14, 5, -3.6));
}

TEST_CASE("an axis that is not asked to move does not creep") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_step_per_mm_y", 7}, {"movement_step_per_mm_z", 33}});
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(0, 10.57, -10.3)).ok());
  const auto y = bench.hypervisor.link().board().position_mm[Axis::y];
  const auto z = bench.hypervisor.link().board().position_mm[Axis::z];
  for (int i = 0; i < 10; ++i) REQUIRE(bench.call("SYS.MOVE_RELATIVE", at(1, 0, 0)).ok());
  CHECK(bench.hypervisor.link().board().position_mm[Axis::y] == y);
  CHECK(bench.hypervisor.link().board().position_mm[Axis::z] == z);
}

TEST_CASE("home of one axis leaves the others where they are") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(10, 20, -30)).ok());
  CHECK(bench.call("SYS.HOME", {{"axis", 1}}).ok());
  bench.run_for(1ms);
  CHECK(bench.registers.value("position") == at(10, 0, -30));
}

TEST_CASE("home of all axes goes z, y, x, one after the other") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(10, 20, -30)).ok());
  board.heard.clear();
  CHECK(bench.call("SYS.HOME", {{"axis", 3}, {"speed", 50}}).ok());
  REQUIRE(board.heard.size() == 3);
  CHECK(board.heard[0].starts_with("G00 X10.00 Y20.00 Z0.00 "));
  CHECK(board.heard[1].starts_with("G00 X10.00 Y0.00 Z0.00 "));
  CHECK(board.heard[2].starts_with("G00 X0.00 Y0.00 Z0.00 "));
}

TEST_CASE("a request for all axes stops at the first failure") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F12")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R03 V32 Q{Q}"};
  };
  const auto call = bench.call("SYS.FIND_HOME", {{"axis", 3}});
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().find("The y axis stalled") == 0);
  CHECK(board.count("F13") == 1);
  CHECK(board.count("F12") == 1);
  CHECK(board.count("F11") == 0);
}

TEST_CASE("a clipped move is a success, and the log says where it went") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_stop_at_max_x", 1}, {"movement_axis_nr_steps_x", 100}});
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(33.3, 0, 0)).ok());
  CHECK(bench.logged("went to 20.00 instead"));
}

TEST_CASE("a move that an end stop ends elsewhere is a success with a warning") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R82 X15.00 Y0.00 Z0.00 Q{Q}", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(200, 0, 0)).ok());
  CHECK(bench.logged("The x axis stopped at 15.00 instead of 200.00"));
}

TEST_CASE("a stall names the axis and what to do, and the board's own retries are logged") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  int stalls = 1;
  board.answer = [&](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R07 Q{Q}", "R07 Q{Q}",
                 stalls-- > 0 ? "R03 V32 Q{Q}" : "R02 Q{Q}"};
  };
  const auto call = bench.call("SYS.MOVE_ABSOLUTE", at(0, 30, 0));
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().find("The y axis stalled") == 0);
  CHECK(call.message().find("find home") != std::string::npos);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(0, 30, 0)).ok());
  CHECK(bench.logged("The board tried 3 times"));
}

TEST_CASE("the garden bot finds home on all axes") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  const auto call = bench.call("SYS.FIND_HOME", {{"axis", 3}});
  INFO(call.message());
  CHECK(call.ok());
  bench.run_for(1ms);
  CHECK(bench.registers.value("position") == at(0, 0, 0));
}

TEST_CASE("the garden bot's lengths are found, also from home, where an end stop is pressed") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  const auto call = bench.call("SYS.CALIBRATE", {{"axis", 3}});
  INFO(call.message());
  REQUIRE(call.ok());
  const auto& parameters = bench.hypervisor.link().board().parameters;
  CHECK(std::abs(parameters.get(firmware::Family::length, Axis::x) - 13500) < 20);
  CHECK(std::abs(parameters.get(firmware::Family::length, Axis::y) - 6000) < 20);
  CHECK(std::abs(parameters.get(firmware::Family::length, Axis::z) - 10000) < 20);
}

TEST_CASE("homing without an end stop ends with its name, and not never") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_timeout_x", 5}});
  REQUIRE(bench.run_until_ready());
  const auto begin = bench.now();
  const auto call = bench.call("SYS.FIND_HOME", {{"axis", 0}});
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().find("The x axis reached no end stop") == 0);
  CHECK(bench.now() - begin < 60s);
  CHECK_FALSE(board.board().locked());
}

TEST_CASE("a calibrated length is written to the board and kept") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F14")) return std::nullopt;
    return Lines{"R08 *" + line + "*",      "R01 Q{Q}", "R23 P21 V0 Q{Q}",
                 "R23 P141 V13500.00 Q{Q}", "R11 Q{Q}", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.CALIBRATE", {{"axis", 0}}).ok());
  CHECK(board.count("F22 P141.00 V13500.00") == 1);
  bench.run_for(1ms);
  const auto stored = settings::read_object(bench.folder.path() / "parameters.json");
  REQUIRE(stored);
  CHECK(*stored == Json{{"movement_axis_nr_steps_x", 13500}});
}

TEST_CASE("a calibration that gives no length is a fault with the reason") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F14")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R23 P141 V0.00 Q{Q}", "R02 Q{Q}"};
  };
  const auto call = bench.call("SYS.CALIBRATE", {{"axis", 0}});
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().find("encoder") != std::string::npos);
  CHECK(board.count("F22") == 0);
}

TEST_CASE("zero waits for the board's idle report before the next move") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(10, 4, 0)).ok());
  const auto zero = bench.start("SYS.ZERO", {{"axis", 0}}, {1, Channel{1}});
  const auto move = bench.start("SYS.MOVE_RELATIVE", at(1, 0, 0), {1, Channel{2}});
  REQUIRE(bench.run_until([&] { return zero.answered(); }));
  CHECK(zero.ok());
  bench.run_for(1us);
  CHECK(bench.hypervisor.link().board().position_mm[Axis::x] == 0);
  REQUIRE(bench.run_until([&] { return move.answered(); }));
  CHECK(move.ok());
  bench.run_for(1ms);
  CHECK(bench.registers.value("position") == at(1, 4, 0));
}

TEST_CASE("zero of a board that stops reporting ends with timeout or a lost link, not never") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.reports = false;
  CHECK(bench.call("SYS.ZERO", {{"axis", 3}}).status() == Status::timeout);
}

TEST_CASE("an emergency stop ends the wait of zero") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto zero = bench.start("SYS.ZERO", {{"axis", 0}});
  bench.run_for(1s);
  bench.call("SYS.EMERGENCY_LOCK");
  bench.run_for(1ms);
  CHECK(zero.status() == Status::locked);
}

TEST_CASE("coordinates that cannot be are malformed, and nothing is sent") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(1e9, 0, 0)).status() == Status::malformed);
  CHECK(board.heard.empty());
}

TEST_CASE("requests of all streams go in the order in which they came") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  std::vector<Call> calls;
  for (std::uint16_t i = 0; i < 20; ++i)
    calls.push_back(bench.start("SYS.MOVE_ABSOLUTE", at(i, 0, 0), {i % 3U + 1U, Channel{i}}));
  REQUIRE(bench.run_until([&] { return calls.back().answered(); }));
  REQUIRE(board.heard.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(board.heard[i].starts_with(std::format("G00 X{}.00 ", i)));
}

TEST_CASE("the next move is on the wire at the instant of the last one's answer") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  bench.wire.clear();
  const auto first = bench.start("SYS.MOVE_ABSOLUTE", at(1, 0, 0), {1, Channel{1}});
  const auto second = bench.start("SYS.MOVE_ABSOLUTE", at(2, 0, 0), {1, Channel{2}});
  REQUIRE(bench.run_until([&] { return first.answered(); }));
  REQUIRE(bench.wire.size() == 2);
  CHECK(bench.wire[1].first == bench.now());
  REQUIRE(bench.run_until([&] { return second.answered(); }));
}

}  // namespace
}  // namespace celeriac::hal::testing
