#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("checklist 28: without approval G00 is refused and nothing moves") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("G00 X10 Q6") == Lines{"R08 *G00 X10 Q6*", "R88 Q6"});
  bench.run_for(2s);
  CHECK(bench.board().machine().position_mm(AxisName::x) == 0);
}

TEST_CASE("checklist 29: the Q of a command that was not approved stays in the idle report") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F12 Q91") == Lines{"R08 *F12 Q91*", "R88 Q91"});
  bench.run_for(5100ms);
  const Lines lines = bench.take();
  CHECK(lines.front() == "R00 Q91");
  CHECK(lines.back() == "R88 Q91");
}

TEST_CASE("checklist 30: G28 needs no approval and is three segments") {
  Bench bench = Bench::booted();
  const Lines lines = bench.ask("G28 Q90");
  CHECK(lines[1] == "R01 Q90");
  CHECK(starting(lines, "R99 error 0").size() == 3);
  CHECK(lines.back() == "R02 Q90");
  CHECK(seconds(bench.took()) > 0.90);
  CHECK(seconds(bench.took()) < 1.00);
}

TEST_CASE("checklist 31: a short move, line by line") {
  Bench bench = Bench::approved();
  const Lines all = bench.ask("G00 X10 Y0 Z0 Q2");
  Lines lines;
  for (const std::string& line : all) {  // without the periodic reports
    if (line == "R04 Q2" || (line.starts_with("R82") && line != "R82 X10.00 Y0.00 Z0.00 Q2")) continue;
    lines.push_back(line);
  }
  CHECK(lines == Lines{"R08 *G00 X10 Y0 Z0 Q2*",
                       "R01 Q2",
                       "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q2",
                       "R05 X1 Q2",
                       "R05 Y1 Q2",
                       "R05 Z1 Q2",
                       "R05 X2 Q2",
                       "R05 X4 Q2",
                       "R99 stopped",
                       "R05 X5 Q2",
                       "R05 Y5 Q2",
                       "R05 Z5 Q2",
                       "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q2",
                       "R82 X10.00 Y0.00 Z0.00 Q2",
                       "R84 X0.00 Y0.00 Z0.00 Q2",
                       "R85 X0 Y0 Z0 Q2",
                       "R05 X0 Q2",
                       "R05 Y0 Q2",
                       "R05 Z0 Q2",
                       "R99 error 0",
                       "R02 Q2"});
  CHECK(seconds(bench.took()) > 1.1 * 0.95);
  CHECK(seconds(bench.took()) < 1.1 * 1.05);
}

TEST_CASE("checklist 32: a downward move shows its ramps the other way round") {
  Bench bench = Bench::approved();
  bench.ask("G00 X20");
  CHECK(states(bench.ask("G00 X4 Q6"), 'X') == "14250");
}

TEST_CASE("checklist 33: a long move cruises") {
  Bench bench = Bench::approved();
  const Lines lines = bench.ask("G00 X200 Q2");
  CHECK(states(lines, 'X') == "123450");
  CHECK(seconds(bench.took()) > 4.98 * 0.95);
  CHECK(seconds(bench.took()) < 4.98 * 1.05);
  const auto reports = starting(lines, "R04").size();
  CHECK(reports >= 11);
  CHECK(reports <= 13);
}

TEST_CASE("checklist 34: the speed word slows a move down") {
  Bench bench = Bench::approved();
  bench.ask("G00 X200");
  bench.ask("G00 X0 A200 Q3");
  CHECK(seconds(bench.took()) > 7.9 * 0.95);
  CHECK(seconds(bench.took()) < 7.9 * 1.05);
}

TEST_CASE("checklist 35: a speed word above the parameter is ignored") {
  Bench with = Bench::approved();
  with.ask("G00 X200 A5000");
  Bench without = Bench::approved();
  without.ask("G00 X200");
  CHECK(std::chrono::abs(with.took() - without.took()) < 1ms);
}

TEST_CASE("checklist 36: a destination is truncated to whole steps") {
  Bench bench = Bench::approved();
  bench.ask("G00 X4");
  bench.ask("G00 X10.3");
  CHECK(contains(bench.ask("F82 Q1"), "R82 X10.20 Y0.00 Z0.00 Q1"));
}

TEST_CASE("checklist 37: a missing coordinate is 0") {
  Bench bench = Bench::approved();
  bench.ask("G00 X3");
  bench.ask("G00 Z-10");
  CHECK(contains(bench.ask("F82 Q1"), "R82 X0.00 Y0.00 Z-10.00 Q1"));
}

TEST_CASE("checklist 38: a segment with nothing to do takes 0.32 s") {
  Bench bench = Bench::approved();
  const Lines lines = bench.ask("G00 X0 Y0 Z0");
  CHECK(lines.size() >= 16);
  CHECK(seconds(bench.took()) > 0.32 * 0.95);
  CHECK(seconds(bench.took()) < 0.32 * 1.05);
}

TEST_CASE("checklist 39: stop-at-home clamps to 0 and says so first") {
  Bench bench = Bench::approved();
  bench.ask("F22 P45 V1");
  const Lines lines = bench.ask("G00 X-5 Q27");
  CHECK(lines[2] == "R15 X0 Q27");
  CHECK(lines[3].starts_with("R81"));
  CHECK(lines.back() == "R02 Q27");
}

TEST_CASE("checklist 40: stop-at-max clamps to the length") {
  Bench bench = Bench::approved();
  bench.ask("F22 P145 V1");
  bench.ask("F22 P141 V100");
  const Lines lines = bench.ask("G00 X33.3 Q28");
  CHECK(lines[2] == "R15 X20 Q28");
  CHECK(contains(lines, "R82 X20.00 Y0.00 Z0.00 Q28"));
  CHECK(lines.back() == "R02 Q28");
  CHECK(starting(bench.ask("G00 X-33.3 Q29"), "R15") == Lines{"R15 X-20 Q29"});
}

TEST_CASE("Home-up axes are clamped on their other side") {
  Bench bench = Bench::approved();
  bench.ask("F22 P47 V1");
  CHECK(contains(bench.ask("G00 Z5 Q1"), "R17 Z0 Q1"));
  CHECK(starting(bench.ask("G00 Z-5 Q1"), "R17").empty());
}

TEST_CASE("checklist 41: a move that an end stop ends is a success somewhere else") {
  Bench bench = Bench::approved();
  bench.ask("F22 P25 V1");
  bench.send("G00 X200 Q7\n");
  while (bench.board().machine().position_mm(AxisName::x) < 15) bench.run_for(100us);
  bench.board().drive_pin(2, false);
  bench.wait_for("R02 Q7", 10s);
  const Lines lines = bench.take();
  CHECK(contains(lines, "R81 XA1 XB0 YA1 YB1 ZA1 ZB1 Q7"));
  CHECK(contains(lines, "R82 X15.00 Y0.00 Z0.00 Q7"));
  CHECK(contains(lines, "R99 error 0"));
}

TEST_CASE("checklist 42: a home switch that stays closed keeps the counter at 0 until the timeout") {
  Bench bench = Bench::approved();
  bench.ask("F22 P25 V1");
  bench.ask("F22 P11 V3");
  bench.board().drive_pin(3, false);
  const Lines lines = bench.ask("G00 X20 Q5");
  for (const std::string& position : starting(lines, "R82")) CHECK(position == "R82 X0.00 Y0.00 Z0.00 Q5");
  CHECK(seconds(bench.took()) > 3.0);
  CHECK(seconds(bench.took()) < 3.4);
  const auto timeout = std::ranges::find(lines, "R71");
  REQUIRE(timeout != lines.end());
  CHECK(Lines(timeout, timeout + 4) == Lines{"R71", "R99 timeout X axis", "R99 error", "R99 stopped"});
  CHECK(contains(lines, "R99 error 2"));
  CHECK(lines.back() == "R03 V2 Q5");
  CHECK(starting(lines, "R07").empty());
  CHECK(bench.board().machine().position_mm(AxisName::x) > 20);
}

TEST_CASE("checklist 43: a stalled move is tried three times") {
  Bench bench = Bench::approved();
  bench.ask("F22 P111 V0");
  const Lines lines = bench.ask("G00 X30 Q18");
  CHECK(starting(lines, "R07") == Lines{"R07 Q18", "R07 Q18"});
  CHECK(starting(lines, "R99 deactivate motor X due to missed steps").size() == 3);
  CHECK(starting(lines, "R99 error 31").size() == 3);
  CHECK(lines.back() == "R03 V31 Q18");
}

TEST_CASE("checklist 44: with P4 a failed move stops everything and clears the pins") {
  Bench bench = Bench::approved();
  bench.ask("F22 P111 V0");
  bench.ask("F22 P4 V1");
  bench.ask("F41 P8 V1 M0");
  CHECK(bench.ask("G00 X30 Q18").back() == "R03 V31 Q18");
  bench.run_for(50ms);
  CHECK(bench.take() == Lines{"R99 resetting digital pin8", "R41 P8 V0 Q0"});
  CHECK(bench.ask("G00 X1 Q19") == Lines{"R08 *G00 X1 Q19*", "R87 Q19"});
}

TEST_CASE("checklist 45: with an encoder that stands still the idle report takes the position back") {
  Bench bench = Bench::approved();
  bench.ask("F22 P101 V1");
  const Lines lines = bench.ask("G00 X20 Q3");
  CHECK(lines.back() == "R02 Q3");
  CHECK(contains(bench.ask("F82 Q4"), "R82 X20.00 Y0.00 Z0.00 Q4"));
  bench.run_for(5100ms);
  CHECK(contains(bench.ask("F82 Q5"), "R82 X0.00 Y0.00 Z0.00 Q5"));
}

TEST_CASE("checklist 46: F84 shows with the next idle report") {
  Bench bench = Bench::approved();
  bench.ask("G00 X10");
  CHECK(bench.ask("F84 X1 Q3") == Lines{"R08 *F84 X1 Q3*", "R01 Q3", "R99 Will zero X Q3", "R02 Q3"});
  CHECK(contains(bench.ask("F82 Q4"), "R82 X10.00 Y0.00 Z0.00 Q4"));
  bench.run_for(5100ms);
  CHECK(contains(bench.ask("F82 Q5"), "R82 X0.00 Y0.00 Z0.00 Q5"));
}

TEST_CASE("checklist 47: F84 without an axis prints a lone Q, and several run together") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F84 Q13") == Lines{"R08 *F84 Q13*", "R01 Q13", " Q13", "R02 Q13"});
  CHECK(bench.ask("F84 X1 Y1 Z0 Q26")[2] == "R99 Will zero XR99 Will zero Y Q26");
}

TEST_CASE("checklist 48: a line that comes during a move is neither echoed nor executed") {
  Bench bench = Bench::approved();
  bench.send("G00 X100 Q2\n");
  bench.run_for(1s);
  bench.send("F82 Q3\n");
  bench.run_for(10s);
  const Lines lines = bench.take();
  CHECK(starting(lines, "R08").size() == 1);
  CHECK(!contains(lines, "R02 Q3"));
}

TEST_CASE("Resting axes show the state of their last move") {
  Bench bench = Bench::approved();
  CHECK(states(bench.ask("G00 X5"), 'Y') == "150");
  bench.ask("G00 X5 Y5");
  CHECK(states(bench.ask("G00 X6 Y5"), 'Y') == "1450");
}

TEST_CASE("Axes move independently, each at its own speed") {
  Bench bench = Bench::approved();
  bench.ask("G00 X10 Y100 Z-20");
  CHECK(contains(bench.ask("F82 Q1"), "R82 X10.00 Y100.00 Z-20.00 Q1"));
  CHECK(seconds(bench.took()) < 0.01);
}

TEST_CASE("Every line of a move ends in one CR LF, wherever the queue stood when the move ended") {
  Bench bench = Bench::approved({.profile = find_profile("farmduino_k14")});
  for (int steps = 1; steps < 60; ++steps) bench.ask(std::format("G00 X{}", steps % 2 == 0 ? 0 : steps));
  std::string last_two = "\r\n";
  for (const char byte : bench.transcript()) {
    if (byte == '\n') CHECK(last_two[1] == '\r');
    last_two = {last_two[1], byte};
  }
}

TEST_CASE("Zeros where numbers must be positive end in a timeout and not in a crash") {
  Bench bench = Bench::approved();
  for (const int number : {41, 61, 71, 65}) bench.ask(std::format("F22 P{} V0", number));
  bench.ask("F22 P11 V1");
  CHECK(bench.ask("G00 X10 Q1").back() == "R03 V2 Q1");
}

TEST_CASE("Changing the steps per millimetre does not move the counter") {
  Bench bench = Bench::approved();
  bench.ask("G00 X10");
  bench.ask("F22 P55 V10");
  CHECK(contains(bench.ask("F82 Q1"), "R82 X5.00 Y0.00 Z0.00 Q1"));
}
