// FarmBot OS's texts for what goes wrong in a step, as people look for them.

#include <catch2/catch_test_macros.hpp>

#include "celeryscript/checker.hpp"
#include "tests/vm/fake_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Error;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

json axis_step(const char* kind, bool speed) {
  json args{{"axis", "x"}};
  if (speed) args["speed"] = 100;
  return node(kind, args);
}
json digital(const char* kind, json args) {
  args["pin_number"] = 8;
  return node(kind, std::move(args));
}

Error hardware(int firmware_error) {
  return {.status = Status::hardware_fault,
          .message = "The motor did not move.",
          .details = {{"firmware_error", firmware_error}}};
}

struct Outcome {
  std::string message;
  std::vector<std::string> lines;  // of the log
};
/// What a step says whose first operation is answered so.
Outcome outcome_of(json step, Error answer) {
  FakeWorld world;
  world.code(1, json::array({std::move(step)}));
  const auto id = world.start_and_run(1);
  world.answer(std::unexpected(std::move(answer)));
  Outcome outcome;
  if (const auto& error = world.process(id).error) outcome.message = error->message;
  for (const json& entry : world.entries) outcome.lines.push_back(entry["message"]);
  return outcome;
}

struct Row {
  json step;
  Error answer;
  std::string text;  ///< that the message begins with
};

}  // namespace

TEST_CASE("a step that fails begins with FarmBot OS's text") {
  const Row rows[] = {
      {move_relative(1),
       {.status = Status::locked, .message = "locked"},
       R"(Movement failed. "Device is locked.")"},
      {move_relative(1), hardware(31), "Movement error. See logs for details."},
      {move_relative(1),
       {.status = Status::cancelled, .message = "The board is being restarted.", .code = "board_restarted"},
       R"(Movement failed. "Rebooting firmware")"},
      {move_relative(1),
       {.status = Status::offline, .message = "It is back in a minute.", .code = "firmware_flash"},
       R"(Movement failed. "Starting firmware flash.")"},
      {move_relative(1), {.status = Status::offline, .message = "No board."}, "Movement failed. No board."},
      {axis_step("find_home", true), hardware(2), R"(Firmware error @ "find_home": nil)"},
      {axis_step("home", true), hardware(2), R"(Firmware error @ "home": nil)"},
      {axis_step("zero", false), hardware(2), R"t(Firmware error @ "zero()": nil)t"},
      {axis_step("calibrate", false), hardware(2), R"t(Firmware error @ "calibrate()": {:error, nil})t"},
      {write_pin(8), hardware(1), R"(Firmware error @ "do_write_pin/3": )"},
      {digital("read_pin", {{"label", "a"}, {"pin_mode", 0}}),
       {.status = Status::failed, .message = "Bare."},
       "Bare."},
      {digital("toggle_pin", json::object()), hardware(1), R"(Firmware error @ "toggle_pin": )"},
      {node("set_servo_angle", {{"pin_number", 4}, {"pin_value", 90}}), hardware(1),
       R"(Firmware error @ "set_servo_angle": )"},
      {digital("set_pin_io_mode", {{"pin_io_mode", "output"}}), hardware(1),
       R"(Firmware error @ "set_pin_io_mode": {:error, )"},
  };
  for (const Row& row : rows) {
    const std::string message = outcome_of(row.step, row.answer).message;
    INFO(message);
    CHECK(message.starts_with(row.text));
  }
}

TEST_CASE("the log says what stopped a move, where the firmware says it") {
  const auto lines = [](int firmware_error) {
    return outcome_of(move_relative(1), hardware(firmware_error)).lines;
  };
  CHECK(lines(2) == std::vector<std::string>{"Movement timed out"});
  CHECK(lines(31) == std::vector<std::string>{"Stall detected on X axis"});
  CHECK(lines(32) == std::vector<std::string>{"Stall detected on Y axis"});
  CHECK(lines(33) == std::vector<std::string>{"Stall detected on Z axis"});
  CHECK(lines(14).empty());
}

TEST_CASE("an execute that finds nothing, or finds the device locked, says so") {
  FakeWorld world;
  world.code(1, {execute(99)});
  auto id = world.start_and_run(1);
  CHECK(world.process(id).error->message.starts_with("sequence not found"));
  world.code(2, {nothing()});
  world.code(3, {execute(2)});
  world.loop.set_locked(true);
  id = world.start_and_run(3);
  CHECK(world.process(id).error->message.starts_with("Device is locked."));
}

TEST_CASE("what can be seen before it runs is refused with the same texts") {
  const auto led = [](const char* type) { return node("named_pin", {{"pin_type", type}, {"pin_id", 1}}); };
  const auto message = [](json step) {
    const auto parsed = celeriac::celeryscript::read(sequence(json::array({std::move(step)})).dump());
    REQUIRE(!parsed.diagnostics.clean());
    return parsed.diagnostics.list().front().message;
  };
  const auto write = [](json pin, int mode) {
    return node("write_pin", {{"pin_number", std::move(pin)}, {"pin_value", 1}, {"pin_mode", mode}});
  };
  CHECK(message(write(led("Sensor"), 0)).starts_with("cannot write Sensor value. Use a Peripheral"));
  CHECK(message(write(led("BoxLed3"), 1)).starts_with("cannot write Boxled3 in analog mode"));
  CHECK(message(node("toggle_pin", {{"pin_number", led("BoxLed4")}})).starts_with("Cannot toggle box LEDs."));
  CHECK(message({{"kind", "move"},
                 {"args", json::object()},
                 {"body", {node("axis_addition", {{"axis", "all"}, {"axis_operand", numeric(1)}})}}})
            .starts_with("Not permitted"));
  const json compared = node(
      "_if", {{"lhs", led("BoxLed3")}, {"op", "is"}, {"rhs", 1}, {"_then", nothing()}, {"_else", nothing()}});
  const auto made = Code::make(sequence(json::array({compared})).dump());
  REQUIRE(!made);
  CHECK(made.error().message.starts_with("unknown pin kind: BoxLed3 of id: 1"));
  const json change = node("change_ownership");
  const auto request = Code::make(json{
      {"kind", "rpc_request"},
      {"args", {{"label", "a"}, {"priority", 1}}},
      {"body", json::array({change})}}.dump());
  REQUIRE(!request);
  CHECK(request.error().message.starts_with("Invalid credentials for change ownership"));
}
