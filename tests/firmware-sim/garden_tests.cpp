#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <ctime>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

namespace {

/// What firmware-sim/README.md says a host has to write.
const std::vector<std::pair<int, int>> garden_parameters = {
    {25, 1},   {26, 1},  {27, 1},   {45, 1},   {46, 1},       {47, 1},      {51, 0},       {52, 0},
    {53, 1},   {55, 5},  {56, 5},   {57, 25},  {41, 300},     {42, 300},    {43, 300},     {61, 50},
    {62, 50},  {63, 50}, {65, 200}, {66, 200}, {67, 200},     {71, 800},    {72, 800},     {73, 600},
    {74, 600}, {145, 1}, {146, 1},  {147, 1},  {141, 13'500}, {142, 6'000}, {143, 10'000}, {2, 1}};

Bench garden(const BoardProfile& profile) {
  Bench bench = Bench::booted({.profile = &profile, .machine = garden_bot()});
  for (const auto& [number, value] : garden_parameters) bench.ask(std::format("F22 P{} V{}", number, value));
  if (profile.encoders == EncoderKind::none) {
    for (const int axis : {0, 1, 2}) {
      bench.ask(std::format("F22 P{} V1", 101 + axis));
      bench.ask(std::format("F22 P{} V10000", 115 + axis));
    }
  }
  return bench;
}

}  // namespace

TEST_CASE("The garden bot finds home on all axes, on every board") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench = garden(profile);
    for (const char* command : {"F13 Q1", "F12 Q2", "F11 Q3"}) {
      CHECK(bench.ask(command).back().starts_with("R02"));
    }
    for (const AxisName axis : all_axes) CHECK(bench.board().machine().position_mm(axis) == 0);
    CHECK(contains(bench.ask("F82 Q4"), "R82 X0.00 Y0.00 Z0.00 Q4"));
  }
}

TEST_CASE("The garden bot measures its lengths, on every board") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench = garden(profile);
    const Lines z = bench.ask("F16 Q1");
    CHECK(starting(z, "R23") == Lines{"R23 P23 V0 Q1", "R23 P143 V10000.00 Q1"});
    CHECK(z.back() == "R02 Q1");
    CHECK(starting(bench.ask("F15 Q2"), "R23") == Lines{"R23 P22 V0 Q2", "R23 P142 V6000.00 Q2"});
    CHECK(starting(bench.ask("F14 Q3"), "R23") == Lines{"R23 P21 V0 Q3", "R23 P141 V13500.00 Q3"});
    for (const AxisName axis : all_axes) CHECK(bench.board().machine().position_mm(axis) == 0);
  }
}

TEST_CASE("After homing, calibration needs the carriage off the switch") {
  Bench bench = garden(board_profiles().front());
  bench.ask("F12 Q1");
  CHECK(bench.ask("F15 Q2").back() == "R03 V4 Q2");
  bench.ask("G00 Y20");
  CHECK(bench.ask("F15 Q3").back() == "R02 Q3");
}

TEST_CASE("With encoders enabled the garden's position stays what was counted") {
  Bench bench = garden(board_profiles().front());
  for (const char* command : {"F22 P101 V1", "F22 P102 V1", "F22 P103 V1", "F13", "F12", "F11"})
    bench.ask(command);
  CHECK(bench.ask("G00 X1234.6 Y567.4 Z-123 Q2").back() == "R02 Q2");
  bench.run_for(6s);
  CHECK(contains(bench.ask("F82 Q3"), "R82 X1234.60 Y567.40 Z-123.00 Q3"));
}

TEST_CASE("Opening the garden fresh gives the same bot") {
  Board board({.machine = garden_bot()}, [](Instant, std::string_view) {});
  CHECK(board.machine().position_mm(AxisName::x) == 120);
  CHECK(board.machine().position_mm(AxisName::y) == 80);
  CHECK(board.machine().position_mm(AxisName::z) == -35);
}

TEST_CASE("An hour in the garden costs well under a second") {
  Bench bench = garden(board_profiles().front());
  for (const char* command : {"F13", "F12", "F11"}) bench.ask(command);
  const std::clock_t begin = std::clock();  // of this process alone: the machine may be busy
  const Instant start = bench.now();
  int moves = 0;
  while (bench.now() - start < 1h) {
    bench.ask(std::format("G00 X{} Y{} Z{}", 100 + moves * 37 % 2500, 100 + moves * 91 % 1000,
                          -(moves * 17 % 300)));
    bench.ask("F41 P8 V1 M0");
    bench.run_for(1s);
    bench.ask("F41 P8 V0 M0");
    ++moves;
  }
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  INFO(std::format("{} moves in an hour of the board's time took {:.3f} s of CPU", moves, took));
  CHECK(took < 30);  // a hang, not a measurement
}
