#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

namespace {

/// X with switches at both ends of 30 mm and no encoder; the carriage stands at `start_mm`.
BoardOptions short_axis(double start_mm) {
  BoardOptions options;
  options.machine.axes[0] = {.length_mm = 30, .start_mm = start_mm, .end_stops = true};
  return options;
}

}  // namespace

TEST_CASE("checklist 61: F11 with a switch that closes just past 0") {
  Bench bench = Bench::approved(short_axis(1.6));
  bench.ask("F22 P25 V1");
  bench.ask("G00 X5");
  const Lines lines = bench.ask("F11 Q4");
  CHECK(starting(lines, "R99 error 0").size() == 3);
  CHECK(starting(lines, "R11") == Lines{"R11 Q4"});
  const Lines displaced = starting(lines, "R99 homing displaced");
  REQUIRE(displaced.size() == 1);
  CHECK(displaced.front().ends_with(" / 1 Y 0 / 0 Z 0 / 0"));
  CHECK(lines.back() == "R02 Q4");
  CHECK(bench.board().machine().position_mm(AxisName::x) == 0);
  CHECK(contains(bench.ask("F82 Q5"), "R82 X0.00 Y0.00 Z0.00 Q5"));
}

TEST_CASE("The three segments of homing show the ramps of their directions, and crawling past 0") {
  Bench bench = Bench::approved(short_axis(1.6));
  bench.ask("F22 P25 V1");
  bench.ask("G00 X5");
  CHECK(states(bench.ask("F11 Q4"), 'X') ==
        "142501245014"
        "2650");
}

TEST_CASE("checklist 62: F13 is four segments with two R13") {
  MachineDescription machine = garden_bot();
  machine.axes[2].start_mm = -1;
  Bench bench = Bench::approved({.machine = machine});
  bench.ask("F22 P27 V1");
  const Lines lines = bench.ask("F13 Q4");
  CHECK(starting(lines, "R99 error 0").size() == 4);
  CHECK(starting(lines, "R13") == Lines{"R13 Q4", "R13 Q4"});
  CHECK(lines.back() == "R02 Q4");
}

TEST_CASE("F12 prints its result in its own form") {
  MachineDescription machine = garden_bot();
  machine.axes[1].start_mm = 1;
  Bench bench = Bench::approved({.machine = machine});
  bench.ask("F22 P26 V1");
  CHECK(starting(bench.ask("F12 Q4"), "R99 homing displaced") ==
        Lines{"R99 homing displaced X 0 Y 1 Z 0 M 5 M 5"});
}

TEST_CASE("checklist 63: without a switch homing goes on until E") {
  Bench bench = Bench::approved();
  bench.ask("F22 P11 V3");
  bench.ask("F22 P65 V100");
  bench.send("F11 Q4\n");
  bench.run_for(60s);
  Lines lines = bench.take();
  CHECK(starting(lines, "R71").size() >= 8);
  CHECK(starting(lines, "R99 homing displaced").size() >= 8);
  CHECK(starting(lines, "R02").empty());
  CHECK(starting(lines, "R03").empty());
  while (!bench.transcript().ends_with("R05 X6 Q4\r\n")) bench.run_for(1ms);
  bench.send("E");
  bench.wait_for("R03 V1 Q4", 2s);
}

TEST_CASE("A homing timeout short of 20 mm ends with error 2") {
  Bench bench = Bench::approved();
  bench.ask("F22 P11 V2");
  CHECK(bench.ask("F11 Q4").back() == "R03 V2 Q4");
}

TEST_CASE("checklist 64: calibration does not start on a closed switch") {
  Bench bench = Bench::approved(short_axis(0));
  bench.ask("F22 P25 V1");
  const Lines lines = bench.ask("F14 Q9");
  CHECK(starting(lines, "R99 Calibration error: end stop active before start").size() == 3);
  CHECK(starting(lines, "R07") == Lines{"R07 Q9", "R07 Q9"});
  CHECK(lines.back() == "R03 V4 Q9");
}

TEST_CASE("checklist 65: a calibration timeout falls through all axes and is tried three times") {
  Bench bench = Bench::approved();
  bench.ask("F22 P11 V2");
  const Lines lines = bench.ask("F14 Q9");
  const auto first = std::ranges::find(lines, "R71 Q9");
  REQUIRE(first != lines.end());
  CHECK(Lines(first, first + 8) == Lines{"R71 Q9", "R99 timeout X axis", "R72 Q9", "R99 timeout Y axis",
                                         "R73 Q9", "R99 timeout Z axis",
                                         "R99 Calibration error: invalid axis selected", "R07 Q9"});
  CHECK(starting(lines, "R71").size() == 3);
  CHECK(lines.back() == "R03 V4 Q9");

  bench.ask("F22 P13 V1");
  CHECK(starting(bench.ask("F16 Q9"), "R7") == Lines{"R73 Q9", "R73 Q9", "R73 Q9"});
}

TEST_CASE("checklist 66: calibration between two switches, without an encoder") {
  Bench bench = Bench::approved(short_axis(10));
  bench.ask("F22 P25 V1");
  Lines lines;
  for (const std::string& line : bench.ask("F14 Q9")) {
    if (line != "R04 Q9" && !line.starts_with("R99 step count")) lines.push_back(line);
  }
  CHECK(lines == Lines{"R08 *F14 Q9*",
                       "R01 Q9",
                       "R99 == Calibration start ==",
                       "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q9",
                       "R99 axis X move to end of axis for calibration",
                       "R06 X1 Q9",
                       "R99 movement done",
                       "R06 X2 Q9",
                       "R99 axis X at axis end",
                       "R23 P21 V0 Q9",
                       "R81 XA1 XB0 YA1 YB1 ZA1 ZB1 Q9",
                       "R99 axis X calibrating length",
                       "R99 axis X move to start of axis for measuring length",
                       "R99 movement done",
                       "R99 axis X at end point",
                       "R23 P141 V0.00 Q9",
                       "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q9",
                       "R82 X0.00 Y0.00 Z0.00 Q9",
                       "R06 X0 Q9",
                       "R99 calibration complete",
                       "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q9",
                       "R05 X1 Q9",
                       "R05 X6 Q9",
                       "R05 X5 Q9",
                       "R05 X0 Q9",
                       "R05 X1 Q9",
                       "R05 Y1 Q9",
                       "R05 Z1 Q9",
                       "R99 stopped",
                       "R11 Q9",
                       "R05 X5 Q9",
                       "R05 Y5 Q9",
                       "R05 Z5 Q9",
                       "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q9",
                       "R82 X0.00 Y0.00 Z0.00 Q9",
                       "R84 X0.00 Y0.00 Z0.00 Q9",
                       "R85 X0 Y0 Z0 Q9",
                       "R05 X0 Q9",
                       "R05 Y0 Q9",
                       "R05 Z0 Q9",
                       "R99 error 0",
                       "R02 Q9"});
  CHECK(contains(bench.ask("F21 P141 Q1"), "R21 P141 V0 Q1"));
}

TEST_CASE("A calibration that meets MIN at the far end reports swapped switches") {
  BoardOptions options = short_axis(10);
  Bench bench = Bench::approved(options);
  bench.ask("F22 P25 V1");
  bench.ask("F22 P31 V1");  // the motor turns the other way
  CHECK(contains(bench.ask("F14 Q9"), "R23 P21 V1 Q9"));
}

TEST_CASE("E in a calibration prints the rest of its lines and then fails") {
  Bench bench = Bench::approved();
  bench.send("F14 Q9\n");
  bench.run_for(2s);
  bench.send("E");
  bench.wait_for("R03 V1 Q9", 3s);
  const Lines lines = bench.take();
  const auto stop = std::ranges::find(lines, "R99 emergency stop");
  REQUIRE(stop != lines.end());
  CHECK(Lines(stop, lines.end()) ==
        Lines{"R99 emergency stop", "R87 Q9", "R99 movement done", "R06 X2 Q9", "R99 axis X at axis end",
              "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q9", "R99 axis X calibrating length",
              "R99 axis X move to start of axis for measuring length", "R99 axis X at end point",
              "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q9", "R82 X0.00 Y0.00 Z0.00 Q9", "R06 X0 Q9",
              "R99 calibration complete", "R03 V1 Q9"});
  CHECK(bench.board().locked());
}

TEST_CASE("Lines of a failed calibration come out in the next move, with their old Q") {
  Bench bench = Bench::approved();
  bench.ask("F22 P11 V1");
  bench.ask("F22 P5 V1");
  bench.ask("F14 Q9");
  const Lines lines = bench.ask("G00 X1 Q10");
  CHECK(contains(lines, "R05 X6 Q9"));
  CHECK(contains(lines, "R05 X1 Q10"));
}

TEST_CASE("@ in a calibration ends it with error 5") {
  Bench bench = Bench::approved();
  bench.send("F14 Q9\n");
  bench.run_for(2s);
  bench.send("@");
  bench.wait_for("R03 V5 Q9", 3s);
  const Lines lines = bench.take();
  CHECK(contains(lines, "R86 Q9"));
  CHECK(starting(lines, "R23").empty());
  CHECK(!bench.board().locked());
}

TEST_CASE("Calibration steps at about ten times the home speed") {
  const auto steps_per_second = [](const char* board) {
    Bench bench = Bench::approved({.profile = find_profile(board)});
    bench.send("F14 Q9\n");
    const Instant first = bench.wait_for("R04", 10s);
    (void)bench.take();
    return 150 / seconds(bench.wait_for("R04", 10s) - first);
  };
  CHECK(std::abs(steps_per_second("arduino") - 279) < 279 * 0.03);
  CHECK(std::abs(steps_per_second("farmduino_k14") - 348) < 348 * 0.03);
}
