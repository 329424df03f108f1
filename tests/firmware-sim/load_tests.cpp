#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <format>
#include <nlohmann/json.hpp>

#include "firmware-sim/program/control.hpp"
#include "firmware-sim/program/state.hpp"
#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;
using Catch::Approx;

using Lines = std::vector<std::string>;

namespace {

/// At home with everything known, so that counted and carriage are the same.
Bench garden(const char* board = "arduino") {
  MachineDescription machine = garden_bot();
  for (AxisBody& body : machine.axes) body.start_mm = 0;
  return Bench::approved({.profile = find_profile(board), .machine = machine});
}

int soil(Bench& bench) {
  const Lines lines = starting(bench.ask("F42 P59 M1 Q1"), "R41 P59 V");
  REQUIRE(lines.size() == 1);
  return std::stoi(lines.front().substr(9));
}

}  // namespace

TEST_CASE("Every plant of a program of moves and pins gets its water, and the path between them none") {
  Bench bench = garden();
  const std::vector<std::pair<int, int>> plants = {{100, 100}, {400, 100}, {400, 300}};
  for (const auto& [x, y] : plants) {
    CHECK(bench.ask(std::format("G00 X{} Y{}", x, y)).back() == "R02 Q0");
    bench.ask("F44 P8 V1 W0 T4000 M0");
  }
  const Soil& bed = bench.board().loads().soil();
  for (const auto& [x, y] : plants) CHECK(bed.litres_near(x, y, 50) == Approx(0.4).epsilon(0.01));
  CHECK(bed.litres() == Approx(1.2).epsilon(0.01));
  CHECK(bed.litres_near(250, 100, 50) == 0);
}

TEST_CASE("A valve that stays open while the bot moves waters the way") {
  Bench bench = garden();
  bench.ask("G00 X100");
  bench.ask("F41 P8 V1 M0");
  bench.ask("G00 X300 Q2");
  const double took = seconds(bench.took());
  bench.ask("F41 P8 V0 M0");
  const Soil& bed = bench.board().loads().soil();
  CHECK(bed.litres() == Approx(took * valve_litres_per_second).epsilon(0.02));
  CHECK(bed.litres_near(200, 0, 30) > 0.02);
  CHECK(bench.board().loads().at(8)->litres == Approx(bed.litres()));
}

TEST_CASE("The soil sensor shows the moisture of its place, and that it was watered") {
  Bench bench = garden();
  CHECK(soil(bench) == Soil::fresh);
  bench.ask("F44 P8 V1 W0 T1000 M0");
  const int watered = soil(bench);
  CHECK(watered > Soil::fresh);
  bench.ask("F44 P8 V1 W0 T60000 M0");
  CHECK(soil(bench) == Soil::soaked);
  bench.ask("G00 X300");
  CHECK(soil(bench) == Soil::fresh);
  bench.board().loads().soil().set_moisture(300, 0, 250);
  CHECK(soil(bench) == 250);
  bench.ask("G00 X0");
  CHECK(soil(bench) == Soil::soaked);
}

TEST_CASE("What an input is driven to from outside goes before what the soil says") {
  MachineDescription machine = garden_bot();
  Bench bench = Bench::approved({.machine = machine, .analog_inputs = {{59, 300}}});
  CHECK(soil(bench) == 300);
}

TEST_CASE("A pump runs as long as its pin is on") {
  Bench bench = garden();
  bench.ask("F41 P9 V1 M0");
  bench.run_for(10s);
  bench.ask("F41 P9 V0 M0");
  bench.run_for(10s);
  const Load& pump = *bench.board().loads().at(9);
  CHECK(pump.name == "vacuum");
  CHECK(!pump.on());
  CHECK(seconds(pump.on_time) == Approx(10).epsilon(0.01));
  CHECK(bench.board().loads().soil().litres() == 0);
}

TEST_CASE("Half a PWM is half the water") {
  Bench bench = garden();
  bench.ask("F41 P8 V128 M1");
  bench.run_for(10s);
  CHECK(bench.board().loads().soil().litres() == Approx(0.5).epsilon(0.02));
}

TEST_CASE("An emergency stop, a reset and a pin guard close the valve") {
  for (const char* how : {"E", "reset", "guard"}) {
    CAPTURE(how);
    Bench bench = garden();
    bench.ask("F22 P201 V8");
    bench.ask("F22 P202 V2");
    bench.ask("F41 P8 V1 M0");
    if (how[0] == 'E') bench.send("E");
    if (how[0] == 'r') bench.board().reset(bench.now());
    bench.run_for(4s);
    CHECK(!bench.board().loads().at(8)->on());
    CHECK(bench.board().loads().soil().litres() < 0.4);
  }
}

TEST_CASE("A valve sticks open or closed, whatever its pin says") {
  Bench bench = garden();
  bench.fault("load pin 8 on for 10s");
  bench.run_for(5s);
  CHECK(bench.board().loads().soil().litres() == Approx(0.5).epsilon(0.01));
  CHECK(contains(bench.ask("F42 P8 M0 Q1"), "R41 P8 V0 Q1"));
  bench.run_for(10s);
  CHECK(!bench.board().loads().at(8)->on());
  bench.fault("load pin 8 off");
  bench.ask("F41 P8 V1 M0");
  CHECK(contains(bench.ask("F42 P8 M0 Q1"), "R41 P8 V1 Q1"));
  CHECK(!bench.board().loads().at(8)->on());
}

TEST_CASE("Boards with current sensors show what their loads draw; others have none") {
  struct Row {
    const char* board;
    int pin;
    int sensor;
  };
  for (const Row& row : {Row{"farmduino_k15", 8, 55}, Row{"farmduino_k16", 2, 60}, Row{"express_k10", 9, 58},
                         Row{"farmduino_k15", 10, 57}}) {
    CAPTURE(row.board, row.pin);
    Bench bench = garden(row.board);
    CHECK(contains(bench.ask(std::format("F42 P{} M1 Q1", row.sensor)),
                   std::format("R41 P{} V0 Q1", row.sensor)));
    bench.ask(std::format("F41 P{} V1 M0", row.pin));
    CHECK(!contains(bench.ask(std::format("F42 P{} M1 Q1", row.sensor)),
                    std::format("R41 P{} V0 Q1", row.sensor)));
  }
  Bench bare = Bench::booted({.profile = find_profile("farmduino_k15")});
  CHECK(contains(bare.ask("F42 P55 M1 Q1"), "R41 P55 V1023 Q1"));  // a pull-up, and nothing on it
}

TEST_CASE("Loads hang on the pins that the board has") {
  CHECK(garden("arduino").board().loads().at(7) == nullptr);
  CHECK(garden("farmduino").board().loads().at(7)->name == "lighting");
  CHECK(garden("farmduino_k15").board().loads().at(2) == nullptr);
  CHECK(garden("farmduino_k16").board().loads().at(2)->name == "rotary tool forward");
  CHECK(garden("express_k10").board().loads().at(10) == nullptr);
  CHECK(Bench::booted().board().loads().all().empty());
}

TEST_CASE("Soil keeps so many places and patches; water beyond them is still counted") {
  Soil bed;
  for (int i = 0; i < static_cast<int>(Soil::max_cells) + 10; ++i)
    bed.water(i % 1000 * 10.0, i / 1000 * 10.0, 1);
  CHECK(bed.litres() == static_cast<double>(Soil::max_cells) + 10);
  for (std::size_t i = 0; i <= Soil::max_patches; ++i)
    bed.set_moisture(-5000 - 300.0 * static_cast<double>(i), 0, 300);
  CHECK(bed.moisture_at(-5000, 0) == Soil::fresh);  // the oldest has gone
  CHECK(bed.moisture_at(-5300, 0) == 300);
}

TEST_CASE("The state is one line of JSON with carriages, pins and loads") {
  Bench bench = garden();
  bench.ask("G00 X10");
  bench.ask("F44 P8 V1 W1 T2000 M0");
  const std::string line = state_line(bench.twin(), bench.now());
  CHECK(!line.contains('\n'));
  const auto state = nlohmann::json::parse(line);
  CHECK(state["carriage"]["x"] == 10.0);
  CHECK(state["counted"]["x"] == 10.0);
  CHECK(state["switches"]["y"]["min"] == true);
  CHECK(state["pins"]["8"] == 1);
  CHECK(state["loads"]["water"]["on"] == true);
  CHECK(state["loads"]["water"]["on_s"].get<double>() == Approx(2).epsilon(0.01));
  CHECK(state["soil"]["litres"].get<double>() == Approx(0.2).epsilon(0.01));
  CHECK(state["locked"] == false);
  CHECK(state["seed"] == 0);
}

TEST_CASE("A tester's hands move the carriage, press switches, wet the soil and break things") {
  Bench bench = garden();
  const auto hand = [&](std::string_view line) { return control(bench.twin(), line, bench.now()); };
  CHECK(hand("place x 120.4") == "ok");
  CHECK(bench.board().machine().position_mm(AxisName::x) == 120.4);
  CHECK(hand("press x max") == "ok");
  CHECK(contains(bench.ask("F81 Q1"), "R81 XA1 XB0 YA0 YB1 ZA0 ZB1 Q1"));
  CHECK(hand("release x max") == "ok");
  CHECK(contains(bench.ask("F81 Q2"), "R81 XA1 XB1 YA0 YB1 ZA0 ZB1 Q2"));
  CHECK(hand("soil 120 0 700") == "ok");
  CHECK(soil(bench) == 700);
  CHECK(hand("litres 120 0") == "0.0000");
  CHECK(hand("state").starts_with("{\"time\":"));
  CHECK(hand("restart") == "ok");
  CHECK(hand("in 2s silence for 1s") == "ok");
  bench.boot();
  bench.run_for(3s);
  CHECK(contains(bench.events(), "fault over: silence for 1s") == false);  // it ends by itself, untold
  CHECK(contains(bench.events(), "fault: silence for 1s"));
}

TEST_CASE("The scene is what a camera would see: the carriage, what is wet, what grows and what is on") {
  Bench bench = garden();
  const auto hand = [&](std::string_view line) { return control(bench.twin(), line, bench.now()); };
  CHECK(hand("plant 600 400 80 lettuce") == "ok");
  bench.ask("G00 X10 Y20");
  bench.ask("F41 P8 V1 M0");
  bench.run_for(2s);
  const auto scene = nlohmann::json::parse(hand("scene"));
  CHECK(scene["carriage"]["x"] == 10.0);
  CHECK(scene["lengths"] == nlohmann::json{{"x", 2700.0}, {"y", 1200.0}, {"z", 400.0}});
  CHECK(scene["plants"] ==
        nlohmann::json::array({{{"x", 600.0}, {"y", 400.0}, {"radius", 80.0}, {"name", "lettuce"}}}));
  CHECK(scene["on"] == nlohmann::json{"water"});
  REQUIRE(scene["wet"].size() == 1);
  CHECK(scene["wet"][0][0] == 25.0);
  CHECK(scene["wet"][0][1] == 25.0);
  CHECK(scene["wet"][0][2].get<double>() == Approx(0.2).epsilon(0.02));
}

TEST_CASE("The bed has room for so many plants, and a whole wet bed is still one line that a camera reads") {
  Bench bench = garden();
  const auto hand = [&](std::string_view line) { return control(bench.twin(), line, bench.now()); };
  const std::string longest(60, 'a');
  for (std::size_t i = 0; i < Soil::max_plants; ++i)
    REQUIRE(hand(std::format("plant 2600.5 1100.5 100.5 {}", longest)) == "ok");
  CHECK(hand("plant 1 1 1 kale").starts_with("error: 1024 plants grow already"));
  CHECK(hand("plant 1 1 1 a" + longest).starts_with("error: plant takes"));
  for (int x = 0; x <= 2700; x += 10)
    for (int y = 0; y <= 1200; y += 10) bench.twin().board().loads().soil().water(x, y, 0.123456);
  CHECK(hand("scene").size() < 512 * 1024);
}

TEST_CASE("What hands cannot do is said in a sentence") {
  Bench bench = garden();
  const auto hand = [&](std::string_view line) { return control(bench.twin(), line, bench.now()); };
  CHECK(hand("") == "error: there is nothing in this line");
  CHECK(hand("place") == "error: place takes 2 words after it");
  CHECK(hand("place q 1") == "error: place takes an axis and mm: place x 120");
  CHECK(hand("press x middle") == "error: press takes an axis and an end: press x min");
  CHECK(hand("soil 1 2 5000") ==
        "error: soil takes x, y in mm and the sensor's counts of 0 to 1023: soil 100 200 700");
  CHECK(hand("dance").starts_with("error: there is no fault in \"dance\"; the faults are silence,"));
}
