// Soft limits: what is refused before anything is sent, and what the board clips itself.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "hal/motion/limits.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

Json at(double x, double y, double z) {
  return {{"x", x}, {"y", y}, {"z", z}};
}

Json setting(const char* name, Json value) {
  return {{"package", 1}, {"config", name}, {"value", std::move(value)}};
}

/// A bot of 1000 × 500 × 200 mm with home of z at the top, whose board clips nothing.
const Json lengths = {{"movement_axis_nr_steps_x", 5000}, {"movement_axis_nr_steps_y", 2500},
                      {"movement_axis_nr_steps_z", 5000}, {"movement_step_per_mm_x", 5},
                      {"movement_step_per_mm_y", 5},      {"movement_step_per_mm_z", 25},
                      {"movement_home_up_z", 1}};

TEST_CASE("a target beyond the axis is refused unsent, naming coordinate, limit and where it comes from") {
  ScriptedBoard board;
  Bench bench(board, lengths);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  const auto refused = bench.call("SYS.MOVE_ABSOLUTE", at(10, 501, 0));
  CHECK(refused.status() == Status::wrong_state);
  const auto& error = (*refused.outcome)->error();
  CHECK(error.code == "soft_limit");
  CHECK(error.message.starts_with("y 501.00 is beyond the soft limit of the y axis, 500.00 mm"));
  CHECK(error.message.contains("movement_axis_nr_steps_y"));
  CHECK(error.details["axis"] == "y");
  CHECK(error.details["coordinate"] == 501.0);
  CHECK(error.details["limit"] == 500.0);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(-0.2, 0, 0)).status() == Status::wrong_state);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(0, 0, 1)).status() == Status::wrong_state);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(0, 0, -200.5)).status() == Status::wrong_state);
  CHECK(board.heard.empty());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(1000, 500, -200)).ok());
}

TEST_CASE("a relative move is refused where it would end beyond a limit") {
  ScriptedBoard board;
  Bench bench(board, lengths);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(990, 0, 0)).ok());
  CHECK(bench.call("SYS.MOVE_RELATIVE", at(11, 0, 0)).status() == Status::wrong_state);
  CHECK(bench.call("SYS.MOVE_RELATIVE", at(10, 0, 0)).ok());
}

TEST_CASE("limits of the host's own go before the length, and null takes them away") {
  ScriptedBoard board;
  Bench bench(board, lengths);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_high_x", 300)).ok());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_low_x", -20)).ok());
  const auto refused = bench.call("SYS.MOVE_ABSOLUTE", at(301, 0, 0));
  CHECK(refused.status() == Status::wrong_state);
  CHECK(refused.message().contains("setting soft_limit_high_x"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(-20, 0, 0)).ok());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_high_x", nullptr)).ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(301, 0, 0)).ok());
  CHECK(*bench.call("SYS.CONFIG_READ", {{"package", 1}, {"config", "soft_limit_high_x"}}).done().document ==
        Json{{"soft_limit_high_x", nullptr}});
  const auto wrong = bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_high_x", "far"));
  CHECK(wrong.status() == Status::malformed);
  CHECK(wrong.message().contains("or null for none"));
}

TEST_CASE("where the board clips itself a length is no limit, and the clipping is reported") {
  auto parameters = lengths;
  parameters["movement_stop_at_max_x"] = 1;
  parameters["movement_stop_at_home_x"] = 1;
  SimulatedBoard board;
  Bench bench(board, parameters);
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(1010, 0, 0)).ok());
  CHECK(bench.logged("x 1010.00 is beyond the axis: the board went to 1000.00 instead"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(-5, 0, 0)).ok());
  CHECK(bench.logged("x -5.00 is beyond the axis: the board went to 0.00 instead"));
}

TEST_CASE("an axis outside its range may stay, and come back, but not go farther") {
  PerAxis<motion::Range> limits;
  limits[Axis::x].low = motion::Limit{0, "test"};
  const PerAxis<double> from{-50, 0, 0};
  CHECK(motion::check_limits(limits, from, {-50, 10, 0}));
  CHECK(motion::check_limits(limits, from, {-20, 10, 0}));
  CHECK_FALSE(motion::check_limits(limits, from, {-51, 10, 0}));
}

TEST_CASE("a jog ends at the limits") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_high_x", 120)).ok());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", setting("soft_limit_low_x", -30)).ok());
  board.heard.clear();
  REQUIRE(bench.call("SYS.JOG", {{"x", 1}}).ok());
  bench.run_for(50ms);
  CHECK(board.count("G00 X120.00 Y0.00 Z0.00") == 1);
  bench.run_for(1s);
  REQUIRE(bench.call("SYS.JOG", {{"x", -1}}).ok());
  bench.run_for(50ms);
  CHECK(board.count("G00 X-30.00 Y0.00 Z0.00") == 1);
}

TEST_CASE("no length and no setting is no limit") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(-10, 3000, 5)).ok());
}

}  // namespace
}  // namespace celeriac::hal::testing
