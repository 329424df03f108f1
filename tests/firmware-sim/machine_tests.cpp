#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

#include "firmware-sim/encoder.hpp"
#include "firmware-sim/text.hpp"

TEST_CASE("Two decimals, halves away from zero") {
  CHECK(two_decimals(0.0F) == "0.00");
  CHECK(two_decimals(10.2F) == "10.20");
  CHECK(two_decimals(0.005F) == "0.01");
  CHECK(two_decimals(0.125F) == "0.13");
  CHECK(two_decimals(-0.125F) == "-0.13");
  CHECK(two_decimals(-0.04F) == "-0.04");
  CHECK(two_decimals(13500.0F) == "13500.00");
}

TEST_CASE("A version is read number by number and compared so") {
  CHECK(FirmwareVersion::parse("6.6.23") == FirmwareVersion{6, 6, 23});
  CHECK(FirmwareVersion::parse("6.6.26.R.genesisK12") == FirmwareVersion{6, 6, 26});
  CHECK(!FirmwareVersion::parse("6.6"));
  CHECK(!FirmwareVersion::parse("6.6.x"));
  CHECK(!FirmwareVersion::parse("-6.6.1"));
  CHECK(FirmwareVersion{6, 10, 0} > FirmwareVersion{6, 9, 99});
}

TEST_CASE("A carriage stands against the end of its rail") {
  Machine machine({.axes = {{{.length_mm = 10, .end_stops = true}}}});
  for (int i = 0; i < 100; ++i) (void)machine.step(AxisName::x, -1);
  CHECK(machine.position_mm(AxisName::x) == -3);
  CHECK(!machine.step(AxisName::x, -1));
  CHECK(machine.switch_closed(AxisName::x, AxisEnd::min) == true);
  CHECK(machine.switch_closed(AxisName::x, AxisEnd::max) == false);
  for (int i = 0; i < 100; ++i) (void)machine.step(AxisName::x, 1);
  CHECK(machine.position_mm(AxisName::x) == 13);
  CHECK(machine.switch_closed(AxisName::x, AxisEnd::max) == true);
  CHECK(!machine.switch_closed(AxisName::y, AxisEnd::min).has_value());
}

TEST_CASE("An obstacle stops the way away from home only") {
  Machine machine(garden_bot());
  machine.obstruct(AxisName::z, -40);
  for (int i = 0; i < 1000; ++i) (void)machine.step(AxisName::z, -1);
  CHECK(std::abs(machine.position_mm(AxisName::z) + 40) < 0.05);  // a step of 0.04 mm
  CHECK(machine.step(AxisName::z, 1));
}

TEST_CASE("A motor that is held loses four steps at a time, and its encoder sees it tremble") {
  Machine machine({.axes = {{{.length_mm = 10, .encoder = true}}}});
  machine.obstruct(AxisName::x, 2);
  for (int i = 0; i < 10; ++i) REQUIRE(machine.step(AxisName::x, 1));
  std::string seen;
  for (int i = 0; i < 8; ++i) {
    const bool followed = machine.step(AxisName::x, 1);
    seen += std::format("{}{} ", followed ? '+' : '-', machine.encoder_steps(AxisName::x));
  }
  CHECK(seen == "-10 -10 -9 +10 -10 -10 -9 +10 ");
  machine.obstruct(AxisName::x, std::nullopt);
  CHECK(machine.step(AxisName::x, 1));
  CHECK(machine.position_mm(AxisName::x) == 2.2);
}

TEST_CASE("A field that ran ahead of its rotor comes back before the carriage moves") {
  Machine machine({.axes = {{{.length_mm = 10}}}});
  machine.obstruct(AxisName::x, 0);
  (void)machine.step(AxisName::x, 1);
  (void)machine.step(AxisName::x, 1);
  for (int i = 0; i < 2; ++i) CHECK(machine.step(AxisName::x, -1));
  CHECK(machine.position_mm(AxisName::x) == 0);
  CHECK(machine.step(AxisName::x, -1));
  CHECK(machine.position_mm(AxisName::x) == -0.2);
}

TEST_CASE("A rotor that is let go follows its field, a multiple of four steps behind what was asked for") {
  for (int steps = 0; steps <= 12; ++steps) {
    CAPTURE(steps);
    Machine machine({.axes = {{{.steps_per_mm = 1, .length_mm = 100}}}});
    machine.jam(AxisName::x, true);
    for (int i = 0; i < steps; ++i) (void)machine.step(AxisName::x, 1);
    CHECK(machine.position_mm(AxisName::x) == 0);
    machine.jam(AxisName::x, false);
    CHECK(std::remainder(machine.position_mm(AxisName::x) - steps, 4) == 0);
  }
}

TEST_CASE("A carriage that is pushed takes its encoder along, and not beyond its rail") {
  Machine machine({.axes = {{{.length_mm = 10, .encoder = true}}}});
  machine.slip(AxisName::x, 7);
  CHECK(machine.encoder_steps(AxisName::x) == 7);
  machine.slip(AxisName::x, -1000);
  CHECK(machine.position_mm(AxisName::x) == -3);
  machine.break_encoder(AxisName::x);
  machine.slip(AxisName::x, 3);
  CHECK(machine.encoder_steps(AxisName::x) == -15);
  machine.mend_encoder(AxisName::x);
  machine.slip(AxisName::x, 3);
  CHECK(machine.encoder_steps(AxisName::x) == -12);
}

TEST_CASE("With the default scaling an encoder gives back every step, on boards with pins and with SPI") {
  for (const EncoderKind kind : {EncoderKind::pins, EncoderKind::spi}) {
    Encoder encoder(kind, 0);
    encoder.load(5556, false);
    for (int steps = -13'500; steps <= 13'500; ++steps) REQUIRE(encoder.position(steps) == steps);
  }
}

TEST_CASE("A scaling of exactly 10000 means raw counts, and P131 turns them round") {
  Encoder encoder(EncoderKind::spi, 0);
  encoder.load(10'000, true);
  CHECK(encoder.raw(1000) == -7200);
  CHECK(encoder.position(1000) == -7200);
  encoder.load(0, false);
  CHECK(encoder.position(1000) == 7200);
}

TEST_CASE("An empty EEPROM is filled with defaults below 150, and lengths keep 32 bits") {
  Eeprom eeprom;
  Parameters parameters(eeprom, reference_version);
  CHECK(eeprom.load(0) == 1);
  CHECK(eeprom.load(71) == 400);
  CHECK(eeprom.load(161) == -1);
  CHECK(parameters.set(141, 1'000'000));
  CHECK(eeprom.load(141) == 1'000'000);
  CHECK(!parameters.set(151, 1));
}
