#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

namespace {

struct Example {
  const char* name;
  std::vector<std::string> before;
  std::string move;
  double seconds;
};

}  // namespace

TEST_CASE("The worked examples of moves take their time within 5 %") {
  const std::vector<Example> examples = {
      {"X 0 to 10", {}, "G00 X10", 1.117},
      {"X 10 to 20", {"G00 X10"}, "G00 X20", 1.115},
      {"X 20 to 4", {"G00 X20"}, "G00 X4", 1.462},
      {"X 0 to 1", {}, "G00 X1", 0.416},
      {"X 0 to 200", {}, "G00 X200", 4.980},
      {"X 200 to 0 at half speed", {"G00 X200"}, "G00 X0 A200", 7.945},
      {"Y 0 to 100 and Z 0 to -20", {}, "G00 Y100 Z-20", 3.697},
      {"X 1 to 1000, saturated",
       {"G00 X1", "F22 P71 V2000", "F22 P61 V200", "F22 P41 V500"},
       "G00 X1000",
       5.44},
  };
  for (const Example& example : examples) {
    CAPTURE(example.name);
    Bench bench = Bench::approved();
    for (const std::string& command : example.before) bench.ask(command);
    bench.ask(example.move);
    CAPTURE(seconds(bench.took()));
    CHECK(seconds(bench.took()) > example.seconds * 0.95);
    CHECK(seconds(bench.took()) < example.seconds * 1.05);
  }
}

TEST_CASE("The states of a long move come at their measured times") {
  Bench bench = Bench::approved();
  const Instant start = bench.now();
  bench.ask("G00 X200 Q2");
  Bench again = Bench::approved();
  again.send("G00 X200 Q2\n");
  again.run_for(6s);
  const std::vector<std::pair<std::string, double>> moments = {{"R05 X1", 0.107},      {"R05 X2", 0.117},
                                                               {"R05 X3", 1.953},      {"R05 X4", 2.973},
                                                               {"R99 stopped", 4.768}, {"R02", 4.980}};
  for (const Line& line : again.take_lines()) {
    for (const auto& [text, expected] : moments) {
      if (!line.text.starts_with(text)) continue;
      CAPTURE(text, seconds(line.at - start));
      CHECK(std::abs(seconds(line.at - start) - expected) < 0.02 + 0.05 * expected);
    }
  }
}

TEST_CASE("Reports while moving are spaced as measured, by board and speed") {
  struct Spacing {
    const char* board;
    int speed;
    double seconds;
  };
  const std::vector<Spacing> spacings = {
      {"arduino", 50, 0.341},       {"arduino", 200, 0.365},      {"arduino", 400, 0.403},
      {"arduino", 800, 0.485},      {"arduino", 2000, 0.58},      {"farmduino", 50, 0.321},
      {"farmduino", 400, 0.381},    {"farmduino", 800, 0.458},    {"farmduino_k14", 50, 0.42},
      {"farmduino_k14", 200, 0.44}, {"farmduino_k14", 400, 0.47}, {"farmduino_k14", 800, 0.54},
      {"express_k10", 50, 0.285},   {"express_k10", 400, 0.333},  {"express_k10", 1000, 0.44},
  };
  for (const Spacing& spacing : spacings) {
    CAPTURE(spacing.board, spacing.speed);
    Bench bench = Bench::approved({.profile = find_profile(spacing.board)});
    bench.ask(std::format("F22 P61 V{}", spacing.speed));
    bench.ask(std::format("F22 P71 V{}", spacing.speed));
    bench.send("G00 X3000\n");
    bench.wait_for("R04", 10s);
    (void)bench.take();
    const Instant first = bench.wait_for("R04", 10s);
    (void)bench.take();
    for (int i = 0; i < 3; ++i) {
      bench.wait_for("R04", 10s);
      (void)bench.take();
    }
    const double measured = seconds(bench.wait_for("R04", 10s) - first) / 4;
    CAPTURE(measured);
    CHECK(std::abs(measured - spacing.seconds) < 0.06 * spacing.seconds);
  }
}

TEST_CASE("Constant speeds are those that were measured, within 3 %") {
  struct Rate {
    const char* board;
    int commanded;
    double measured;
  };
  const std::vector<Rate> rates = {
      {"arduino", 100, 99.1},      {"arduino", 400, 380},     {"arduino", 800, 754},
      {"arduino", 2000, 1000},     {"farmduino", 400, 392},   {"farmduino_k14", 400, 368},
      {"farmduino_k15", 600, 591}, {"express_k10", 800, 757}, {"express_k10", 2000, 1295}};
  for (const Rate& rate : rates) {
    CAPTURE(rate.board, rate.commanded);
    Bench bench = Bench::approved({.profile = find_profile(rate.board)});
    bench.ask(std::format("F22 P61 V{}", rate.commanded));
    bench.ask(std::format("F22 P71 V{}", rate.commanded));
    bench.ask("F22 P41 V100000");  // beyond the ramp it would be one or two steps/s more
    bench.ask("G00 X400");
    const double measured = 2000 / (seconds(bench.took()) - 0.325);
    CAPTURE(measured);
    CHECK(std::abs(measured - rate.measured) < 0.03 * rate.measured);
  }
}

TEST_CASE("A simple command takes 2.5 to 6 ms, its echo begins within 1 ms") {
  Bench bench = Bench::booted();
  for (const char* command : {"F22 P11 V120 Q1", "F82 Q1", "F41 P8 V1 M0", "F09"}) {
    bench.ask(command);
    CHECK(seconds(bench.took()) > 0.002);
    CHECK(seconds(bench.took()) < 0.006);
  }
}

TEST_CASE("The same commands give the same trace, byte for byte and to the nanosecond") {
  const auto trace = [] {
    Bench bench({.machine = garden_bot()});
    bench.run_for(400ms);
    for (const char* command :
         {"F22 P2 V1 Q1", "F22 P25 V1 Q2", "G00 X20 Y30 Z-10 Q3", "F11 Q4", "F41 P8 V1 M0 Q5"}) {
      bench.send(std::string(command) + "\n");
      bench.run_for(30s);
    }
    std::string text;
    for (const Line& line : bench.take_lines()) {
      text += std::format("{} {}\n", line.at.time_since_epoch().count(), line.text);
    }
    return text;
  };
  CHECK(trace() == trace());
}

TEST_CASE("Following a clock in coarse steps gives the same trace as jumping from event to event") {
  const auto trace = [](std::optional<Duration> tick) {
    std::string text;
    Board board({.machine = garden_bot()}, [&](Instant at, std::string_view bytes) {
      text += std::format("{} {}\n", at.time_since_epoch().count(), bytes);
    });
    const auto advance_to = [&](Instant end) {
      Instant now = end;
      if (!tick) {
        while ((now = board.next_event()) <= end) board.advance(now);
      } else {
        for (now = Instant{}; now <= end; now += *tick) board.advance(now);
      }
      board.advance(end);
    };
    advance_to(Instant(1s));
    board.receive("F22 P2 V1 Q1\n", Instant(1s));
    advance_to(Instant(2s));
    board.receive("G00 X50 Y20 Z-3 Q2\n", Instant(2s));
    advance_to(Instant(12s));
    return text;
  };
  const std::string jumping = trace(std::nullopt);
  CHECK(jumping.contains("R02 Q2"));
  CHECK(trace(7ms) == jumping);
}

TEST_CASE("Three axes at full speed are limited by the loop and lose nothing") {
  Bench bench = Bench::approved();
  for (const int number : {71, 72, 73, 74, 61, 62, 63}) bench.ask(std::format("F22 P{} V2000", number));
  bench.ask("G00 X200 Y200 Z-40");
  CHECK(seconds(bench.took()) > 1.3);
  CHECK(contains(bench.ask("F82 Q1"), "R82 X200.00 Y200.00 Z-40.00 Q1"));
}
