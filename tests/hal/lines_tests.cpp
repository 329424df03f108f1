// GPIO lines on a computer of memory: edges, outputs, blinking, trouble.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "hal/gpio/lines.hpp"
#include "hal/gpio/lines_file.hpp"
#include "hal/gpio/simulated_chips.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace gpio;
using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

constexpr std::string_view house = R"({"lines": {
  "estop_button": {"line": "GPIO16", "direction": "input", "role": "stop"},
  "button_3": {"line": "GPIO26", "direction": "input"},
  "rain": {"line": "rain", "direction": "input", "role": "plain", "edge": "both"},
  "lights": {"line": "GPIO23", "direction": "output", "initial": 1},
  "heater": {"line": "GPIO24", "direction": "output", "safe": 0, "on_stop": "safe"},
  "lid": {"line": "GPIO27", "direction": "output", "safe": 1},
  "box_led_3": {"line": "GPIO12", "direction": "output"},
  "status_led": {"line": "GPIO17", "direction": "output", "role": "status"},
  "board_reset": {"line": "GPIO19", "direction": "output", "role": "board_reset"}}})";

struct WithLines {
  WithLines() {
    bench.hypervisor.add_status("gpio", [this] { return lines.document(); });
    bench.hypervisor.on_published([this] { lines.machine(bench.hypervisor.machine()); });
    bench.hypervisor.on_led([this](int led, bool on) { lines.led(led, on); });
  }
  // What the bench still publishes at its end is for nobody.
  ~WithLines() { bench.hypervisor.on_published({}); }
  Json line(const std::string& name) const { return lines.document()[name]; }
  bool level(std::string_view name) const { return chips.value(name); }
  /// How often a level changes in this time, looked at every 5 ms.
  int changes(std::string_view name, Duration time) {
    int count = 0;
    for (Duration passed{}; passed < time; passed += 5ms) {
      const bool before = level(name);
      bench.run_for(5ms);
      if (level(name) != before) ++count;
    }
    return count;
  }

  std::vector<LineSpec> specs = parse_lines(house).lines;
  SimulatedBoard board;
  Bench bench{board};
  SimulatedChips chips{specs};
  std::vector<std::string> said;
  Lines lines{specs,
              bench.timers,
              chips,
              bench.registers,
              {.button = [this](ButtonState state) { bench.hypervisor.stop_button(std::move(state)); },
               .say = [this](firmware::Severity, std::string text) { said.push_back(std::move(text)); }}};
};

TEST_CASE("every line has a register, and stands in the status tree") {
  WithLines with;
  with.lines.start();
  CHECK(with.bench.registers.value("gpio.lights") == 1);
  CHECK(with.bench.registers.value("gpio.heater") == 0);
  CHECK(with.bench.registers.value("gpio.button_3") == 0);
  CHECK(with.bench.registers.value("gpio.estop_button") == 0);
  const auto lights = with.bench.hypervisor.status()["gpio"]["lights"];
  CHECK(lights == Json{{"direction", "output"},
                       {"role", "plain"},
                       {"chip", nullptr},
                       {"line", "GPIO23"},
                       {"pin", 23},
                       {"value", 1},
                       {"blink", "off"},
                       {"trouble", nullptr}});
  CHECK(with.said.empty());
}

TEST_CASE("an input's register follows its edges, and the stream of edges has each of them") {
  WithLines with;
  with.lines.start();
  CHECK(with.bench.registers.value("edges").is_null());  // what a line is at in the beginning is no edge
  REQUIRE(with.chips.press("button_3", true));
  CHECK(with.bench.registers.value("gpio.button_3") == 1);
  auto edge = with.bench.registers.value("edges");
  edge.erase("time");
  CHECK(edge ==
        Json{{"name", "button_3"}, {"pin", 26}, {"value", 1}, {"role", "binding"}, {"edge", "rising"}});
  REQUIRE(with.chips.press("button_3", false));
  CHECK(with.bench.registers.value("gpio.button_3") == 0);
  CHECK(with.bench.registers.value("edges")["value"] == 0);
  CHECK(with.lines.read("button_3") == false);
  REQUIRE(with.chips.press("rain", true));
  CHECK(with.bench.registers.value("edges")["pin"].is_null());
  CHECK(with.bench.registers.value("edges")["role"] == "plain");
}

TEST_CASE("outputs begin with their initial value, and are switched by name") {
  WithLines with;
  with.lines.start();
  CHECK(with.level("lights"));
  CHECK_FALSE(with.level("heater"));
  REQUIRE(with.lines.write("heater", true));
  CHECK(with.level("heater"));
  CHECK(with.lines.read("heater") == true);
  CHECK(with.bench.registers.value("gpio.heater") == 1);
  REQUIRE(with.lines.write("lights", false));
  CHECK_FALSE(with.level("lights"));
}

TEST_CASE("what cannot be written or read is refused with a sentence") {
  WithLines with;
  with.lines.start();
  const auto refused = [&](std::string_view name) { return with.lines.write(name, true).error(); };
  CHECK(refused("lihgts").status == Status::not_found);
  CHECK(refused("lihgts").message.contains("did you mean \"lights\"?"));
  CHECK(refused("xyzzy").message.contains("there are "));
  CHECK(refused("button_3").status == Status::wrong_state);
  CHECK(refused("estop_button").status == Status::wrong_state);
  CHECK(refused("status_led").message.contains("role status"));
  CHECK(with.lines.read("nothing").error().status == Status::not_found);
  SimulatedChips none({});
  Lines empty({}, with.bench.timers, none, with.bench.registers, {});
  CHECK(empty.write("lights", true).error().message.contains("--lines"));
}

TEST_CASE("an output blinks as it is told, until it is told otherwise") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.lines.write("lights", true, Blink::slow));
  CHECK(with.line("lights")["blink"] == "slow");
  CHECK(with.bench.registers.value("gpio.lights") == 1);
  CHECK(std::abs(with.changes("lights", 4s) - 8) <= 1);
  REQUIRE(with.lines.write("lights", true, Blink::fast));
  CHECK(std::abs(with.changes("lights", 1s) - 8) <= 1);
  REQUIRE(with.lines.write("lights", true, Blink::pulse));
  CHECK(std::abs(with.changes("lights", 4s) - 4) <= 1);
  REQUIRE(with.lines.write("lights", true));
  CHECK(with.level("lights"));
  CHECK(with.changes("lights", 3s) == 0);
  REQUIRE(with.lines.write("lights", false, Blink::fast));  // off is off
  CHECK(with.changes("lights", 1s) == 0);
  CHECK_FALSE(with.level("lights"));
  CHECK(with.line("lights")["blink"] == "off");
}

TEST_CASE("a status light shows by itself whether the machine is offline, ready, busy or locked") {
  WithLines with;
  with.lines.start();
  with.bench.unplug();
  with.bench.run_for(1s);
  CHECK(with.line("status_led")["blink"] == "pulse");
  with.bench.plug();
  REQUIRE(with.bench.run_until_ready());
  with.bench.run_for(100ms);
  CHECK(with.line("status_led")["blink"] == "off");
  CHECK(with.level("status_led"));
  with.bench.start("SYS.MOVE_ABSOLUTE", {{"x", 200}, {"y", 0}, {"z", 0}});
  with.bench.run_for(500ms);
  CHECK(with.line("status_led")["blink"] == "slow");
  with.bench.call("SYS.EMERGENCY_LOCK");
  with.bench.run_for(100ms);
  CHECK(with.line("status_led")["blink"] == "fast");
  CHECK(with.changes("status_led", 1s) >= 7);
}

TEST_CASE("an emergency stop brings outputs to their safe value that say so, and keeps them there") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.lines.write("heater", true));
  REQUIRE(with.lines.write("lights", true));
  REQUIRE(with.chips.press("estop_button", true));
  with.bench.run_for(10ms);
  CHECK_FALSE(with.level("heater"));
  CHECK(with.level("lights"));
  CHECK(with.bench.registers.value("gpio.estop_button") == 1);
  CHECK(with.lines.write("heater", true).error().status == Status::locked);
  CHECK(with.lines.write("heater", false));
  CHECK(with.lines.write("lights", false));
  REQUIRE(with.chips.press("estop_button", false));
  with.bench.run_for(1s);
  REQUIRE(with.bench.call("SYS.EMERGENCY_UNLOCK").ok());
  with.bench.run_for(100ms);
  CHECK_FALSE(with.level("heater"));  // nobody has switched it on again
  CHECK(with.lines.write("heater", true));
}

TEST_CASE("a host that ends leaves its outputs safe, and nobody switches them any more") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.lines.write("lights", true, Blink::fast));
  with.lines.come_to_rest();
  CHECK_FALSE(with.level("lights"));
  CHECK(with.level("lid"));
  CHECK_FALSE(with.level("status_led"));
  CHECK(with.changes("lights", 1s) == 0);
  CHECK(with.lines.write("lights", true).error().status == Status::cancelled);
  with.bench.call("SYS.EMERGENCY_LOCK");
  with.bench.run_for(100ms);
  CHECK_FALSE(with.level("status_led"));
}

TEST_CASE("a board without DTR is held in reset by its line when it is restarted") {
  WithLines with;
  with.bench.hypervisor.on_restart([&] { (void)with.lines.reset_board([] {}); });
  with.lines.start();
  REQUIRE(with.bench.run_until_ready());
  CHECK_FALSE(with.level("board_reset"));
  const auto restarted = with.bench.start("SYS.REBOOT", {{"package", 0}});
  with.bench.run_for(1090ms);
  CHECK(with.level("board_reset"));
  with.bench.run_for(20ms);
  CHECK_FALSE(with.level("board_reset"));
  with.bench.run_until([&] { return restarted.answered(); });
  CHECK(restarted.ok());
  CHECK(with.lines.write("board_reset", true).error().message.contains("nobody else writes it"));
}

TEST_CASE("what cannot reset a board says why") {
  WithLines with;
  const auto nothing = [] { FAIL("It was not reset."); };
  REQUIRE(with.chips.take("board_reset", "pigpio"));
  with.lines.start();
  const auto taken = with.lines.reset_board(nothing);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().status == Status::offline);
  CHECK(taken.error().message.contains("The board cannot be reset by the GPIO line board_reset."));
  with.lines.come_to_rest();
  CHECK(with.lines.reset_board(nothing).error().status == Status::cancelled);

  SimulatedChips no_chips{{}};
  Lines none({}, with.bench.timers, no_chips, with.bench.registers,
             {.button = [](ButtonState) {}, .say = [](firmware::Severity, const std::string&) {}});
  CHECK(none.reset_board(nothing).error().status == Status::not_found);
}

TEST_CASE("a line that somebody else has is reported with its owner, and taken when it is free") {
  WithLines with;
  REQUIRE(with.chips.take("lights", "pigpio"));
  with.lines.start();
  CHECK(with.line("lights")["value"].is_null());
  CHECK(with.line("lights")["trouble"] == "GPIO23 is taken by \"pigpio\".");
  CHECK(with.bench.registers.value("gpio.lights").is_null());
  REQUIRE(with.said.size() == 1);
  CHECK(with.said[0].contains("lights"));
  CHECK(with.said[0].contains("taken by \"pigpio\""));
  CHECK(with.lines.write("lights", false).error().status == Status::offline);
  CHECK(with.lines.read("lights").error().message.contains("pigpio"));
  CHECK(with.lines.write("heater", true));  // the others work
  with.bench.run_for(10s);
  CHECK(with.said.size() == 1);  // said once
  REQUIRE(with.chips.take("lights", {}));
  with.bench.run_for(line_retry + 100ms);
  CHECK(with.line("lights")["trouble"].is_null());
  CHECK_FALSE(with.level("lights"));  // a safe value is remembered
  CHECK(with.said.size() == 2);
}

TEST_CASE("a write that was refused because the line is missing does not happen later") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.chips.remove("heater"));
  CHECK(with.lines.write("heater", true).error().status == Status::offline);
  CHECK(with.lines.write("heater", true, Blink::fast).error().status == Status::offline);
  REQUIRE(with.chips.put_back("heater"));
  with.bench.run_for(line_retry + 5s);
  CHECK(with.bench.registers.value("gpio.heater") == 0);
  CHECK_FALSE(with.level("heater"));
}

TEST_CASE("an input that goes away is said, and found when it comes back") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.chips.remove("button_3"));
  CHECK(with.line("button_3")["trouble"] == "The line went away (no such device).");
  CHECK(with.bench.registers.value("gpio.button_3").is_null());
  CHECK(with.said.size() == 1);
  with.bench.run_for(10s);
  CHECK(with.said.size() == 1);
  REQUIRE(with.chips.put_back("button_3"));
  with.bench.run_for(line_retry + 100ms);
  CHECK(with.bench.registers.value("gpio.button_3") == 0);
  REQUIRE(with.chips.press("button_3", true));
  CHECK(with.bench.registers.value("gpio.button_3") == 1);
}

TEST_CASE("an output that goes away stops blinking, is said, and blinks on when it comes back") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.lines.write("lights", true, Blink::fast));
  REQUIRE(with.chips.remove("lights"));
  with.bench.run_for(1s);
  CHECK(with.said.size() == 1);
  CHECK(with.line("lights")["value"].is_null());
  REQUIRE(with.chips.put_back("lights"));
  with.bench.run_for(line_retry);
  CHECK(with.changes("lights", 1s) >= 7);
}

TEST_CASE("a trouble that many lines have is said once") {
  const auto specs = parse_lines(R"({"lines": {
    "a": {"chip": "gone", "line": "x", "direction": "output"}, "b": {"chip": "gone", "line": "y", "direction": "input"}}})");
  SimulatedBoard board;
  Bench bench(board);
  struct NoChips final : Chips {
    protocol::Result<std::unique_ptr<WatchedLine>> watch(const LineSpec&, LineEvents) override {
      return none();
    }
    protocol::Result<std::unique_ptr<DrivenLine>> drive(const LineSpec&, bool) override { return none(); }
    protocol::Result<LineFacts> look(const LineSpec&) override { return none(); }
    static std::unexpected<protocol::Error> none() {
      return protocol::fail(Status::not_found, "This computer has no GPIO chip.");
    }
  } chips;
  std::vector<std::string> said;
  Lines lines(specs.lines, bench.timers, chips, bench.registers,
              {.button = {}, .say = [&](firmware::Severity, std::string text) { said.push_back(text); }});
  lines.start();
  bench.run_for(10s);
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("GPIO: no use of b, a can be made. This computer has no GPIO chip."));
}

TEST_CASE("SYS.WRITE_LED drives the line of the box's LED where there is one, and keeps its register") {
  WithLines with;
  with.lines.start();
  REQUIRE(with.bench.call("SYS.WRITE_LED", {{"led", 3}, {"value", 1}}).ok());
  CHECK(with.level("box_led_3"));
  CHECK(with.bench.registers.value("gpio.BoxLed3") == 1);
  REQUIRE(with.bench.call("SYS.WRITE_LED", {{"led", 4}, {"value", 1}}).ok());
  CHECK(with.bench.registers.value("gpio.BoxLed4") == 1);
}

TEST_CASE("hands reach the simulated computer as lines of text") {
  SimulatedChips chips(parse_lines(house).lines);
  CHECK(hand(chips, "press button_3") == "ok");
  CHECK(chips.value("button_3"));
  CHECK(hand(chips, "release button_3") == "ok");
  CHECK_FALSE(chips.value("button_3"));
  CHECK(hand(chips, "cut estop_button") == "ok");
  CHECK(chips.value("estop_button"));
  CHECK(hand(chips, "take lights pigpio") == "ok");
  CHECK(Json::parse(hand(chips, "state"))["lights"]["owner"] == "pigpio");
  CHECK(hand(chips, "give lights") == "ok");
  CHECK(hand(chips, "remove lights") == "ok");
  CHECK(hand(chips, "put_back lights") == "ok");
  for (const char* wrong : {"", "press", "press a b", "press nothing", "press lights", "jump"})
    CHECK(hand(chips, wrong).starts_with("error: "));
}

}  // namespace
}  // namespace celeriac::hal::testing
