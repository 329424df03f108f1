#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("checklist 67: analog inputs are 0..1023, and an unknown mode prints nothing") {
  Bench bench = Bench::booted({.analog_inputs = {{59, 321}}});
  CHECK(contains(bench.ask("F42 P59 M1 Q1"), "R41 P59 V321 Q1"));
  CHECK(contains(bench.ask("F42 P5 M1 Q1"), "R41 P5 V321 Q1"));
  CHECK(bench.ask("F42 P5 M2 Q34") == Lines{"R08 *F42 P5 M2 Q34*", "R01 Q34", "R02 Q34"});
}

TEST_CASE("checklist 68: pins that cannot be written are ignored") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F41 P70 V1 M0 Q33") == Lines{"R08 *F41 P70 V1 M0 Q33*", "R01 Q33", "R02 Q33"});
  CHECK(bench.ask("F61 P7 V90 Q1") == Lines{"R08 *F61 P7 V90 Q1*", "R01 Q1", "R02 Q1"});
  CHECK(bench.ask("F41 P13 V1 M2 Q1").back() == "R02 Q1");
  CHECK(!bench.board().pin(13));
}

TEST_CASE("checklist 69: F81") {
  CHECK(Bench::booted().ask("F81 Q11") ==
        Lines{"R08 *F81 Q11*", "R01 Q11", "home", "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q11", "R41 P8 V0 Q11",
              "R41 P9 V0 Q11", "R41 P10 V0 Q11", "R41 P13 V0 Q11", "R02 Q11"});
}

TEST_CASE("checklist 70: a pin guard switches its pin off in time") {
  Bench bench = Bench::booted();
  bench.ask("F22 P201 V8");
  bench.ask("F22 P202 V3");
  const Instant on = bench.now();
  bench.ask("F41 P8 V1 M0");
  const Instant off = bench.wait_for("R41 P8 V0 Q0", 5s);
  CHECK(seconds(off - on) >= 2);
  CHECK(seconds(off - on) <= 3.1);
  CHECK(!bench.board().pin(8));
}

TEST_CASE("Pin guard ticks that a long command missed are caught up after it") {
  Bench bench = Bench::booted();
  bench.ask("F22 P201 V8");
  bench.ask("F22 P202 V3");
  bench.ask("F41 P8 V1 M0");
  bench.ask("F44 P9 V1 W0 T5000 M0");
  const Instant done = bench.now();
  CHECK(seconds(bench.wait_for("R41 P8 V0 Q0", 2s) - done) < 0.05);
}

TEST_CASE("checklist 71: a watched pin is reported twice a second") {
  Bench bench = Bench::approved({.analog_inputs = {{59, 77}}});
  bench.ask("F22 P198 V59");
  bench.run_for(4s);
  const auto reports = bench.take_lines();
  REQUIRE(reports.size() >= 7);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    CHECK(reports[i].text == "R61 P59 V77");
    if (i > 0) CHECK(std::abs(seconds(reports[i].at - reports[i - 1].at) - 0.5) < 0.01);
  }
  bench.ask("F22 P198 V0");
  bench.run_for(3s);
  CHECK(starting(bench.take(), "R61").empty());
}

TEST_CASE("A watched pin is also reported while moving") {
  Bench bench = Bench::approved({.analog_inputs = {{59, 77}, {60, 5}}});
  bench.ask("F22 P198 V59");
  bench.ask("F22 P199 V60");
  const Lines lines = bench.ask("G00 X20 Q2");
  const auto position = std::ranges::find_if(lines, [](auto& line) { return line.starts_with("R82"); });
  REQUIRE(position + 2 < lines.end());
  CHECK(*(position + 1) == "R61 P59 V77");
}

TEST_CASE("Writing and reading digital pins") {
  Bench bench = Bench::booted({.digital_inputs = {{63, false}}});
  bench.ask("F41 P8 V1 M0");
  CHECK(contains(bench.ask("F42 P8 M0 Q1"), "R41 P8 V1 Q1"));
  CHECK(contains(bench.ask("F42 P63 M0 Q1"), "R41 P63 V0 Q1"));
  bench.board().drive_pin(63, true);
  CHECK(contains(bench.ask("F42 P63 M0 Q1"), "R41 P63 V1 Q1"));
}

TEST_CASE("A pin mode of 2 is an input with pull-up, and writing to an input switches its pull-up") {
  Bench bench = Bench::booted();
  bench.ask("F43 P40 M0");
  CHECK(contains(bench.ask("F42 P40 M0"), "R41 P40 V0 Q0"));
  bench.ask("F43 P40 M2");
  CHECK(contains(bench.ask("F42 P40 M0"), "R41 P40 V1 Q0"));
  bench.ask("F41 P40 V0 M0");
  CHECK(contains(bench.ask("F42 P40 M0"), "R41 P40 V0 Q0"));
}

TEST_CASE("F44 writes, waits its milliseconds and writes again") {
  Bench bench = Bench::booted();
  bench.ask("F44 P8 V1 W0 T250 M0 Q1");
  CHECK(std::abs(seconds(bench.took()) - 0.25) < 0.01);
  CHECK(bench.events() == Lines{"reset", "pin 8 = 1", "pin 8 = 0"});
}

TEST_CASE("A servo takes degrees up to 180") {
  Bench bench = Bench::booted();
  bench.ask("F61 P4 V90");
  bench.ask("F61 P11 V200");
  bench.ask("F61 P5 V1500");
  CHECK(bench.events() == Lines{"reset", "servo 4 = 90", "servo 11 = 180", "servo 5 = 1500 us"});
}

TEST_CASE("PWM makes the pin an output; 0 and 255 are plain levels") {
  Pins pins;
  pins.write_pwm(9, 255);
  CHECK(pins.read(9));
  pins.write_pwm(9, 0);
  CHECK(!pins.read(9));
  pins.write_pwm(7, 128);
  CHECK(pins.level(7));
  CHECK(!pins.read(7));  // a digital read ends the PWM, and the latch was low
  CHECK(!pins.level(7));
  pins.write_pwm(40, 127);  // no PWM on this one
  CHECK(!pins.read(40));
}
