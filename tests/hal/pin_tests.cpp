// Pins and servos.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;
using Lines = std::vector<std::string>;

TEST_CASE("a digital pin is written and read back") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  CHECK(board.board().pin(8));
  CHECK(bench.hypervisor.status()["pins"]["8"] == Json{{"mode", 0}, {"value", 1}});
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 0}, {"mode", 0}}).ok());
  CHECK_FALSE(board.board().pin(8));
}

TEST_CASE("a pin that does not take its value is a fault") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F42")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R41 P8 V0 Q{Q}", "R02 Q{Q}"};
  };
  const auto call = bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}});
  CHECK(call.status() == Status::hardware_fault);
  CHECK(call.message().find("Pin 8 was set to 1 but reads 0") == 0);
}

TEST_CASE("a pin that is no output from birth is made one before it is written, once") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  for (int i = 0; i < 3; ++i)
    REQUIRE(bench.call("SYS.WRITE_PIN", {{"pin", 12}, {"value", 1}, {"mode", 0}}).ok());
  CHECK(board.count("F43 P12.00 M1.00") == 1);
  CHECK(board.count("F41 P12.00 V1.00 M0.00") == 3);
}

TEST_CASE("PWM is written without reading back") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  CHECK(bench.call("SYS.WRITE_PIN", {{"pin", 9}, {"value", 128}, {"mode", 1}}).ok());
  REQUIRE(board.heard.size() == 1);
  CHECK(board.heard[0].starts_with("F41 P9.00 V128.00 M1.00 Q"));
  CHECK(bench.hypervisor.status()["pins"]["9"] == Json{{"mode", 1}, {"value", 128}});
}

TEST_CASE("values that a pin cannot have are malformed, pins that are not there not found") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  const auto write = [&](int pin, double value, int mode) {
    return bench.call("SYS.WRITE_PIN", {{"pin", pin}, {"value", value}, {"mode", mode}}).status();
  };
  CHECK(write(8, 2, 0) == Status::malformed);
  CHECK(write(8, -1, 0) == Status::malformed);
  CHECK(write(8, 0.5, 0) == Status::malformed);
  CHECK(write(8, 256, 1) == Status::malformed);
  CHECK(write(70, 1, 0) == Status::not_found);
  CHECK(write(-1, 1, 0) == Status::not_found);
  CHECK(bench.call("SYS.READ_PIN", {{"pin", 70}, {"mode", 0}}).status() == Status::not_found);
  CHECK(bench.call("SYS.TOGGLE_PIN", {{"pin", 1000}}).status() == Status::not_found);
  CHECK(bench.call("SYS.SET_PIN_IO_MODE", {{"pin", 70}, {"io_mode", 0}}).status() == Status::not_found);
  CHECK(bench.call("SYS.SET_SERVO_ANGLE", {{"pin", 7}, {"angle", 90}}).status() == Status::not_found);
  CHECK(bench.call("SYS.SET_SERVO_ANGLE", {{"pin", 4}, {"angle", 181}}).status() == Status::malformed);
  CHECK(board.heard.empty());
}

TEST_CASE("an analog pin gives its value") {
  SimulatedBoard board(garden());
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto call = bench.call("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}});
  REQUIRE(call.ok());
  CHECK(call.done().value == 512);
}

TEST_CASE("toggling makes an output, reads, and writes the other value") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  CHECK(bench.call("SYS.TOGGLE_PIN", {{"pin", 8}}).ok());
  REQUIRE(board.heard.size() == 4);
  CHECK(board.heard[0].starts_with("F43 P8.00 M1.00"));
  CHECK(board.heard[1].starts_with("F42 P8.00 M0.00"));
  CHECK(board.heard[2].starts_with("F41 P8.00 V1.00 M0.00"));
  CHECK(board.heard[3].starts_with("F42 P8.00 M0.00"));
  CHECK(bench.call("SYS.TOGGLE_PIN", {{"pin", 8}}).ok());
  CHECK(board.pins[8] == 0);
}

TEST_CASE("servos turn, and pin modes are set") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  CHECK(bench.call("SYS.SET_SERVO_ANGLE", {{"pin", 11}, {"angle", 89.6}}).ok());
  CHECK(bench.call("SYS.SET_PIN_IO_MODE", {{"pin", 59}, {"io_mode", 2}}).ok());
  CHECK(board.count("F61 P11.00 V90.00") == 1);
  CHECK(board.count("F43 P59.00 M2.00") == 1);
}

TEST_CASE("a servo is turned no farther than its pin's settings let it") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto set = [&](const char* name, double value) {
    return bench.call("SYS.CONFIG_UPDATE", {{"package", 1}, {"config", name}, {"value", value}});
  };
  const auto turn = [&](int pin, double angle) {
    return bench.call("SYS.SET_SERVO_ANGLE", {{"pin", pin}, {"angle", angle}});
  };
  REQUIRE(set("servo_low_4", 30).ok());
  REQUIRE(set("servo_high_4", 150.2).ok());
  board.heard.clear();
  CHECK(turn(4, 30).ok());
  CHECK(turn(4, 150.4).ok());  // 150 is sent
  CHECK(turn(5, 0).ok());      // another servo
  CHECK(board.heard.size() == 3);
  for (const double angle : {29.0, 29.4, 150.6, 180.0}) CHECK(turn(4, angle).status() == Status::malformed);
  CHECK(turn(4, 10).message() ==
        "The servo on pin 4 may turn from 30 to 150.2 degrees here, not to 10: the settings servo_low_4 and "
        "servo_high_4 say so.");
  REQUIRE(set("servo_high_4", 20).ok());
  CHECK(turn(4, 25).message().starts_with("The servo on pin 4 cannot be turned"));
  CHECK(board.heard.size() == 3);
  CHECK(set("servo_high_4", 181).status() == Status::malformed);
  CHECK(set("servo_high_7", 90).status() == Status::not_found);
}

TEST_CASE("pins that the board switches by itself are seen") {
  SimulatedBoard board;
  Bench bench(board, {{"pin_guard_1_pin_nr", 8}, {"pin_guard_1_time_out", 3}});
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  bench.run_for(10s);
  CHECK(bench.hypervisor.status()["pins"]["8"]["value"] == 0);
}

}  // namespace
}  // namespace celeriac::hal::testing
