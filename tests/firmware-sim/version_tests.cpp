// What older and newer releases do differently (and boards, where board_tests.cpp has it not).

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("A release has the parameters that it had, and calls the others invalid") {
  struct Row {
    FirmwareVersion version;
    std::size_t parameters;
    std::vector<int> unknown;
    std::vector<int> known;
  };
  for (const Row& row : {Row{{6, 4, 2}, 100, {44, 64, 74, 161, 173, 175, 198}, {73, 147, 201}},
                         Row{{6, 5, 31}, 103, {161, 175, 198}, {44, 64, 74}},
                         Row{{6, 5, 39}, 112, {175, 177, 198, 199}, {161, 165, 171}},
                         Row{{6, 6, 15}, 115, {198, 199}, {175, 176, 177}},
                         Row{{6, 6, 16}, 117, {1}, {198, 199}}, Row{{6, 6, 26}, 117, {151}, {198}}}) {
    CAPTURE(row.version.text());
    Bench bench = Bench::booted({.version = row.version});
    CHECK(starting(bench.ask("F20 Q1"), "R21 ").size() == row.parameters);
    for (const int number : row.unknown) {
      CAPTURE(number);
      CHECK(bench.ask(std::format("F21 P{} Q2", number))[2] == "R99 Error: invalid parameter id");
    }
    for (const int number : row.known) {
      CAPTURE(number);
      CHECK(bench.ask(std::format("F22 P{} V7 Q3", number))[2] == std::format("R21 P{} V7 Q3", number));
    }
  }
}

TEST_CASE("The boot dump has the parameters of its release, and 6.4.2 has none") {
  for (const auto& [version, lines] :
       {std::pair(FirmwareVersion{6, 4, 2}, 0U), std::pair(FirmwareVersion{6, 6, 15}, 115U)}) {
    Bench bench({.version = version});
    bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
    CHECK(starting(bench.take(), "R21 ").size() == lines);
  }
}

TEST_CASE("Version texts of old and new releases") {
  struct Row {
    const char* board;
    FirmwareVersion version;
    const char* text;
  };
  for (const Row& row :
       {Row{"arduino", {6, 4, 2}, "6.4.2.R"}, Row{"farmduino", {6, 4, 2}, "6.4.2.F"},
        Row{"farmduino_k14", {6, 4, 2}, "6.4.2.G"}, Row{"farmduino_k14", {6, 5, 36}, "6.5.36.G.genesisK14"},
        Row{"express_k10", {6, 6, 26}, "6.6.26.E.expressK10"}}) {
    Bench bench = Bench::booted({.profile = find_profile(row.board), .version = row.version});
    CHECK(contains(bench.ask("F83 Q1"), std::format("R83 {} Q1", row.text)));
  }
}

TEST_CASE("6.6.16 watches pins by their level; from 6.6.17 on it is their analog value") {
  for (const auto& [version, text] : {std::pair(FirmwareVersion{6, 6, 16}, "R61 P59 V1"),
                                      std::pair(FirmwareVersion{6, 6, 17}, "R61 P59 V77")}) {
    Bench bench = Bench::approved({.version = version, .analog_inputs = {{59, 77}}});
    bench.ask("F22 P199 V59");
    bench.run_for(1200ms);
    CHECK(starting(bench.take(), "R61").front() == text);
  }
}

TEST_CASE("Before 6.6.16 no pin is watched") {
  Bench bench = Bench::approved({.version = FirmwareVersion{6, 6, 15}});
  bench.ask("F22 P198 V59");
  bench.run_for(3s);
  CHECK(starting(bench.take(), "R61").empty());
}

TEST_CASE("Before 6.6.20 @ is ignored in a calibration as well") {
  Bench bench = Bench::approved({.version = FirmwareVersion{6, 6, 19}});
  bench.ask("F22 P11 V3");
  bench.ask("F22 P5 V1");
  bench.send("F14 Q9\n");
  bench.run_for(1s);
  bench.send("@");
  bench.wait_for("R03 V4 Q9", 10s);
  CHECK(starting(bench.take(), "R86").empty());
}

TEST_CASE("Stalls are named by axis from 6.5.36 on, and are error 3 before") {
  for (const auto& [version, answer] : {std::pair(FirmwareVersion{6, 5, 35}, "R03 V3 Q1"),
                                        std::pair(FirmwareVersion{6, 5, 36}, "R03 V32 Q1")}) {
    Bench bench = Bench::approved({.version = version});
    bench.ask("F22 P112 V0");
    CHECK(bench.ask("G00 Y30 Q1").back() == answer);
  }
}

TEST_CASE("Before 6.5.31 Z has one speed for both directions") {
  const auto took = [](FirmwareVersion version) {
    Bench bench = Bench::approved({.version = version});
    bench.ask("G00 Z-40");
    bench.ask("F22 P74 V100");
    bench.ask("G00 Z0");
    return seconds(bench.took());
  };
  CHECK(took({6, 5, 31}) > 1.5 * took({6, 5, 30}));
}

TEST_CASE("The dead zone of calibration is Z's for all axes before 6.6.26, and each axis' own from then on") {
  const auto bumps_until_end = [](FirmwareVersion version, int own, int of_z) {
    BoardOptions options{.version = version};
    options.machine.axes[0] = {.length_mm = 30, .start_mm = 10, .encoder = true};
    Bench bench = Bench::approved(options);
    for (const std::string& command : {std::string("F22 P101 V1"), std::string("F22 P5 V1"),
                                       std::format("F22 P171 V{}", own), std::format("F22 P173 V{}", of_z)}) {
      bench.ask(command);
    }
    return contains(bench.ask("F14 Q1"), "R99 movement done after end stop");
  };
  CHECK(bumps_until_end({6, 6, 23}, 1, 200));
  CHECK(!bumps_until_end({6, 6, 23}, 200, 1));
  CHECK(!bumps_until_end({6, 6, 26}, 1, 200));
  CHECK(bumps_until_end({6, 6, 26}, 200, 1));
}

TEST_CASE("section 9: without switches the ends are found by bumps of the encoder, three retries each") {
  BoardOptions options;
  options.machine.axes[0] = {.length_mm = 30, .start_mm = 10, .encoder = true};
  Bench bench = Bench::approved(options);
  for (const char* command : {"F22 P101 V1", "F22 P173 V200"}) bench.ask(command);
  const Lines lines = bench.ask("F14 Q9");
  Lines bumps;
  for (const std::string& line : lines) {
    if (line.contains("calibration retry") || line.starts_with("R99 movement done")) bumps.push_back(line);
  }
  CHECK(bumps == Lines{"R99 calibration retry on bump 1/3 of total retry 1/10",
                       "R99 calibration retry on bump 2/3 of total retry 2/10",
                       "R99 calibration retry on bump 3/3 of total retry 3/10",
                       "R99 movement done after end stop", "R99 calibration retry 1/3 of total retry 5/10",
                       "R99 calibration retry 2/3 of total retry 6/10",
                       "R99 calibration retry 3/3 of total retry 7/10", "R99 movement done after slip"});
  const Lines results = starting(lines, "R23 ");
  REQUIRE(results.size() == 2);
  CHECK(results[0] == "R23 P21 V0 Q9");
  // 30 mm and the 3 mm beyond each end, give or take where the rotor rests in its last cycle of four steps.
  CHECK(std::abs(std::stod(results[1].substr(10)) - 36 * 5) <= 4);
  CHECK(starting(lines, "R07").empty());
  CHECK(lines.back() == "R02 Q9");
}

TEST_CASE(
    "section 9: bumps that leave the dead zone count anew, until the total ends it with error 1, unlocked") {
  BoardOptions options;
  options.machine.axes[0] = {.length_mm = 30, .start_mm = 10, .encoder = true};
  Bench bench = Bench::approved(options);
  for (const char* command : {"F22 P101 V1", "F22 P173 V1", "F22 P5 V1"}) bench.ask(command);
  const Lines lines = bench.ask("F14 Q9");
  CHECK(contains(lines, "R99 calibration retry on bump 1/3 of total retry 10/10"));
  CHECK(contains(lines, "R99 movement done after safety retry count reached"));
  CHECK(lines.back() == "R03 V1 Q9");
  CHECK(!bench.board().locked());
}

TEST_CASE("Before 6.6.15 the total of bumps has no limit") {
  BoardOptions options{.version = FirmwareVersion{6, 6, 14}};
  options.machine.axes[0] = {.length_mm = 30, .start_mm = 10, .encoder = true};
  Bench bench = Bench::approved(options);
  for (const char* command : {"F22 P101 V1", "F22 P173 V200"}) bench.ask(command);
  CHECK(bench.ask("F14 Q9").back() == "R02 Q9");
}

TEST_CASE("checklist 60: R87 splits a line as R86 does, and both halves make the line") {
  Bench bench = Bench::approved();
  bench.send("G00 X100 Q14\n");
  while (!bench.transcript().ends_with("R82 X")) {
    bench.run_for(50us);
    REQUIRE(bench.now() < Instant(5s));
  }
  bench.send("E");
  bench.wait_for("R03 V1 Q14", 2s);
  const std::string all = bench.transcript();
  const std::string_view stop = "R87 Q14\r\n";
  const auto split = all.find(stop);
  REQUIRE(split != std::string::npos);
  const auto begin = all.rfind('\n', split) + 1;
  CHECK(begin < split);
  const auto end = all.find("\r\n", split + stop.size());
  const std::string whole =
      all.substr(begin, split - begin) + all.substr(split + stop.size(), end - split - stop.size());
  CHECK(whole.starts_with("R82 X"));
  CHECK(whole.ends_with("Y0.00 Z0.00 Q14"));
}
