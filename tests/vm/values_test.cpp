// What operands, pins by name and orders of axes come to.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/fake_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using nlohmann::json;

namespace {

class Garden : public FakeWorld {
 public:
  Garden() {
    registers["position"] = {{"x", 10}, {"y", 20}, {"z", -30}};
    garden.put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}});
    garden.put(AssetKind::tool, {{"id", 22}, {"name", "Seed bin"}});
    garden.put(AssetKind::tool, {{"id", 23}, {"name", "Lost"}});
    garden.put(AssetKind::point, slot(55, 21, false));
    garden.put(AssetKind::point, slot(56, 22, true));
    garden.put(AssetKind::point,
               {{"id", 51}, {"pointer_type", "Plant"}, {"name", "Beet"}, {"x", 1}, {"y", 2}, {"z", 3}});
    garden.put(AssetKind::peripheral, {{"id", 11}, {"pin", 8}, {"mode", 0}, {"label", "Water"}});
    garden.put(AssetKind::sensor, {{"id", 31}, {"pin", 59}, {"mode", 1}, {"label", "Soil"}});
  }
  static json slot(int id, int tool, bool gantry) {
    return {{"id", id},
            {"pointer_type", "ToolSlot"},
            {"name", "Slot"},
            {"x", 50},
            {"y", 60},
            {"z", -70},
            {"tool_id", tool},
            {"pullout_direction", 1},
            {"gantry_mounted", gantry}};
  }
  /// Runs a body, answers everything, and returns the moves as `[x, y, z]`.
  json moves_of(json body) {
    code(1, std::move(body));
    id = start_and_run(1);
    json moves = json::array();
    while (!requests.empty()) {
      const auto& fields = requests.front().fields;
      if (requests.front().what == "SYS.MOVE_ABSOLUTE")
        moves.push_back({fields["x"], fields["y"], fields["z"]});
      answer();
    }
    return moves;
  }
  std::string error() { return process(id).error ? process(id).error->message : std::string(); }
  ProcessId id{};
};

json tool(int id) {
  return node("tool", {{"tool_id", id}});
}
json point(int id) {
  return node("point", {{"pointer_type", "Plant"}, {"pointer_id", id}});
}
json absolute(json location) {
  return node("move_absolute",
              {{"location", std::move(location)}, {"offset", coordinate(0, 0, 0)}, {"speed", 100}});
}
json with(json move, json item) {
  move["body"].push_back(std::move(item));
  return move;
}
json order(const char* grouping, const char* way) {
  return node("axis_order", {{"grouping", grouping}, {"route", way}});
}

}  // namespace

TEST_CASE("a point is where it stands, a tool where its slot is") {
  Garden world;
  CHECK(world.moves_of({move_to(point(51)), absolute(point(51)), absolute(tool(21))}) ==
        json{{1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}, {50.0, 60.0, -70.0}});
}

TEST_CASE("a slot on the gantry is where the gantry is") {
  Garden world;
  CHECK(world.moves_of({absolute(tool(22)), move_to(tool(22))}) ==
        json{{10.0, 60.0, -70.0}, {10.0, 60.0, -70.0}});
}

TEST_CASE("what is not there is named with FarmBot OS's texts") {
  Garden world;
  world.moves_of({absolute(point(7))});
  CHECK(world.error().starts_with("Plant 7 not found"));
  world.moves_of({absolute(tool(23))});
  CHECK(world.error().starts_with("Could not find point for tool by id: 23"));
  world.moves_of(
      {node("toggle_pin", {{"pin_number", node("named_pin", {{"pin_type", "Peripheral"}, {"pin_id", 9}})}})});
  CHECK(world.error().starts_with("Could not find peripheral by id: 9"));
}

TEST_CASE("a text is no number, and a number no location") {
  Garden world;
  world.code_of(1, sequence_with({constant("t", node("text", {{"string", "x"}}))}, {nothing()}, 1));
  world.code_of(2, sequence_with({parameter("v", numeric(1))}, {move_to(identifier("v"))}, 2));
  world.code_of(3, sequence_with({parameter("v", coordinate(1, 1, 1))}, {absolute(identifier("v"))}, 3));
  world.moves_of({execute_with(2, {application("v", node("text", {{"string", "x"}}))})});
  CHECK(world.error().starts_with("Can't handle numeric conversion for "));
  world.moves_of({execute_with(3, {application("v", numeric(1))})});
  CHECK(world.error().starts_with("Unexpected location or offset: "));
}

TEST_CASE("random is what the generator from outside gives") {
  const json random = {
      {"kind", "move"},
      {"args", json::object()},
      {"body",
       {node("axis_addition", {{"axis", "x"}, {"axis_operand", node("random", {{"variance", 5}})}})}}};
  Garden world, same, other;
  other.next_random = 77;
  const json moves = world.moves_of({random, random, random, random});
  CHECK(moves == same.moves_of({random, random, random, random}));
  CHECK(moves != other.moves_of({random, random, random, random}));
  for (const json& move : moves) {
    const double by = move[0].get<double>() - 10;
    CHECK(std::abs(by) <= 5);
    CHECK(by == std::trunc(by));
  }
}

TEST_CASE("an order of axes goes leg by leg, high or low") {
  Garden world;
  CHECK(world.moves_of({with(move_to(coordinate(1, 2, -3)), order("xy,z", "high"))}) ==
        json{{10.0, 20.0, -3.0}, {1.0, 2.0, -30.0}});  // the position register does not follow here
  CHECK(world.moves_of({with(move_to(coordinate(1, 2, -50)), order("xy,z", "high"))}) ==
        json{{1.0, 2.0, -30.0}, {10.0, 20.0, -50.0}});
  CHECK(world.moves_of({with(move_to(coordinate(1, 2, -50)), order("xyz", "high"))}) ==
        json{{1.0, 2.0, -50.0}});
  CHECK(world.moves_of({with(move_to(coordinate(1, 2, -50)), order("x", "in_order"))}) ==
        json{{1.0, 20.0, -30.0}});
}

TEST_CASE("without an order the device's own counts, and safe_z before both") {
  Garden world;
  const json plain = move_to(coordinate(1, 2, -3));
  CHECK(world.moves_of({plain}).size() == 1);
  world.garden.put(AssetKind::fbos_config, {{"default_axis_order", "z,x,y;in_order"}});
  CHECK(world.moves_of({plain}).size() == 3);
  world.garden.put(AssetKind::fbos_config, {{"default_axis_order", "safe_z"}});
  world.registers["config.safe_height"] = -5;
  CHECK(world.moves_of({plain}) == json{{10.0, 20.0, -5.0}, {1.0, 2.0, -30.0}, {10.0, 20.0, -3.0}});
  CHECK(world.moves_of({with(with(plain, order("xyz", "high")), node("safe_z"))}).size() == 3);
  world.garden.put(AssetKind::fbos_config, {{"default_axis_order", "nonsense"}});
  CHECK(world.moves_of({plain}).size() == 1);
}

TEST_CASE("a move that waits for its turn goes all its legs when the turn comes") {
  Garden world;
  world.code(1, {move_relative(1)});
  world.code(2, {with(move_to(coordinate(1, 2, -50)), order("z,xy", "in_order"))});
  world.start_and_run(1);
  const auto second = world.start_and_run(2);
  CHECK(world.state(second) == State::waiting);
  world.answer();
  CHECK(world.requests.size() == 1);
  world.answer();
  REQUIRE(world.requests.size() == 1);
  world.answer();
  CHECK(world.state(second) == State::done);
  CHECK(std::ranges::count(world.asked, "SYS.MOVE_ABSOLUTE") == 2);
}

TEST_CASE("a pin by name is the pin behind it, when it is written and when it is compared") {
  Garden world;
  const json water = node("named_pin", {{"pin_type", "Peripheral"}, {"pin_id", 11}});
  const json soil = node("named_pin", {{"pin_type", "Sensor"}, {"pin_id", 31}});
  world.registers["pins.59"] = 600;
  world.code(2, {message("dry")});
  world.moves_of(
      {node("write_pin", {{"pin_number", water}, {"pin_value", 1}, {"pin_mode", 0}}),
       node("_if", {{"lhs", soil}, {"op", ">"}, {"rhs", 500}, {"_then", execute(2)}, {"_else", nothing()}})});
  CHECK(world.error().empty());
  CHECK(world.asked ==
        std::vector<std::string>{"SYS.WRITE_PIN", "SYS.READ_PIN", "pins.59", "SYS.SEND_MESSAGE"});
  REQUIRE(world.readings.size() == 1);
  CHECK(world.readings[0].pin == 8);
}

TEST_CASE("the soil's height without samples is the setting, and says so") {
  Garden world;
  world.garden.put(AssetKind::fbos_config, {{"soil_height", -200}});
  const json soil = {
      {"kind", "move"},
      {"args", json::object()},
      {"body",
       {node("axis_overwrite",
             {{"axis", "z"}, {"axis_operand", node("special_value", {{"label", "soil_height"}})}})}}};
  CHECK(world.moves_of({soil}) == json{{10.0, 20.0, -200.0}});
  REQUIRE(!world.entries.empty());
  CHECK(world.entries[0]["message"].get<std::string>().starts_with("Need at least 3 soil height samples"));
}

TEST_CASE("those who want to see every step see what an _if has found") {
  Garden world;
  world.every_step = true;
  world.code(2, {nothing()});
  world.moves_of(
      {node("_if", {{"lhs", "x"}, {"op", "is"}, {"rhs", 10}, {"_then", execute(2)}, {"_else", nothing()}}),
       node("_if", {{"lhs", "pin8"},
                    {"op", "is_undefined"},
                    {"rhs", 0},
                    {"_then", nothing()},
                    {"_else", nothing()}})});
  world.requests.clear();
  REQUIRE(!world.entries.empty());
  CHECK(world.entries[0]["message"] == "Evaluated IF statement: current X position is 10; branching");
}
