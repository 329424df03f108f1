// What outlives a restart beside the position: the emergency lock; and what is done once a board has started.

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;
using Lines = std::vector<std::string>;

const Json to_ten = {{"x", 10}, {"y", 0}, {"z", 0}};

TEST_CASE(
    "the emergency lock survives a restart of the hypervisor, and is the first thing that the board hears") {
  Folder folder;
  {
    ScriptedBoard board;
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
    bench.run_for(1ms);
  }
  ScriptedBoard board;
  Bench bench(board, Json::object(), folder.path());
  CHECK(bench.hypervisor.link().lock().engaged());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).status() == Status::offline);
  REQUIRE(bench.run_until_ready());
  bench.run_for(1s);
  CHECK(board.heard.front() == "E");
  CHECK(board.locked);
  CHECK(bench.registers.value("locked") == true);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).status() == Status::locked);
  REQUIRE(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).ok());
}

TEST_CASE("an unlock outlives a restart as well") {
  Folder folder;
  {
    ScriptedBoard board;
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
    REQUIRE(bench.call("SYS.EMERGENCY_UNLOCK").ok());
    bench.run_for(1ms);
  }
  ScriptedBoard board;
  Bench bench(board, Json::object(), folder.path());
  CHECK_FALSE(bench.hypervisor.link().lock().engaged());
}

TEST_CASE("a file of the lock that cannot be understood may have said locked") {
  for (const auto* text : {"{ \"lock", "{\"locked\": 7}", "[]"}) {
    Folder folder;
    std::ofstream(folder.path() / "lock.json") << text;
    ScriptedBoard board;
    Bench bench(board, Json::object(), folder.path());
    INFO(text);
    CHECK(bench.hypervisor.link().lock().engaged());
  }
}

// ---- home at boot ----

Json homing_at_boot() {
  auto parameters = garden_parameters();
  for (const auto* name : {"movement_home_at_boot_x", "movement_home_at_boot_z"}) parameters[name] = 1;
  return parameters;
}

TEST_CASE(
    "axes that are to find home at boot do so z first, before anything else, once per start of the board") {
  SimulatedBoard board(garden());
  Folder folder;
  Bench bench(board, homing_at_boot(), folder.path());
  REQUIRE(bench.run_until_ready());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", {{"x", 5}, {"y", 0}, {"z", 0}});
  REQUIRE(bench.run_until([&] { return move.answered(); }));
  CHECK(move.ok());
  std::vector<std::string> motions;
  for (const auto& [time, bytes] : bench.wire)
    if (bytes.starts_with("F1") || bytes.starts_with("G")) motions.push_back(bytes.substr(0, 3));
  CHECK(motions == std::vector<std::string>{"F13", "F11", "G00"});
  bench.run_for(1ms);
  CHECK(bench.registers.value("trust") == Json{{"x", "known"}, {"y", "stale"}, {"z", "known"}});

  bench.wire.clear();
  board.resets_on_open = false;
  bench.unplug();
  bench.run_for(1s);
  bench.plug();
  REQUIRE(bench.run_until_ready());
  bench.run_for(1s);
  CHECK(std::ranges::none_of(bench.wire, [](const auto& write) { return write.second.starts_with("F1"); }));
}

TEST_CASE("a homing at boot can be aborted, and does not begin under the lock") {
  SimulatedBoard board(garden());
  Folder folder;
  Bench bench(board, homing_at_boot(), folder.path());
  REQUIRE(bench.run_until_ready());
  bench.run_for(1s);
  REQUIRE(bench.call("SYS.ABORT").ok());
  bench.run_for(2s);
  CHECK(bench.registers.value("busy") == false);
  CHECK(bench.logged("Finding home after the board's start failed"));
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  bench.wire.clear();
  board.reset(bench.now());
  bench.run_for(10s);
  CHECK(std::ranges::none_of(bench.wire, [](const auto& write) { return write.second.starts_with("F1"); }));
}

// ---- parameters ----

TEST_CASE("at start the differences to the board are counted and named") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_max_spd_x", 500}, {"movement_max_spd_y", 400}, {"encoder_scaling_z", 7000}});
  REQUIRE(bench.run_until_ready());
  CHECK(bench.logged("movement_max_spd_x, encoder_scaling_z"));
  CHECK_FALSE(bench.logged("movement_max_spd_y"));
}

TEST_CASE("a parameter that the board shows otherwise is named with both values") {
  ScriptedBoard board;
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F22 P71")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R21 P71 V7 Q{Q}", "R02 Q{Q}"};
  };
  Bench bench(board, {{"movement_max_spd_x", 500}});
  REQUIRE(bench.run_until_ready());
  CHECK(bench.logged("does not take 500 for movement_max_spd_x (it shows 7)"));
}

TEST_CASE("parameters are read as the board has them, as stored, as defaults, or with unit and range") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_max_spd_x", 500}});
  REQUIRE(bench.run_until_ready());
  const auto read = [&](int source, const char* name) {
    return *bench.call("SYS.CONFIG_READ", {{"package", 0}, {"config", name}, {"source", source}})
                .done()
                .document;
  };
  CHECK(read(0, "movement_max_spd_x") == Json{{"movement_max_spd_x", 500}});
  CHECK(read(1, "movement_max_spd_x") == Json{{"movement_max_spd_x", 500}});
  CHECK(read(1, "movement_max_spd_y") == Json{{"movement_max_spd_y", nullptr}});
  CHECK(read(2, "71") == Json{{"movement_max_spd_x", 400}});
  const auto about = read(3, "P85")["movement_stall_sensitivity_x"];
  CHECK(about["lowest"] == -63);
  CHECK(about["highest"] == 63);
  CHECK(about["default"] == 30);
  CHECK(read(3, "71")["movement_max_spd_x"]["unit"] == "steps/s");
  const auto stored = bench.call("SYS.CONFIG_READ", {{"package", 0}, {"source", 1}});
  CHECK(stored.done().document->at("movement_max_spd_x") == 500);
}

TEST_CASE("a calibration that finds the end stops swapped stores that as well") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F14")) return std::nullopt;
    return Lines{"R08 *" + line + "*",      "R01 Q{Q}", "R23 P21 V1 Q{Q}",
                 "R23 P141 V13500.00 Q{Q}", "R11 Q{Q}", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.CALIBRATE", {{"axis", 0}}).ok());
  CHECK(board.count("F22 P21.00 V1.00") == 1);
  CHECK(board.count("F22 P141.00 V13500.00") == 1);
  bench.run_for(1ms);
  CHECK(*settings::read_object(bench.folder.path() / "parameters.json") ==
        Json{{"movement_axis_nr_steps_x", 13500}, {"movement_invert_endpoints_x", 1}});
  CHECK(bench.call("SYS.CALIBRATE", {{"axis", 0}}).ok());
  CHECK(board.count("F22 P21.00") == 1);
}

}  // namespace
}  // namespace celeriac::hal::testing
