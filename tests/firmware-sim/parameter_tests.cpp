#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("checklist 21: a parameter is read") {
  CHECK(Bench::booted().ask("F21 P2 Q8") == Lines{"R08 *F21 P2 Q8*", "R01 Q8", "R21 P2 V0 Q8", "R02 Q8"});
}

TEST_CASE("checklist 22, 23: an unknown parameter is named, and the command still ends well") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F21 P1 Q9") ==
        Lines{"R08 *F21 P1 Q9*", "R01 Q9", "R99 Error: invalid parameter id", "R02 Q9"});
  CHECK(bench.ask("F22 P300 V1 Q20") ==
        Lines{"R08 *F22 P300 V1 Q20*", "R01 Q20", "R99 Error: invalid parameter id", "R02 Q20"});
}

TEST_CASE("checklist 24: no range is checked") {
  CHECK(contains(Bench::booted().ask("F22 P11 V-5 Q19"), "R21 P11 V-5 Q19"));
}

TEST_CASE("checklist 25: the whole list, then R20") {
  Bench bench = Bench::booted();
  const Lines lines = bench.ask("F20 Q3");
  REQUIRE(lines.size() == 121);
  CHECK(lines[1] == "R01 Q3");
  CHECK(lines[2] == "R21 P0 V1 Q3");
  CHECK(lines[118] == "R21 P223 V1 Q3");
  CHECK(lines[119] == "R20 Q3");
  CHECK(lines[120] == "R02 Q3");
  CHECK(seconds(bench.took()) > 0.15);
  CHECK(seconds(bench.took()) < 0.25);
}

namespace {

Lines boot_dump(Bench& bench) {
  bench.board().reset(bench.now());
  bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
  return bench.take();
}

}  // namespace

TEST_CASE("checklist 26: without P3 a reset brings the defaults back") {
  Bench bench = Bench::booted();
  bench.ask("F22 P71 V500");
  CHECK(contains(boot_dump(bench), "R21 P71 V400 Q0"));
}

TEST_CASE("checklist 27: with P3 stored values survive, except those with the top bit set") {
  Bench bench = Bench::booted();
  for (const char* command :
       {"F22 P3 V1", "F22 P71 V500", "F22 P72 V40000", "F22 P85 V-10", "F22 P141 V100000"}) {
    bench.ask(command);
  }
  const Lines lines = boot_dump(bench);
  for (const char* line :
       {"R21 P3 V1 Q0", "R21 P71 V500 Q0", "R21 P72 V400 Q0", "R21 P85 V30 Q0", "R21 P141 V100000 Q0"}) {
    CHECK(contains(lines, line));
  }
}

TEST_CASE("Every parameter has the default of the firmware, on every board") {
  for (const BoardProfile& profile : board_profiles()) {
    Bench bench({.profile = &profile});
    bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 2s);
    const auto lines = starting(bench.take(), "R21 ");
    REQUIRE(lines.size() == parameter_rows().size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i] ==
            std::format("R21 P{} V{} Q0", parameter_rows()[i].number, parameter_rows()[i].standard));
    }
  }
}

TEST_CASE("An older release does not know the parameters that came later") {
  Bench bench = Bench::booted({.version = FirmwareVersion{6, 5, 30}});
  for (const char* command : {"F21 P74", "F21 P163", "F21 P175", "F21 P198"}) {
    CHECK(contains(bench.ask(command), "R99 Error: invalid parameter id"));
  }
  CHECK(contains(bench.ask("F21 P73"), "R21 P73 V400 Q0"));
}

TEST_CASE("checklist 72: TMC boards are deaf for 0.4 s after a driver parameter, and then answer") {
  Bench bench = Bench::booted({.profile = find_profile("farmduino_k15")});
  bench.ask("F22 P81 V700 Q2");
  const Instant asked = bench.now();
  const Lines lines = bench.ask("F83 Q3");
  CHECK(lines == Lines{"R08 *F83 Q3*", "R01 Q3", "R83 6.6.23.H.genesisK15 Q3", "R02 Q3"});
  CHECK(seconds(bench.now() - asked) > 0.38);
  CHECK(seconds(bench.now() - asked) < 0.45);
  bench.ask("F22 P71 V700 Q2");
  bench.ask("F83 Q3");
  CHECK(seconds(bench.took()) < 0.02);
}
