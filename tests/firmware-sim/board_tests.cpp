#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("Every board tells its version") {
  const std::vector<std::pair<const char*, const char*>> versions = {
      {"arduino", "6.6.23.R.genesisK12"},       {"farmduino", "6.6.23.F.genesisK13"},
      {"farmduino_k14", "6.6.23.G.genesisK14"}, {"farmduino_k15", "6.6.23.H.genesisK15"},
      {"farmduino_k16", "6.6.23.I.genesisK16"}, {"farmduino_k17", "6.6.26.J.genesisK17"},
      {"farmduino_k18", "6.6.26.K.genesisK18"}, {"express_k10", "6.6.23.E.expressK10"},
      {"express_k11", "6.6.23.D.expressK11"},   {"express_k12", "6.6.26.C.expressK12"}};
  CHECK(versions.size() == board_profiles().size());
  for (const auto& [board, version] : versions) {
    Bench bench = Bench::booted({.profile = find_profile(board)});
    CHECK(contains(bench.ask("F83 Q1"), std::format("R83 {} Q1", version)));
  }
}

TEST_CASE("A version may carry a commit, and old ones have no kit") {
  CHECK(contains(Bench::booted({.version = FirmwareVersion{6, 6, 26}, .commit = "52053ec8"}).ask("F83 Q1"),
                 "R83 6.6.26.R.genesisK12-52053ec8 Q1"));
  CHECK(contains(Bench::booted({.version = FirmwareVersion{6, 4, 2}}).ask("F83 Q1"), "R83 6.4.2.R Q1"));
}

TEST_CASE("checklist 73: Express ends every segment with one R89 before the error number") {
  Bench bench = Bench::approved({.profile = find_profile("express_k10")});
  const Lines lines = bench.ask("G00 X10 Y50 Q2");
  const auto error = std::ranges::find(lines, "R99 error 0");
  REQUIRE(error != lines.end());
  CHECK(*(error - 1) == "R89 U50 X0 V200 Y0 W0 Z0 Q2");
  const Lines idle = bench.ask("G00 X10 Y50 Q2");
  CHECK(starting(idle, "R89") == Lines{"R89 U0 X0 V0 Y0 W0 Z0 Q2"});
}

TEST_CASE("Express shows its load in the fifth slot of the moving report") {
  Bench bench = Bench::approved({.profile = find_profile("express_k11")});
  const auto reports = starting(bench.ask("G00 X200 Q2"), "R89");
  CHECK(reports.size() > 5);
}

TEST_CASE("checklist 74: a Farmduino 1.4 reports its encoders with every position") {
  for (const char* board : {"farmduino_k14", "farmduino_k15", "farmduino_k16"}) {
    Bench bench = Bench::approved({.profile = find_profile(board)});
    const Lines lines = bench.ask("G00 X50 Q2");
    std::size_t positions = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].starts_with("R82")) continue;
      ++positions;
      CHECK(lines[i + 1].starts_with("R84"));
      CHECK(lines[i + 2].starts_with("R85"));
    }
    CHECK(positions > 3);
  }
}

TEST_CASE("Express copies its steps into the encoder only with P101") {
  Bench bench = Bench::approved({.profile = find_profile("express_k10")});
  CHECK(contains(bench.ask("G00 X10 Q2"), "R85 X0 Y0 Z0 Q2"));
  bench.ask("F22 P101 V1");
  bench.ask("F22 P115 V10000");
  const Lines lines = bench.ask("G00 X20 Q2");
  CHECK(contains(lines, "R85 X100 Y0 Z0 Q2"));
  CHECK(contains(lines, "R84 X20.00 Y0.00 Z0.00 Q2"));
}

TEST_CASE("Express stalls against an obstacle after a block of 100 steps") {
  BoardOptions options{.profile = find_profile("express_k10")};
  Bench bench = Bench::approved(options);
  bench.ask("F22 P101 V1");
  bench.ask("F22 P5 V1");
  bench.board().machine().obstruct(AxisName::x, 40);
  const Lines lines = bench.ask("G00 X200 Q2");
  CHECK(contains(lines, "R99 deactivate motor X due to missed steps"));
  CHECK(lines.back() == "R03 V31 Q2");
  CHECK(bench.board().machine().position_mm(AxisName::x) == 40);
}

TEST_CASE("Before 6.5.36 a stall is error 3") {
  Bench bench = Bench::approved({.version = FirmwareVersion{6, 5, 35}});
  bench.ask("F22 P111 V0");
  CHECK(bench.ask("G00 X30 Q18").back() == "R03 V3 Q18");
}

TEST_CASE("End stops are read on the pins of the board") {
  const std::vector<std::pair<const char*, int>> x_min = {
      {"arduino", 3}, {"farmduino_k14", 69}, {"express_k10", 69}};
  for (const auto& [board, pin] : x_min) {
    Bench bench = Bench::booted({.profile = find_profile(board)});
    bench.board().drive_pin(pin, false);
    CHECK(contains(bench.ask("F81 Q1"), "R81 XA0 XB1 YA1 YB1 ZA1 ZB1 Q1"));
  }
}

TEST_CASE("sections 2.4, 19: every board has its idle period") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench = Bench::approved({.profile = &profile});
    const bool fast = profile.encoders == EncoderKind::spi;
    const Instant first = bench.wait_for("R00", 10s);
    (void)bench.take();
    const double spacing = seconds(bench.wait_for("R00", 10s) - first);
    CHECK(spacing > (fast ? 0.495 : 4.99));
    CHECK(spacing < (fast ? 0.52 : 5.03));
  }
}

TEST_CASE("section 19: encoders while moving only on boards with an encoder chip, R89 only on Express") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench = Bench::approved({.profile = &profile});
    const Lines lines = bench.ask("G00 X50 Q2");
    const auto encoders = starting(lines, "R84").size();
    CHECK((encoders > 1) == (profile.encoders == EncoderKind::spi));
    CHECK(starting(lines, "R85").size() == encoders);
    CHECK(starting(lines, "R89").empty() != profile.stall_guard);
  }
}

TEST_CASE("section 19: only boards with TMC drivers are deaf for 0.41 s after a parameter of theirs") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    Bench bench = Bench::approved({.profile = &profile});
    bench.ask("F22 P81 V700 Q2");
    bench.ask("F83 Q3");
    CHECK((bench.took() > 400ms) == profile.tmc_drivers);
    CHECK(bench.took() < 450ms);
    bench.ask("F22 P71 V700 Q4");
    bench.ask("F83 Q5");
    CHECK(bench.took() < 50ms);
  }
}

TEST_CASE("section 16.2: every board reads its end stops on its own pins") {
  for (const BoardProfile& profile : board_profiles()) {
    CAPTURE(profile.package);
    const bool ramps = profile.package == "arduino";
    const std::vector<int> pins =
        ramps ? std::vector{3, 2, 14, 15, 18, 19} : std::vector{69, 68, 67, 66, 65, 64};
    for (std::size_t i = 0; i < pins.size(); ++i) {
      Bench bench = Bench::booted({.profile = &profile});
      bench.board().drive_pin(pins[i], false);
      std::string levels = "R81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q1";
      levels[6 + 4 * i] = '0';
      CHECK(contains(bench.ask("F81 Q1"), levels));
    }
  }
}

TEST_CASE("section 13.5: a reset keeps the counts of an encoder chip and loses those of the firmware") {
  for (const char* board : {"arduino", "farmduino", "farmduino_k14", "farmduino_k16"}) {
    CAPTURE(board);
    Bench bench = Bench::approved({.profile = find_profile(board), .machine = garden_bot()});
    bench.ask("G00 X10");
    bench.board().reset(bench.now());
    bench.boot();
    bench.wait_for("R84", 10s);
    const bool kept = bench.board().profile().encoders == EncoderKind::spi;
    CHECK(starting(bench.take(), "R84").front().starts_with(kept ? "R84 X10.00" : "R84 X0.00"));
  }
}
