#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

TEST_CASE("checklist 1: a reset prints the boot lines and the 117 parameters in ascending order") {
  Bench bench;
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  const auto lines = bench.take();
  CHECK(lines[0] == "R99 Serial connection started");
  CHECK(lines[1] == "R99 Set input/output");
  CHECK(lines[2] == "R99 Read parameters");
  const auto parameters = starting(lines, "R21 ");
  REQUIRE(parameters.size() == 117);
  CHECK(parameters[0] == "R21 P0 V1 Q0");
  CHECK(parameters[1] == "R21 P2 V0 Q0");
  CHECK(parameters.back() == "R21 P223 V1 Q0");
  int last = -1;
  for (const std::string& line : parameters) {
    const int number = std::stoi(line.substr(5));
    CHECK(number > last);
    last = number;
  }
  const std::vector<std::string> rest(lines.begin() + 120, lines.end());
  CHECK(rest == std::vector<std::string>{"R99 Load movement settings", "R99 Set motor enables off",
                                         "R99 Start pin guard", "R99 Start interrupt",
                                         "R99 Check homing on boot", "R99 ARDUINO STARTUP COMPLETE"});
}

TEST_CASE("checklist 2: start-up is complete within 0.35 s, with TMC drivers within 0.75 s") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench({.profile = &profile});
    const double took = seconds(bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s).time_since_epoch());
    CHECK(took <= (profile.tmc_drivers ? 0.75 : 0.35));
    CHECK(took >= (profile.tmc_drivers ? 0.65 : 0.25));
  }
}

TEST_CASE("Boards with TMC drivers announce them after the parameters") {
  Bench bench({.profile = find_profile("farmduino_k15")});
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  const auto lines = bench.take();
  CHECK(lines[1] == "R99 Set input/output farmbot express");
  CHECK(lines[120] == "R99 Load TMC drivers");
  CHECK(lines[121] == "R99 Init TMC2130 drivers");
  CHECK(lines[122] == "R99 Load TMC2130 parameters");
  CHECK(lines[123] == "R99 Load movement settings");
}

TEST_CASE("checklist 3: an idle board reports every five seconds, with R88 while it is not approved") {
  Bench bench;
  const Instant boot = bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  (void)bench.take();
  const Instant first = bench.wait_for("R00", 10s);
  CHECK(seconds(first - boot) > 4.9);
  CHECK(seconds(first - boot) < 5.1);
  bench.run_for(100ms);
  CHECK(bench.take() == std::vector<std::string>{"R00 Q0", "R82 X0.00 Y0.00 Z0.00 Q0",
                                                 "R84 X0.00 Y0.00 Z0.00 Q0", "R85 X0 Y0 Z0 Q0",
                                                 "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q0", "R88 Q0"});
  const Instant second = bench.wait_for("R00", 10s);
  CHECK(seconds(second - first) > 4.99);
  CHECK(seconds(second - first) < 5.03);
}

TEST_CASE("checklist 4: an approved board reports without R88") {
  Bench bench = Bench::approved();
  bench.run_for(6s);
  const auto lines = bench.take();
  CHECK(lines.size() == 5);
  CHECK(starting(lines, "R88").empty());
}

TEST_CASE("checklist 5: a Farmduino 1.4 reports every half second") {
  Bench bench = Bench::approved({.profile = find_profile("farmduino_k14")});
  const Instant first = bench.wait_for("R00", 2s);
  (void)bench.take();
  const Instant second = bench.wait_for("R00", 2s);
  CHECK(seconds(second - first) > 0.495);
  CHECK(seconds(second - first) < 0.520);
}

TEST_CASE("checklist 6: any byte restarts the idle timer, and a lone LF prints nothing") {
  Bench bench = Bench::approved();
  for (int i = 0; i < 10; ++i) {
    bench.run_for(4s);
    bench.send("\n");
  }
  CHECK(bench.take().empty());
  bench.run_for(5100ms);
  CHECK(bench.take().front() == "R00 Q0");
}

TEST_CASE("A release before 6.5 prints only the last boot line") {
  Bench bench({.version = FirmwareVersion{6, 4, 2}});
  bench.run_for(1s);
  CHECK(bench.take() == std::vector<std::string>{"R99 ARDUINO STARTUP COMPLETE"});
}

TEST_CASE("Homing at boot runs Z, Y, X where it is stored, approved and wanted") {
  MachineDescription machine = garden_bot();
  for (AxisBody& body : machine.axes) body.start_mm = body.away * 2;
  Bench bench = Bench::booted({.machine = machine});
  for (const char* command :
       {"F22 P3 V1", "F22 P2 V1", "F22 P18 V1", "F22 P20 V1", "F22 P25 V1", "F22 P27 V1"}) {
    bench.ask(command);
  }
  bench.board().reset(bench.now());
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 60s);
  const auto lines = bench.take();
  CHECK(starting(lines, "R99 HOME") ==
        std::vector<std::string>{"R99 HOME Z ON STARTUP", "R99 HOME X ON STARTUP"});
  CHECK(contains(lines, "R13 Q0"));
  CHECK(contains(lines, "R11 Q0"));
}

TEST_CASE("checklist 26, 13.5: a reset loses position, lock, approval and outputs") {
  Bench bench = Bench::approved();
  bench.ask("F41 P8 V1 M0");
  bench.ask("G00 X3");
  bench.send("E");
  bench.run_for(10ms);
  CHECK(bench.board().locked());
  bench.board().reset(bench.now());
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  CHECK(contains(bench.ask("F82 Q1"), "R82 X0.00 Y0.00 Z0.00 Q1"));
  CHECK(contains(bench.ask("F42 P8 M0 Q2"), "R41 P8 V0 Q2"));
  CHECK(contains(bench.ask("G00 X1 Q3"), "R88 Q3"));
}
