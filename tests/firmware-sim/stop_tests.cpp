#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("checklist 49: E while idle locks silently; the next idle report tells") {
  Bench bench = Bench::approved();
  bench.send("E");
  bench.run_for(1s);
  CHECK(bench.take().empty());
  CHECK(bench.board().locked());
  bench.run_for(4100ms);
  CHECK(bench.take().front() == "R87 Q0");
}

TEST_CASE("checklist 50: with a line end after it the stop is acknowledged at once") {
  Bench bench = Bench::approved();
  CHECK(bench.ask("E\r") == Lines{"R08 *\r*", "R87 Q0"});
}

TEST_CASE("checklist 51: an emergency stop switches off what was switched on") {
  Bench bench = Bench::approved();
  bench.ask("F41 P13 V1 M0");
  CHECK(bench.board().pin(13));
  (void)bench.take();
  bench.send("E");
  bench.run_for(50ms);
  CHECK(bench.take() == Lines{"R99 resetting digital pin13", "R41 P13 V0 Q0"});
  CHECK(!bench.board().pin(13));
}

TEST_CASE("An analog output is named as one when it is reset") {
  Bench bench = Bench::approved();
  bench.ask("F41 P9 V100 M1");
  bench.ask("F41 P8 V1 M0");
  bench.send("E");
  bench.run_for(50ms);
  const Lines lines = bench.take();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "R99 resetting digital pin8");
  CHECK(lines[2] == "R99 resetting analog pin9");
  CHECK(lines[3].starts_with("R41 P9 V"));
}

TEST_CASE("checklist 52: what runs while locked, and what does not") {
  Bench bench = Bench::approved();
  bench.ask("E\r");
  CHECK(bench.ask("G00 X1 Q28") == Lines{"R08 *G00 X1 Q28*", "R87 Q28"});
  CHECK(bench.ask("F42 P13 M0 Q29") == Lines{"R08 *F42 P13 M0 Q29*", "R87 Q29"});
  CHECK(bench.ask("F82 Q30") == Lines{"R08 *F82 Q30*", "R01 Q30", "R82 X0.00 Y0.00 Z0.00 Q30", "R02 Q30"});
  CHECK(bench.ask("F99 Q1") == Lines{"R08 *F99 Q1*", "R87 Q1"});
  for (const char* command : {"F20 Q1", "F21 P2 Q1", "F22 P71 V300 Q1", "F81 Q1", "F83 Q1"}) {
    CHECK(bench.ask(command).back() == "R02 Q1");
  }
}

TEST_CASE("checklist 53: F09 unlocks") {
  Bench bench = Bench::approved();
  bench.ask("E\r");
  CHECK(bench.ask("F09 Q31") == Lines{"R08 *F09 Q31*", "R01 Q31", "R02 Q31"});
  bench.run_for(5100ms);
  CHECK(bench.take().front() == "R00 Q0");
  CHECK(bench.ask("G00 X1 Q2").back() == "R02 Q2");
}

namespace {

/// From the first line that starts so.
Lines from(const Lines& lines, std::string_view start) {
  const auto first =
      std::ranges::find_if(lines, [&](const std::string& line) { return line.contains(start); });
  return {first, lines.end()};
}

}  // namespace

TEST_CASE("checklist 54: E in mid-move") {
  Bench bench = Bench::approved();
  bench.ask("F41 P8 V1 M0");
  bench.send("G00 X100 Q4\n");
  bench.run_for(1500ms);
  (void)bench.take();
  bench.send("E");
  const Instant sent = bench.now();
  const Instant acknowledged = bench.wait_for("R87 Q4", 1s);
  CHECK(seconds(acknowledged - sent) < 0.002);
  const double place = bench.board().machine().position_mm(AxisName::x);
  const Instant failed = bench.wait_for("R03", 1s);
  CHECK(seconds(failed - acknowledged) > 0.20);
  CHECK(seconds(failed - acknowledged) < 0.24);
  bench.run_for(50ms);
  const Lines lines = bench.take();
  CHECK(from(lines, "R87 Q4") ==
        Lines{"R87 Q4", "R99 emergency stop", "R99 error", "R99 stopped", "R05 X5 Q4", "R05 Y5 Q4",
              "R05 Z5 Q4", "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q4", std::format("R82 X{:.2f} Y0.00 Z0.00 Q4", place),
              "R84 X0.00 Y0.00 Z0.00 Q4", "R85 X0 Y0 Z0 Q4", "R05 X0 Q4", "R05 Y0 Q4", "R05 Z0 Q4",
              "R99 error 1", "R03 V1 Q4", "R99 resetting digital pin8", "R41 P8 V0 Q0"});
  CHECK(bench.board().machine().position_mm(AxisName::x) == place);
}

TEST_CASE("checklist 55: @ in mid-move ends it without a lock") {
  Bench bench = Bench::approved();
  bench.send("G00 X100 Q4\n");
  bench.run_for(1500ms);
  bench.send("@");
  bench.wait_for("R03 V5 Q4", 1s);
  const Lines lines = bench.take();
  CHECK(contains(lines, "R86 Q4"));
  CHECK(contains(lines, "R99 movement abort"));
  CHECK(contains(lines, "R99 error 5"));
  CHECK(starting(lines, "R07").empty());
  CHECK(!bench.board().locked());
  CHECK(bench.ask("G00 X1 Q5").back() == "R02 Q5");
}

TEST_CASE("checklist 56: @ while idle is an ordinary character") {
  CHECK(Bench::booted().ask("@") == Lines{"R08 *@*", "R09 Q0"});
}

TEST_CASE("checklist 57: E in the last tenth of a second of a move is lost") {
  Bench bench = Bench::approved();
  bench.send("G00 X10 Q4\n");
  bench.wait_for("R05 Z0 Q4", 3s);
  bench.send("E");
  bench.wait_for("R02 Q4", 1s);
  bench.run_for(6s);
  CHECK(!bench.board().locked());
  CHECK(starting(bench.take(), "R87").empty());
}

TEST_CASE("checklist 58: E during F44 is lost") {
  Bench bench = Bench::approved();
  bench.send("F44 P8 V1 W0 T1000 M0 Q11\n");
  const Instant accepted = bench.wait_for("R01 Q11", 1s);
  bench.run_for(300ms);
  CHECK(bench.board().pin(8));
  bench.send("E");
  const Instant done = bench.wait_for("R02 Q11", 2s);
  CHECK(seconds(done - accepted) > 0.99);
  CHECK(seconds(done - accepted) < 1.02);
  CHECK(!bench.board().locked());
  CHECK(!bench.board().pin(8));
}

TEST_CASE("checklist 60: R86 may split a line that is just being sent") {
  Bench bench = Bench::approved();
  bench.send("G00 X100 Q14\n");
  while (!bench.transcript().ends_with("R82 X")) {
    bench.run_for(50us);
    REQUIRE(bench.now() < Instant(5s));
  }
  bench.send("@");
  bench.wait_for("R03", 2s);
  const auto split = bench.transcript().find("R86 Q14\r\n");
  REQUIRE(split != std::string::npos);
  CHECK(bench.transcript()[split - 1] != '\n');
}

TEST_CASE("An emergency stop in G28 runs the remaining segments empty") {
  Bench bench = Bench::approved();
  bench.ask("G00 X20 Y20 Z-20");
  bench.send("G28 Q6\n");
  bench.run_for(800ms);
  bench.send("E");
  bench.wait_for("R03 V1 Q6", 3s);
  CHECK(starting(bench.take(), "R99 error 1").size() == 3);
  CHECK(bench.board().machine().position_mm(AxisName::y) == 20);
  CHECK(bench.board().machine().position_mm(AxisName::z) < -1);
}

TEST_CASE("An @ that comes in the pause between two segments aborts the next one") {
  Bench bench = Bench::approved();
  bench.ask("G00 X20 Y20");
  bench.send("G28 Q6\n");
  bench.wait_for("R99 stopped", 3s);  // of Z
  bench.send("@");
  bench.wait_for("R03 V5 Q6", 3s);
  CHECK(contains(bench.take(), "R86 Q6"));
  CHECK(bench.board().machine().position_mm(AxisName::x) == 20);
}

TEST_CASE("A release before 6.6.20 ignores @") {
  Bench bench = Bench::approved({.version = FirmwareVersion{6, 6, 19}});
  bench.send("G00 X20 Q4\n");
  bench.run_for(500ms);
  bench.send("@");
  bench.wait_for("R02 Q4", 5s);
  CHECK(bench.board().machine().position_mm(AxisName::x) == 20);
}
