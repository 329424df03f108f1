#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <limits>

#include "tests/celeryscript/compiler_host.hpp"

using namespace celeriac;
using testing::compiled;
using testing::Host;
using testing::sequence;

using Log = std::vector<std::string>;

namespace {

std::string item(std::string_view kind, char axis, double number) {
  const std::string_view operand = kind == "speed_overwrite" ? "speed_setting" : "axis_operand";
  return std::format(
      R"({{"kind":"{}","args":{{"axis":"{}","{}":{{"kind":"numeric","args":{{"number":{}}}}}}}}})", kind,
      axis, operand, number);
}
std::string set(char axis, double to) {
  return item("axis_overwrite", axis, to);
}
std::string add(char axis, double by) {
  return item("axis_addition", axis, by);
}
std::string speed(char axis, double percent) {
  return item("speed_overwrite", axis, percent);
}
const std::string safe_z = R"({"kind":"safe_z","args":{}})";

std::string move(std::initializer_list<std::string> items) {
  std::string body;
  for (const std::string& each : items) body += (body.empty() ? "" : ",") + each;
  return sequence(R"({"kind":"move","args":{},"body":[)" + body + "]}");
}

Log run(const std::string& json, Host host = {}) {
  return host.run(compiled(json));
}

Host at(double x, double y, double z) {
  Host host;
  host.x = x;
  host.y = y;
  host.z = z;
  return host;
}

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a move to three numbers does not ask where the bot is") {
  CHECK(run(move({set('x', 1), set('y', 2), set('z', -3)})) ==
        Log{"SYS.MOVE_ABSOLUTE x=1 y=2 z=-3 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("axes that are not overwritten stay where the bot is") {
  CHECK(run(move({set('y', 2)}), at(10, 20, 30)) ==
        Log{"REGS.READ position", "SYS.MOVE_ABSOLUTE x=10 y=2 z=30 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("a move without items goes to where the bot is") {
  CHECK(run(move({}), at(10, 20, 30)) ==
        Log{"REGS.READ position", "SYS.MOVE_ABSOLUTE x=10 y=20 z=30 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("items apply in their order: an addition adds to what came before, an overwrite forgets it") {
  CHECK(run(move({add('x', 5), set('x', 100), add('x', 1), add('x', 2), set('y', 0), set('z', 0)})) ==
        Log{"SYS.MOVE_ABSOLUTE x=103 y=0 z=0 x_speed=100 y_speed=100 z_speed=100"});
  CHECK(run(move({add('z', 5), add('x', 1), add('x', -3), add('z', 0.5)}), at(10, 20, 30)) ==
        Log{"REGS.READ position", "SYS.MOVE_ABSOLUTE x=8 y=20 z=35.5 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("a speed is of its axis, and the last one counts") {
  CHECK(run(move({set('x', 1), set('y', 2), set('z', 3), speed('z', 10), speed('x', 20), speed('z', 30)})) ==
        Log{"SYS.MOVE_ABSOLUTE x=1 y=2 z=3 x_speed=20 y_speed=100 z_speed=30"});
}

TEST_CASE("a coordinate as operand gives the component of the item's axis") {
  const std::string place = R"({"kind":"coordinate","args":{"x":7,"y":8,"z":9}})";
  const auto overwrite = [&](char axis) {
    return std::format(R"({{"kind":"axis_overwrite","args":{{"axis":"{}","axis_operand":{}}}}})", axis,
                       place);
  };
  CHECK(run(move({overwrite('x'), overwrite('y'), overwrite('z'), add('z', 1)})) ==
        Log{"SYS.MOVE_ABSOLUTE x=7 y=8 z=10 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("safe_z goes up, across and down, and asks where the bot is before each leg") {
  Host host = at(10, 20, -30);
  host.registers["config.safe_height"] = -5;
  CHECK(run(move({set('x', 100), set('y', 200), set('z', -50), safe_z, speed('z', 40)}), host) ==
        Log{"REGS.READ position", "REGS.READ config.safe_height",
            "SYS.MOVE_ABSOLUTE x=10 y=20 z=-5 x_speed=100 y_speed=100 z_speed=40", "REGS.READ position",
            "SYS.MOVE_ABSOLUTE x=100 y=200 z=-5 x_speed=100 y_speed=100 z_speed=40", "REGS.READ position",
            "SYS.MOVE_ABSOLUTE x=100 y=200 z=-50 x_speed=100 y_speed=100 z_speed=40"});
}

TEST_CASE("with safe_z a target that depends on the position depends on the one at the start") {
  Host host = at(10, 20, -30);
  host.registers["config.safe_height"] = -5;
  CHECK(run(move({safe_z, add('x', 1), add('y', 2), add('z', -4)}), host) ==
        Log{"REGS.READ position", "REGS.READ position", "REGS.READ config.safe_height",
            "SYS.MOVE_ABSOLUTE x=10 y=20 z=-5 x_speed=100 y_speed=100 z_speed=100", "REGS.READ position",
            "SYS.MOVE_ABSOLUTE x=11 y=22 z=-5 x_speed=100 y_speed=100 z_speed=100", "REGS.READ position",
            "SYS.MOVE_ABSOLUTE x=11 y=22 z=-34 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("a safe height that is not set is 0") {
  const Log log = run(move({safe_z}), at(1, 2, -3));
  REQUIRE(log.size() == 8);
  CHECK(log[3] == "SYS.MOVE_ABSOLUTE x=1 y=2 z=0 x_speed=100 y_speed=100 z_speed=100");
  CHECK(log[7] == "SYS.MOVE_ABSOLUTE x=1 y=2 z=-3 x_speed=100 y_speed=100 z_speed=100");
}

TEST_CASE("an unknown position reaches the host as unknown where the move needs it") {
  CHECK(run(move({set('x', 1), add('y', 5)}), at(0, unknown, unknown)) ==
        Log{"REGS.READ position", "SYS.MOVE_ABSOLUTE x=1 y=nan z=nan x_speed=100 y_speed=100 z_speed=100"});
  CHECK(run(move({set('x', 1), set('y', 2), set('z', 3)}), at(unknown, unknown, unknown)).size() == 1);
  CHECK(run(move({set('x', 1), set('y', 2), set('z', 3), safe_z}), at(unknown, 0, 0))[2] ==
        "SYS.MOVE_ABSOLUTE x=nan y=0 z=0 x_speed=100 y_speed=100 z_speed=100");
}

namespace {

std::string set_to(char axis, const std::string& operand) {
  return std::format(R"({{"kind":"axis_overwrite","args":{{"axis":"{}","axis_operand":{}}}}})", axis,
                     operand);
}
std::string add_of(char axis, const std::string& operand) {
  return std::format(R"({{"kind":"axis_addition","args":{{"axis":"{}","axis_operand":{}}}}})", axis, operand);
}
const std::string plant = R"({"args":{"pointer_id":51,"pointer_type":"Plant"},"kind":"point"})";
const std::string soil = R"({"kind":"special_value","args":{"label":"soil_height"}})";
std::string lua(std::string_view code) {
  return std::format(R"({{"kind":"lua","args":{{"lua":"{}"}}}})", code);
}

}  // namespace

TEST_CASE("a place that three items name is looked up once") {
  Host host;
  host.operands[plant] = 7;
  CHECK(run(move({set_to('x', plant), set_to('y', plant), set_to('z', plant), add('z', 2)}), host) ==
        Log{"VM.EVALUATE " + plant, "SYS.MOVE_ABSOLUTE x=7 y=7 z=9 x_speed=100 y_speed=100 z_speed=100"});
}

TEST_CASE("the soil is asked for at the final x and y, and its height replaces even in an addition") {
  CHECK(run(move({set_to('z', soil), add('z', 20), set('x', 5), set('y', 6), add('x', 1)}), at(0, 0, 0)) ==
        Log{"REGS.READ position", "VM.SOIL_HEIGHT 6",
            "SYS.MOVE_ABSOLUTE x=6 y=6 z=-180 x_speed=100 y_speed=100 z_speed=100"});
  CHECK(run(move({add_of('z', soil)}), at(1, 2, -50)) ==
        Log{"REGS.READ position", "VM.SOIL_HEIGHT 1",
            "SYS.MOVE_ABSOLUTE x=1 y=2 z=-200 x_speed=100 y_speed=100 z_speed=100"});
  CHECK(run(move({set_to('x', soil)}), at(1, 2, 3)).back() ==
        "SYS.MOVE_ABSOLUTE x=1 y=2 z=3 x_speed=100 y_speed=100 z_speed=100");
}

TEST_CASE("Lua runs first, in the body's order, for operands and for speeds") {
  Host host = at(10, 20, -30);
  host.scripts = {{"a", 1}, {"b", 2}, {"c", 50}};
  const std::string quick =
      R"({"kind":"speed_overwrite","args":{"axis":"x","speed_setting":)" + lua("c") + "}}";
  CHECK(run(move({set_to('z', lua("a")), add_of('x', lua("b")), quick}), host) ==
        Log{"VM.LUA a", "VM.LUA b", "VM.LUA c", "REGS.READ position",
            "SYS.MOVE_ABSOLUTE x=12 y=20 z=1 x_speed=50 y_speed=100 z_speed=100"});
}

TEST_CASE("random is drawn anew for each item") {
  const std::string random = R"({"kind":"random","args":{"variance":10}})";
  const Log log =
      run(move({set('x', 1), set('y', 1), set('z', 1), add_of('x', random), add_of('y', random)}));
  CHECK(std::ranges::count(log, "VM.RANDOM 10") == 2);
}

TEST_CASE("current_location is where the bot was before the move") {
  const std::string here = R"({"kind":"special_value","args":{"label":"current_location"}})";
  CHECK(run(move({set('x', 1), set_to('x', here), set('y', 2), set('z', 3)}), at(10, 20, 30)).back() ==
        "SYS.MOVE_ABSOLUTE x=10 y=2 z=3 x_speed=100 y_speed=100 z_speed=100");
}

TEST_CASE("move_absolute adds the offset to the place that its location names") {
  Host host;
  host.operands[R"({"args":{"tool_id":21},"kind":"tool"})"] = 5;
  CHECK(run(sequence(R"({"kind":"move_absolute","args":{"location":{"kind":"tool","args":{"tool_id":21}},
                        "offset":{"kind":"coordinate","args":{"x":1,"y":2,"z":3}},"speed":40}})"),
            host) == Log{R"(VM.EVALUATE {"args":{"tool_id":21},"kind":"tool"})",
                         "SYS.MOVE_ABSOLUTE x=6 y=7 z=8 x_speed=40 y_speed=40 z_speed=40"});
}
