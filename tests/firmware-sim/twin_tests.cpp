#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <format>

#include "firmware-sim/faults/random_faults.hpp"
#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

namespace {

Bench approved_with(std::string_view plan, BoardOptions options = {}) {
  Bench bench = Bench::faulty(std::move(options), plan);
  bench.boot();
  bench.approve();
  return bench;
}

/// Some work of a host that sends on whatever comes back; times are of each line's end.
std::string day_at(Bench& bench) {
  for (int i = 0; i < 40; ++i) {
    bench.send(std::format("G00 X{} Y{} Q{}\n", 10 + i % 3 * 20, 5 * (i % 4), i + 1));
    bench.run_for(3s);
    bench.send(std::format("F41 P8 V{} M0 Q{}\n", i % 2, 100 + i));
    bench.run_for(500ms);
  }
  std::string text;
  for (const Line& line : bench.take_lines())
    text += std::format("{} {}\n", line.at.time_since_epoch(), line.text);
  return text;
}

}  // namespace

TEST_CASE("Without faults the twin is the board, byte for byte and moment for moment") {
  std::string direct;
  Board board({}, [&](Instant at, std::string_view text) {
    direct += std::format("{} {}", at.time_since_epoch(), text);
  });
  std::string through;
  Twin twin({}, {.output = [&](Instant at, std::string_view text) {
              through += std::format("{} {}", at.time_since_epoch(), text);
            }});
  const auto run = [](auto& device) {
    for (const auto& [at, line] : {std::pair(1s, "F22 P2 V1 Q1\n"), std::pair(2s, "G00 X30 Y10 Q2\n"),
                                   std::pair(3s, "@"), std::pair(5s, "F11 Q3\n"), std::pair(6s, "E\r\n")}) {
      device.advance(Instant(at));
      device.receive(line, Instant(at));
    }
    device.advance(Instant(12s));
  };
  run(board);
  run(twin);
  CHECK(through == direct);
  CHECK(direct.contains("R87 Q3"));
}

TEST_CASE("Same seed, same plan, same input: same bytes; another seed, others") {
  const auto day = [](std::uint64_t seed) {
    Bench bench = Bench::faulty({},
                                "chance 0.01 corrupt from-board\nevery ~5s drop to-board 2 bytes\n"
                                "random rate 2/min",
                                seed);
    bench.run_for(1s);
    return day_at(bench);
  };
  const std::string first = day(4711);
  CHECK(day(4711) == first);
  CHECK(day(4712) != first);
}

TEST_CASE("A silent board runs on unheard") {
  Bench bench = approved_with("");
  bench.fault("silence from-board for 2s");
  bench.send("G00 X3 Q2\n");
  bench.run_for(1900ms);
  CHECK(bench.take().empty());
  CHECK(bench.board().machine().position_mm(AxisName::x) == 3);
  bench.run_for(200ms);
  CHECK(bench.ask("F82 Q3").back() == "R02 Q3");
}

TEST_CASE("A deaf board answers nothing and reports on") {
  Bench bench = approved_with("", {.profile = find_profile("farmduino_k14")});
  bench.fault("silence to-board for 2s");
  bench.send("F82 Q2\n");
  bench.run_for(1900ms);
  const Lines lines = bench.take();
  CHECK(starting(lines, "R08").empty());
  CHECK(starting(lines, "R00").size() >= 2);
}

TEST_CASE("A byte of a line is lost on its way to the board, once") {
  Bench bench = approved_with("on line \"G00\" byte 7 to-board drop");
  CHECK(bench.ask("G00 X12 Q2").front() == "R08 *G00 X1 Q2*");
  CHECK(bench.ask("G00 X12 Q3").front() == "R08 *G00 X12 Q3*");
}

TEST_CASE("A byte of every line is doubled") {
  Bench bench = approved_with("on every line \"F82\" byte 3 to-board duplicate");
  CHECK(bench.ask("F82 Q2") == Lines{"R08 *F822 Q2*", "R09 Q2"});
  CHECK(bench.ask("F82 Q3") == Lines{"R08 *F822 Q3*", "R09 Q3"});
}

TEST_CASE("A byte of the board's line is changed") {
  Bench bench = approved_with("on line \"R02 Q2\" byte 2 corrupt from-board");
  bench.send("F82 Q2\n");
  bench.run_for(100ms);
  const Lines lines = bench.take();
  REQUIRE(lines.size() == 4);
  CHECK(lines.back().size() == 6);
  CHECK(lines.back() != "R02 Q2");
  CHECK(lines.back().ends_with("2 Q2"));
}

TEST_CASE("Garbage from the board stands before its next line") {
  Bench bench = approved_with("");
  bench.fault("garbage from-board 20 bytes");
  bench.send("F82 Q2\n");
  bench.run_for(100ms);
  const std::string& all = bench.transcript();
  const auto echo = all.rfind("R08 *F82 Q2*");
  REQUIRE(echo != std::string::npos);
  CHECK(!all.substr(0, echo).ends_with("\r\n"));
}

TEST_CASE("Bytes from the board come late and in order") {
  Bench bench = approved_with("");
  bench.fault("delay from-board by 300ms for 100ms");
  const Instant sent = bench.now();
  bench.send("F82 Q2\n");
  const Instant answered = bench.wait_for("R02 Q2", 1s);
  CHECK(answered - sent > 300ms);
  CHECK(answered - sent < 310ms);
  CHECK(starting(bench.take(), "R0") == Lines{"R08 *F82 Q2*", "R01 Q2", "R02 Q2"});
}

TEST_CASE("A restart in mid-move: the carriage stays where it is, and the board boots") {
  Bench bench = approved_with("at 3s restart", {.machine = garden_bot()});
  bench.send("G00 X200 Q2\n");
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 10s);
  const Lines lines = bench.take();
  CHECK(starting(lines, "R02").empty());
  const double stopped = bench.board().machine().position_mm(AxisName::x);
  CHECK(stopped > 125);
  CHECK(stopped < 320);
  CHECK(contains(bench.ask("F82 Q1"), "R82 X0.00 Y0.00 Z0.00 Q1"));
  CHECK(bench.board().machine().position_mm(AxisName::x) == stopped);
}

TEST_CASE("A brown-out in mid-move: outputs off, carriages coast, the board comes back by itself") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  bench.ask("F41 P8 V1 M0");
  bench.send("G00 X200 Q2\n");
  bench.run_for(3s);
  const double before = bench.board().machine().position_mm(AxisName::x);
  bench.fault("brown-out 30 steps for 1s");
  CHECK(!bench.board().powered());
  CHECK(!bench.board().pin(8));
  CHECK(!bench.board().loads().at(8)->on());
  CHECK(std::abs(bench.board().machine().position_mm(AxisName::x) - before) <= 30 / 5);
  (void)bench.take();
  bench.send("F82 Q3\n");
  bench.run_for(990ms);
  CHECK(bench.take().empty());
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  CHECK(contains(bench.ask("F42 P8 M0 Q4"), "R41 P8 V0 Q4"));
}

TEST_CASE("A brown-out loses the counts of the encoder chip, a restart does not") {
  for (const auto& [fault, counts] :
       {std::pair("restart", "R84 X10.00"), std::pair("brown-out", "R84 X0.00")}) {
    CAPTURE(fault);
    Bench bench = approved_with("", {.profile = find_profile("farmduino_k14"), .machine = garden_bot()});
    bench.ask("G00 X10");
    bench.fault(fault);
    bench.boot();
    bench.wait_for("R84", 2s);
    CHECK(starting(bench.take(), "R84").front().starts_with(counts));
  }
}

TEST_CASE("Unplugged, the port is gone and the board runs on") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  bench.send("G00 X20 Q2\n");
  bench.run_for(500ms);
  bench.fault("unplug for 5s");
  CHECK(bench.port() == std::vector{false});
  (void)bench.take();
  bench.run_for(4900ms);
  CHECK(bench.take().empty());
  CHECK(bench.board().machine().position_mm(AxisName::x) == 140);
  bench.run_for(200ms);
  CHECK(bench.port() == std::vector{false, true});
  CHECK(contains(bench.ask("F82 Q3"), "R82 X20.00 Y0.00 Z0.00 Q3"));
}

TEST_CASE("A board that lives on its cable loses its power with it") {
  Bench bench = approved_with("");
  bench.fault("unplug without power for 2s");
  CHECK(!bench.board().powered());
  bench.run_for(1900ms);
  CHECK(bench.take().empty());
  bench.boot();
  CHECK(bench.port() == std::vector{false, true});
}

TEST_CASE("The plug is pulled at any byte of a command, and what was behind it does not arrive") {
  const std::string command = "F41 P8 V1 M0 Q7\n";
  for (std::size_t byte = 1; byte <= command.size(); ++byte) {
    CAPTURE(byte);
    Bench bench = approved_with(std::format("on line \"F41\" byte {} unplug for 1s", byte));
    bench.send(command);
    bench.run_for(900ms);
    CHECK(bench.take().empty());
    CHECK(bench.board().pin(8) == (byte == command.size()));
    bench.run_for(200ms);
    bench.ask("\r");  // ends what is left in the board's line
    CHECK(bench.ask("F82 Q9").back() == "R02 Q9");
  }
}

TEST_CASE("The board restarts at any byte of its answer, and the rest of it is not sent") {
  for (std::size_t byte = 1; byte <= 6; ++byte) {
    CAPTURE(byte);
    Bench bench = approved_with(std::format("on line \"R01 Q7\" byte {} restart", byte));
    bench.send("F82 Q7\n");
    bench.run_for(50ms);
    CHECK(bench.transcript().ends_with(std::string("\r\n") + std::string("R01 Q7").substr(0, byte)));
    bench.boot();
  }
}

TEST_CASE("A switch sticks closed or open, and follows the carriage again") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  bench.fault("end-stop x min closed for 2s");
  CHECK(contains(bench.ask("F81 Q1"), "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q1"));
  bench.run_for(2s);
  CHECK(contains(bench.ask("F81 Q2"), "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q2"));
  bench.board().machine().place(AxisName::x, 0);
  bench.fault("end-stop x min open");
  bench.ask("G00 X1");
  bench.ask("G00 X0");
  CHECK(contains(bench.ask("F81 Q3"), "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q3"));
  bench.twin().release_switch(AxisName::x, AxisEnd::min);
  CHECK(contains(bench.ask("F81 Q4"), "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q4"));
}

TEST_CASE("At an obstacle an encoder tells the stall: error 31, and the carriage stands there") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  for (const char* command : {"F22 P101 V1", "F22 P5 V1"}) bench.ask(command);
  bench.fault("obstacle x at 150 for 60s");
  const Lines lines = bench.ask("G00 X100 Q2");
  CHECK(contains(lines, "R99 deactivate motor X due to missed steps"));
  CHECK(lines.back() == "R03 V31 Q2");
  CHECK(std::abs(bench.board().machine().position_mm(AxisName::x) - 150) <= 0.2);
  bench.run_for(60s);
  CHECK(bench.ask("G00 X100 Q3").back() == "R02 Q3");
}

TEST_CASE(
    "Without encoders a stall goes unseen, and the counted position is wrong by multiples of four steps") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  bench.ask("G00 X10");
  bench.fault("jam x for 1s");
  CHECK(bench.ask("G00 X60 Q2").back() == "R02 Q2");
  const double missing = 120 + 60 - bench.board().machine().position_mm(AxisName::x);
  CHECK(missing > 0);
  CHECK(std::abs(std::remainder(missing, 4 * 0.2)) < 1e-9);
}

TEST_CASE("A dead encoder is not noticed in a move, and comes back") {
  Bench bench = approved_with("", {.machine = garden_bot()});
  bench.ask("F22 P101 V1");
  bench.fault("encoder x for 20s");
  CHECK(bench.ask("G00 X20 Q2").back() == "R02 Q2");
  bench.run_for(5100ms);
  CHECK(contains(bench.ask("F82 Q3"), "R82 X0.00 Y0.00 Z0.00 Q3"));
  bench.run_for(20s);
  CHECK(contains(bench.ask("G00 X10 Q4"), "R84 X10.00 Y0.00 Z0.00 Q4"));
}

TEST_CASE("On a slow board everything takes so many times as long") {
  Bench bench = approved_with("");
  bench.ask("G00 X10 Q2");
  const Duration usual = bench.took();
  bench.fault("slow 3 times for 10s");
  bench.ask("G00 X20 Q3");
  CHECK(std::abs(seconds(bench.took()) - 3 * seconds(usual)) < 0.02);
  bench.run_for(10s);
  bench.ask("G00 X30 Q4");
  CHECK(std::abs(seconds(bench.took()) - seconds(usual)) < 0.02);
}

TEST_CASE("section 11.3: Express restarts a driver that shows an error, between the segment and its R89") {
  Bench bench = approved_with("", {.profile = find_profile("express_k10")});
  bench.ask("G00 X1");
  const Duration usual = bench.took();
  bench.ask("G00 X0");
  bench.fault("driver x");
  const Lines lines = bench.ask("G00 X1 Q2");
  const auto restart = std::ranges::find(lines, "R99 reset motor X");
  REQUIRE(restart != lines.end());
  CHECK(*(restart - 1) == "R05 Z0 Q2");
  CHECK((restart + 1)->starts_with("R89 "));
  CHECK(lines.back() == "R02 Q2");
  CHECK(bench.took() - usual > 190ms);
  CHECK(bench.took() - usual < 410ms);
  CHECK(starting(bench.ask("G00 X0 Q3"), "R99 reset").empty());  // initialising has cleared it
}

TEST_CASE("section 11.3: with P101 a driver error counts as missed steps, and is named") {
  Bench bench = approved_with("", {.profile = find_profile("express_k10")});
  bench.ask("F22 P101 V1");
  bench.ask("F22 P5 V1");
  bench.fault("driver x for 30s");
  const Lines lines = bench.ask("G00 X100 Q2");
  CHECK(contains(lines, "R99 deactivate motor X due to driver error"));
  CHECK(contains(lines, "R99 reset motor X"));
  CHECK(lines.back() == "R03 V31 Q2");
  CHECK(contains(bench.ask("G00 X100 Q3"), "R99 reset motor X"));
  bench.run_for(30s);
  bench.ask("G00 X0");
  CHECK(bench.ask("G00 X10 Q4").back() == "R02 Q4");
}

TEST_CASE("Every fault and its end is told") {
  Bench bench = approved_with("at 1s jam x for 2s");
  bench.run_for(5s);
  CHECK(contains(bench.events(), "fault: jam x for 2s"));
  CHECK(contains(bench.events(), "fault over: jam x for 2s"));
  CHECK(bench.twin().faults() == 1);
}

TEST_CASE("Of two unpluggings at once the longer one holds") {
  Bench bench = approved_with("");
  bench.fault("unplug for 5s");
  bench.fault("unplug for 1s");
  bench.run_for(4900ms);
  CHECK(!bench.twin().plugged());
  bench.run_for(200ms);
  CHECK(bench.twin().plugged());
  CHECK(bench.port() == std::vector{false, true});
}

TEST_CASE("A twin takes so many rules and no more") {
  Bench bench = approved_with("");
  for (std::size_t i = 0; i < FaultPlan::max_rules; ++i) bench.fault("in 1h restart");
  CHECK(!bench.twin().add(*parse_fault_rule("in 1h restart"), bench.now()));
  CHECK(bench.twin().add(*parse_fault_rule("restart"), bench.now()));  // at once is no rule
}

TEST_CASE("Random faults come at about their rate, of all kinds, and every one can be written down") {
  Bench bench = Bench::faulty({.machine = garden_bot()}, "random rate 60/h", 3);
  bench.run_for(10h);
  CHECK(bench.twin().faults() > 500);
  CHECK(bench.twin().faults() < 700);
  for (const FaultRow& row : fault_rows()) {
    CAPTURE(row.name);
    const auto all = starting(bench.events(), std::format("fault: {}", row.name));
    REQUIRE(!all.empty());
    for (const std::string& text : all) REQUIRE(parse_fault_rule(text.substr(7)));
  }
}

TEST_CASE("However many random faults there were, the board answers when they are over") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Bench bench = Bench::faulty({.machine = garden_bot()}, "random rate 4/min", seed);
    RandomSource random(seed, 99);
    while (bench.now() < Instant(20min)) {
      bench.send(std::format("G00 X{} Y{} Q1\n", random.below(300), random.below(300)));
      bench.run_for(Duration(random.below(20'000'000'000)));
    }
    bench.fault("in 1s restart");
    Bench& done = bench;
    for (int tries = 0; tries < 60 && !contains(done.take(), "R02 Q77"); ++tries) {
      done.send("\nF82 Q77\n");
      done.run_for(2s);
      if (tries == 58) FAIL("no answer");
    }
  }
}
