// lines.json: what is taken, and what is said of what is not.

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>

#include "bench.hpp"
#include "hal/gpio/lines_command.hpp"
#include "hal/gpio/lines_file.hpp"
#include "hal/gpio/simulated_chips.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace gpio;
using namespace std::chrono_literals;
using protocol::Json;

LineSpec one(const std::string& fields) {
  auto file = parse_lines(std::format(R"({{"lines": {{"button": {}}}}})", fields));
  INFO(Json(file.faults).dump());
  REQUIRE(file.faults.empty());
  REQUIRE(file.lines.size() == 1);
  return file.lines.front();
}

/// The faults of a file as one text.
std::string faults(const std::string& text) {
  std::string all;
  for (const auto& fault : parse_lines(text).faults) all += fault + "\n";
  return all;
}

std::string faults_of_line(const std::string& fields) {
  return faults(std::format(R"({{"lines": {{"lights": {}}}}})", fields));
}

TEST_CASE("a line is described by chip and line, direction, wiring and role") {
  const auto stop =
      one(R"({"chip": "pinctrl-bcm2711", "line": "GPIO16", "direction": "input", "bias": "pull-up",
                            "active": "low", "debounce_ms": 7, "role": "stop"})");
  CHECK(stop.chip == "pinctrl-bcm2711");
  CHECK(stop.line == "GPIO16");
  CHECK(stop.pin() == 16);
  CHECK(stop.direction == Direction::input);
  CHECK(stop.bias == Bias::pull_up);
  CHECK_FALSE(stop.active_high);
  CHECK(stop.debounce == 7ms);
  CHECK(stop.role == Role::stop);
  CHECK(stop.place() == "GPIO16 of pinctrl-bcm2711");

  const auto valve = one(R"({"chip": "gpio:0", "line": 3, "direction": "output", "initial": 1, "safe": 1,
                             "on_stop": "safe"})");
  CHECK(valve.line == "3");
  CHECK(valve.pin() == 3);
  CHECK(valve.initial);
  CHECK(valve.safe);
  CHECK(valve.on_stop == OnStop::safe);
  CHECK(valve.role == Role::plain);
}

TEST_CASE("what a line does not say follows from what it is for") {
  const auto button = one(R"({"line": "GPIO26", "direction": "input"})");
  CHECK(button.role == Role::binding);
  CHECK(button.edge == Edge::rising);
  CHECK(button.active_high);
  CHECK(button.bias == Bias::pull_down);
  CHECK(button.debounce == usual_debounce);
  CHECK(one(R"({"line": "GPIO26", "direction": "input", "active": "low"})").bias == Bias::pull_up);

  // Toward the level that stops: a broken wire stops. And the first edge does.
  const auto stop = one(R"({"line": "GPIO16", "direction": "input", "role": "stop"})");
  CHECK(stop.bias == Bias::pull_up);
  CHECK(stop.broken_wire_is_active());
  CHECK(stop.debounce == 0ms);
  CHECK(one(R"({"line": "GPIO16", "direction": "input", "role": "stop", "active": "low"})").bias ==
        Bias::pull_down);

  const auto light = one(R"({"line": "GPIO12", "direction": "output"})");
  CHECK_FALSE(light.initial);
  CHECK_FALSE(light.safe);
  CHECK(light.on_stop == OnStop::keep);
  CHECK_FALSE(one(R"({"line": "relay", "direction": "output"})").pin());
}

TEST_CASE("a stop button whose broken wire does not stop is taken, and remarked on") {
  const auto file = parse_lines(
      R"({"lines": {"estop": {"line": "GPIO16", "direction": "input", "role": "stop", "bias": "pull-down"}}})");
  CHECK(file.faults.empty());
  REQUIRE(file.remarks.size() == 1);
  CHECK(file.remarks[0].contains("a broken wire does not stop the machine"));
  CHECK(parse_lines(R"({"lines": {"estop": {"line": "GPIO16", "direction": "input", "role": "stop"}}})")
            .remarks.empty());
}

TEST_CASE("every fault names the line and the field, and says what would be right") {
  struct Row {
    const char* fields;
    const char* said;
  };
  const Row rows[] = {
      {R"({"line": "a", "direction": "output", "colour": 1})",
       R"(Line "lights", field "colour": there is no such field.)"},
      {R"({"line": "a", "direction": "output", "inital": 1})", R"(did you mean "initial"?)"},
      {R"({"direction": "output"})", R"(Line "lights", field "line": is missing.)"},
      {R"({"line": "a"})", R"(field "direction": is missing.)"},
      {R"({"line": "a", "direction": "sideways"})",
       R"(field "direction": must be one of input, output, and is "sideways".)"},
      {R"({"line": "", "direction": "output"})", R"(field "line": must be the line's name)"},
      {R"({"line": -3, "direction": "output"})", R"(field "line": must be the line's name)"},
      {R"({"line": 3, "direction": "output"})", R"(field "chip": is missing: a line by its number)"},
      {R"({"chip": 7, "line": "a", "direction": "output"})", R"(field "chip": must be a name)"},
      {R"({"line": "a", "direction": "output", "safe": 2})", R"(field "safe": must be 0 or 1, and is 2.)"},
      {R"({"line": "a", "direction": "output", "initial": true})", R"(field "initial": must be 0 or 1)"},
      {R"({"line": "a", "direction": "output", "on_stop": "safe"})",
       R"(field "safe": is missing: on_stop says that the line goes there.)"},
      {R"({"line": "a", "direction": "output", "debounce_ms": 5})",
       R"(field "debounce_ms": an output has none.)"},
      {R"({"line": "a", "direction": "output", "bias": "none"})", R"(field "bias": an output has none.)"},
      {R"({"line": "a", "direction": "input", "safe": 0})", R"(field "safe": an input has none.)"},
      {R"({"line": "a", "direction": "input", "debounce_ms": 101})",
       R"(field "debounce_ms": must be a whole number from 0 to 100, and is 101.)"},
      {R"({"line": "a", "direction": "input", "debounce_ms": -1})", R"(field "debounce_ms": must be)"},
      {R"({"line": "a", "direction": "input", "debounce_ms": 1.5})", R"(field "debounce_ms": must be)"},
      {R"({"line": "a", "direction": "input", "bias": "up"})", "none, pull-up, pull-down"},
      {R"({"line": "a", "direction": "input", "edge": "sharp"})", "rising, falling, both"},
      {R"({"line": "a", "direction": "input", "active": 1})", "low, high"},
      {R"({"line": "a", "direction": "input", "role": "status"})", "a status light is an output"},
      {R"({"line": "a", "direction": "output", "role": "stop"})", "stop is for inputs"},
      {R"({"line": "a", "direction": "output", "role": "binding"})", "binding is for inputs"},
      {R"({"line": "a", "direction": "input", "role": "board_reset"})", "what resets the board is an output"},
      {R"({"line": "a", "direction": "output", "role": "board_reset", "initial": 1})",
       R"(field "initial": would hold the board in reset)"},
      {R"({"line": "a", "direction": "output", "role": "board_reset", "safe": 1})",
       R"(field "safe": would hold the board in reset)"},
      {R"("GPIO7")", R"(Line "lights" must be an object)"},
  };
  for (const auto& row : rows) {
    const auto said = faults_of_line(row.fields);
    INFO(row.fields << "\n" << said);
    CHECK(said.contains(row.said));
  }
}

TEST_CASE("all faults of a file are told at once") {
  const auto said = faults(R"({"lines": {"a": {"line": "x"}, "b": {"direction": "output"}, "C": {}}})");
  CHECK(std::ranges::count(said, '\n') == 3);
}

TEST_CASE("names, numbers and places of lines have bounds") {
  for (const char* name : {"", "Lights", "3lights", "_a", "büro", "a-b", "a23456789012345678901bc"})
    CHECK(faults(std::format(R"({{"lines": {{"{}": {{"line": "a", "direction": "output"}}}}}})", name))
              .contains("is no name for a line"));
  Json lines = Json::object();
  for (std::size_t i = 0; i < max_lines; ++i)
    lines[std::format("line_{}", i)] = {{"line", std::format("GPIO{}", i)}, {"direction", "output"}};
  CHECK(parse_lines(Json{{"lines", lines}}.dump()).lines.size() == max_lines);
  lines["one_more"] = {{"line", "GPIO99"}, {"direction", "output"}};
  CHECK(faults(Json{{"lines", lines}}.dump()).contains("33 lines are too many: 32 at most"));
  CHECK(faults_of_line(std::format(R"({{"line": "{}", "direction": "output"}})", std::string(65, 'a')))
            .contains("must be"));
}

TEST_CASE("a line, a name, the stop button and the board's reset stand there once") {
  CHECK(faults(R"({"lines": {"a": {"line": "GPIO5", "direction": "input"},
                             "b": {"line": "GPIO5", "direction": "output"}}})")
            .contains(R"(Line "b", field "line": GPIO5 is line "a" already.)"));
  CHECK(
      faults(
          R"({"lines": {"a": {"line": "x", "direction": "input"}, "a": {"line": "y", "direction": "input"}}})")
          .contains(R"("a" stands there twice.)"));
  CHECK(faults(R"({"lines": {"a": {"line": "x", "line": "y", "direction": "input"}}})")
            .contains(R"("line" stands there twice.)"));
  CHECK(faults(R"({"lines": {"a": {"line": "x", "direction": "input", "role": "stop"},
                             "b": {"line": "y", "direction": "input", "role": "stop"}}})")
            .contains("several are wired in series"));
  CHECK(faults(R"({"lines": {"a": {"line": "x", "direction": "output", "role": "board_reset"},
                             "b": {"line": "y", "direction": "output", "role": "board_reset"}}})")
            .contains(R"("a" resets the board already)"));
  // The same name on two chips is two lines.
  CHECK(faults(R"({"lines": {"a": {"chip": "one", "line": "3", "direction": "input"},
                             "b": {"chip": "two", "line": "3", "direction": "input"}}})")
            .empty());
}

TEST_CASE("what is no such file is refused with a sentence") {
  CHECK(faults("{\"lines\":\n {\"a\": }}").contains("something is wrong in row 2"));
  CHECK(faults("").contains("This is not JSON"));
  for (const char* text : {"[]", "3", "null", R"({})", R"({"lines": []})"})
    CHECK(faults(text).contains("The file must be an object"));
  CHECK(faults(R"({"lines": {}, "lights": {}})").contains(R"("lights" is no field of the file)"));
  CHECK(parse_lines(R"({"lines": {}})").faults.empty());
}

TEST_CASE("a file that is not there, or is too long, or wrong, is no file of lines") {
  Folder folder;
  const auto path = folder.path() / "lines.json";
  CHECK(load_lines(path).error().status == protocol::Status::not_found);
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write(std::string(max_lines_file + 1, ' '));
  CHECK(load_lines(path).error().message.contains("at most"));
  write(R"({"lines": {"a": {"line": "x"}}})");
  const auto refused = load_lines(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("lines.json cannot be used."));
  CHECK(refused.error().message.contains(R"(field "direction": is missing)"));
  write(R"({"lines": {"a": {"line": "x", "direction": "input"}}})");
  CHECK(load_lines(path).value().size() == 1);
}

TEST_CASE("the file of FarmBot's own box is good, and says what its stop button lacks") {
  const auto file = read_lines(LINES_OF_THE_BOX);
  REQUIRE(file);
  CHECK(file->faults.empty());
  CHECK(file->remarks.size() == 1);
  std::vector<std::string> names;
  for (const auto& line : file->lines) names.push_back(line.name);
  for (const char* name :
       {"estop_button", "unlock_button", "button_3", "status_led", "box_led_3", "box_led_4"})
    CHECK(std::ranges::contains(names, name));
}

TEST_CASE("a check tells of the file, and of each line on this computer") {
  Folder folder;
  const auto path = folder.path() / "lines.json";
  std::ofstream(path) << R"({"lines": {"a": {"line": "GPIO1", "direction": "input"},
                                       "b": {"line": "GPIO2", "direction": "output"},
                                       "c": {"line": "GPIO3", "direction": "output"},
                                       "d": {"line": "GPIO4", "direction": "output"}}})";
  const auto lines = load_lines(path).value();
  SimulatedChips chips(lines);
  REQUIRE(chips.take("b", "pigpio"));
  REQUIRE(chips.remove("c"));
  const auto ours = chips.drive(lines[3], false);
  const auto findings = check_lines(path, &chips);
  REQUIRE(findings.size() == 4);
  CHECK(findings[0].verdict == Verdict::good);
  CHECK(findings[1].verdict == Verdict::fault);
  CHECK(findings[1].sentence.contains("taken by \"pigpio\""));
  CHECK(findings[2].sentence.contains("There is no line GPIO3"));
  CHECK(findings[3].sentence.contains("in use by the hypervisor"));
  CHECK(check_lines(path, nullptr).size() == 1);
  CHECK(check_lines(folder.path() / "none.json", &chips)[0].verdict == Verdict::fault);
}

}  // namespace
}  // namespace celeriac::hal::testing
