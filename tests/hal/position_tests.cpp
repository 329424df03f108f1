// How far the position of each axis can be believed, through everything that can happen to it.

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "hal/firmware/faults.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using firmware_sim::AxisName;
using position::Trust;
using protocol::Json;
using protocol::Status;
using Lines = std::vector<std::string>;

Json at(double x, double y, double z) {
  return {{"x", x}, {"y", y}, {"z", z}};
}
Json trusts(const char* x, const char* y, const char* z) {
  return {{"x", x}, {"y", y}, {"z", z}};
}
Json trust(Bench& bench) {
  bench.run_for(1ms);
  return bench.registers.value("trust");
}
std::size_t times(const Bench& bench, std::string_view part) {
  return static_cast<std::size_t>(
      std::ranges::count_if(*bench.log, [&](const std::string& line) { return line.contains(part); }));
}

// Presses the board's reset button, and waits until it is ready again.
void restart(SimulatedBoard& board, Bench& bench) {
  board.reset(bench.now());
  REQUIRE(
      bench.run_until([&] { return bench.hypervisor.link().state() != firmware::LinkState::ready; }, 10s));
  REQUIRE(bench.run_until_ready());
}

/// A garden bot that has found home and stands at x 300, y 200, z -50.
struct Garden {
  Garden() {
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
    REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(300, 200, -50)).ok());
    REQUIRE(trust(bench) == trusts("known", "known", "known"));
  }
  SimulatedBoard board{garden()};
  Folder folder;
  Bench bench{board, garden_parameters(), folder.path()};
};

TEST_CASE("at the first start ever nothing says otherwise: stale, moves allowed, warned once") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK(trust(bench) == trusts("stale", "stale", "stale"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(5, 0, 0)).ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(6, 0, 0)).ok());
  CHECK(times(bench, "The position of the x axis may be off") == 1);
  CHECK(times(bench, "The position of the y axis may be off") == 0);
  CHECK(bench.hypervisor.status()["trust"] == trusts("stale", "stale", "stale"));
}

TEST_CASE("finding home, setting zero and calibrating make an axis known") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.ZERO", {{"axis", 0}}).ok());
  CHECK(trust(bench) == trusts("known", "stale", "stale"));
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 1}}).ok());
  CHECK(trust(bench) == trusts("known", "known", "stale"));
  REQUIRE(bench.call("SYS.CALIBRATE", {{"axis", 2}}).ok());
  CHECK(trust(bench) == trusts("known", "known", "known"));
}

TEST_CASE("a board that restarts away from 0 stands nobody knows where: absolute moves are refused unsent") {
  Garden garden;
  auto& bench = garden.bench;
  restart(garden.board, bench);
  CHECK(trust(bench) == trusts("unknown", "unknown", "unknown"));
  bench.wire.clear();
  for (const auto& [operation, fields] :
       {std::pair{"SYS.MOVE_ABSOLUTE", at(10, 0, 0)}, std::pair{"SYS.MOVE_ABSOLUTE", at(0, 0, 0)},
        std::pair{"SYS.HOME", Json{{"axis", 0}}}}) {
    const auto refused = bench.call(operation, fields);
    CHECK(refused.status() == Status::wrong_state);
    const auto& error = (*refused.outcome)->error();
    CHECK(error.code == "position_unknown");
    INFO(error.message);
    CHECK(error.message.contains("x axis"));
    CHECK(error.message.contains("the axis stood at 300.00"));
    CHECK(error.message.contains("ind home"));
    CHECK(error.details["axis"] == "x");
    CHECK(error.details["since"].get<std::int64_t>() > 0);
  }
  CHECK(bench.wire.empty());
  CHECK(bench.call("SYS.MOVE_RELATIVE", at(5, 0, 0)).ok());
  CHECK(trust(bench)["x"] == "unknown");
  CHECK(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  CHECK(trust(bench) == trusts("known", "known", "known"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(10, 0, 0)).ok());
}

TEST_CASE("an unknown axis that would not have to move does not keep the others from moving") {
  Garden garden;
  auto& bench = garden.bench;
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(300, 0, 0)).ok());
  bench.run_for(2s);
  restart(garden.board, bench);
  REQUIRE(trust(bench) == trusts("unknown", "stale", "stale"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(0, 20, 0)).ok());
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(1, 20, 0)).status() == Status::wrong_state);
}

TEST_CASE("a reset in mid-move makes unknown what moved, and only doubts what rested in 0") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", at(200, 0, 0));
  bench.run_for(150ms);  // it has hardly begun: the count still says 0
  board.reset(bench.now());
  REQUIRE(bench.run_until([&] { return move.answered(); }));
  CHECK((*move.outcome)->error().code == firmware::code::board_restarted);
  REQUIRE(bench.run_until_ready());
  CHECK(trust(bench) == trusts("unknown", "stale", "stale"));
  CHECK(bench.hypervisor.status()["trust_reasons"]["x"]["why"] ==
        "the board restarted in the middle of a move");
}

TEST_CASE("a host that restarts while the board goes on takes up what it knew") {
  SimulatedBoard board(garden());
  Folder folder;
  {
    Bench bench(board, garden_parameters(), folder.path());
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 0}}).ok());
    REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(30, 10, 0)).ok());
  }
  board.resets_on_open = false;
  Bench bench(board, garden_parameters(), folder.path());
  REQUIRE(bench.run_until_ready());
  CHECK(trust(bench) == trusts("known", "stale", "stale"));
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(31, 10, 0)).ok());
}

TEST_CASE("a host that restarts and finds another position than it wrote down believes neither") {
  SimulatedBoard board;
  Folder folder;
  {
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
  }
  board.resets_on_open = false;
  {
    Bench stranger(board);  // with a journal of its own
    REQUIRE(stranger.run_until_ready());
    REQUIRE(stranger.call("SYS.MOVE_RELATIVE", at(40, 0, 0)).ok());
  }
  Bench bench(board, Json::object(), folder.path());
  REQUIRE(bench.run_until_ready());
  CHECK(trust(bench) == trusts("unknown", "known", "known"));
}

TEST_CASE("a host that restarts together with its board knows only what rested in 0") {
  SimulatedBoard board;
  Folder folder;
  {
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
    REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(40, 0, 0)).ok());
  }
  Bench bench(board, Json::object(), folder.path());
  REQUIRE(bench.run_until_ready());
  CHECK(trust(bench) == trusts("unknown", "stale", "stale"));
}

TEST_CASE("an emergency stop in mid-move makes stale what was moving, and an abort nothing") {
  Garden garden;
  auto& bench = garden.bench;
  const auto aborted = bench.start("SYS.MOVE_ABSOLUTE", at(500, 200, -50));
  bench.run_for(1s);
  REQUIRE(bench.call("SYS.ABORT").ok());
  REQUIRE(bench.run_until([&] { return aborted.answered(); }));
  CHECK(trust(bench) == trusts("known", "known", "known"));
  const auto stopped = bench.start("SYS.MOVE_ABSOLUTE", at(900, 200, -50));
  bench.run_for(1s);
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  bench.run_for(1s);
  CHECK(stopped.status() == Status::locked);
  CHECK(trust(bench) == trusts("stale", "known", "known"));
}

TEST_CASE("a stall and an axis timeout make their axis stale, and no other") {
  for (const auto& [ending, words] :
       {std::pair{Lines{"R03 V32 Q{Q}"}, "it stalled"},
        std::pair{Lines{"R72", "R99 timeout Y axis", "R03 V2 Q{Q}"}, "it ran into its time limit"}}) {
    ScriptedBoard board;
    Bench bench(board);
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
    board.answer = [&](const std::string& line) -> std::optional<Lines> {
      if (!line.starts_with("G00")) return std::nullopt;
      Lines lines{"R08 *" + line + "*", "R01 Q{Q}"};
      lines.insert(lines.end(), ending.begin(), ending.end());
      return lines;
    };
    CHECK_FALSE(bench.call("SYS.MOVE_ABSOLUTE", at(10, 10, 0)).ok());
    CHECK(trust(bench) == trusts("known", "stale", "known"));
    CHECK(bench.hypervisor.status()["trust_reasons"]["y"]["why"] == words);
  }
}

TEST_CASE("a move that went on after missed steps leaves its axis stale") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{
        "R08 *" + line + "*",          "R01 Q{Q}", "R99 deactivate motor X due to missed steps", "R07 Q{Q}",
        "R82 X10.00 Y0.00 Z0.00 Q{Q}", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(10, 0, 0)).ok());
  CHECK(trust(bench) == trusts("stale", "known", "known"));
  CHECK(bench.logged("The board tried 2 times"));
}

TEST_CASE("a motor driver that reported an error is reported, and its axis stale") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R99 reset motor Y", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", at(0, 0, 0)).ok());
  CHECK(bench.logged("The motor driver of the y axis reported an error"));
  CHECK(trust(bench)["y"] == "stale");
}

TEST_CASE("a position that jumps while nothing moves is reported, and stale") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(20, 0, 0)).ok());
  bench.run_for(6s);
  CHECK(trust(bench)["x"] == "known");
  board.position = "R82 X19.80 Y0.00 Z0.00";  // an encoder trembles by a step
  bench.run_for(6s);
  CHECK(trust(bench)["x"] == "known");
  board.position = "R82 X0.00 Y0.00 Z0.00";
  bench.run_for(6s);
  CHECK(trust(bench) == trusts("stale", "known", "known"));
  CHECK(bench.logged("jumped from 19.80 to 0.00 while nothing moved"));
}

TEST_CASE("other steps per millimetre make stale what does not stand in 0") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.ZERO", {{"axis", 3}}).ok());
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(20, 0, 0)).ok());
  for (const auto* axis : {"x", "y"})
    REQUIRE(
        bench
            .call("SYS.CONFIG_UPDATE",
                  {{"package", 0}, {"config", std::string("movement_step_per_mm_") + axis}, {"value", 10}})
            .ok());
  bench.run_for(6s);
  CHECK(trust(bench) == trusts("stale", "known", "known"));
  CHECK(bench.registers.value("position")["x"] == 10.0);
  CHECK_FALSE(bench.logged("jumped"));
}

TEST_CASE("home found beyond where it was believed is reported with the distance") {
  Garden garden;
  auto& bench = garden.bench;
  garden.board.board().machine().slip(AxisName::x, 75);  // 15 mm farther from home than counted
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 0}}).ok());
  CHECK(bench.logged("The x axis found home about 15 mm beyond where it was believed"));
  CHECK(std::abs(bench.hypervisor.status()["homing"]["x"]["displacement_mm"].get<double>() + 15) < 2);
  CHECK(trust(bench)["x"] == "known");
}

TEST_CASE("home found before where it was believed is reported with the distance") {
  Garden garden;
  auto& bench = garden.bench;
  for (const auto& [axis, steps, mm] :
       {std::tuple{AxisName::x, -300, 60.0}, std::tuple{AxisName::z, 500, 20.0}}) {
    garden.board.board().machine().slip(axis, steps);
    const bool x = axis == AxisName::x;
    REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", x ? 0 : 2}}).ok());
    CHECK(bench.logged(x ? "The x axis found home about" : "The z axis found home about"));
    const auto found = bench.hypervisor.status()["homing"][x ? "x" : "z"]["displacement_mm"].get<double>();
    INFO(found);
    CHECK(std::abs(found - mm) < 8);
  }
}

TEST_CASE("homing that finds what it believed says nothing") {
  Garden garden;
  auto& bench = garden.bench;
  const auto said = times(bench, "where it was believed");  // the first homing of all began anywhere
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  REQUIRE(bench.call("SYS.FIND_HOME", {{"axis", 3}}).ok());
  CHECK(times(bench, "where it was believed") == said);
  for (const auto* axis : {"x", "y", "z"})
    CHECK(std::abs(bench.hypervisor.status()["homing"][axis]["displacement_mm"].get<double>()) < 3);
}

// ---- the journal ----

Json written(const std::filesystem::path& dir) {
  return *settings::read_object(dir / "position.json");
}

TEST_CASE("the journal says that a move is under way at once, and where it ended after a rest") {
  SimulatedBoard board;
  Folder folder;
  Bench bench(board, Json::object(), folder.path());
  REQUIRE(bench.run_until_ready());
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", at(20, 0, 0));
  bench.run_for(10ms);
  CHECK(written(folder.path())["x"]["moving"] == true);
  CHECK(written(folder.path())["y"]["moving"] == false);
  REQUIRE(bench.run_until([&] { return move.answered(); }));
  CHECK(written(folder.path())["x"]["moving"] == true);
  bench.run_for(2s);
  CHECK(written(folder.path())["x"]["moving"] == false);
  CHECK(written(folder.path())["x"]["position"] == 20.0);
}

TEST_CASE("moves that follow each other are one motion to the journal") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto journal = bench.folder.path() / "position.json";
  REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(1, 0, 0)).ok());
  const auto before = written(bench.folder.path());
  for (int i = 2; i < 100; ++i) REQUIRE(bench.call("SYS.MOVE_ABSOLUTE", at(i, 0, 0)).ok());
  CHECK(written(bench.folder.path()) == before);
  bench.run_for(2s);
  CHECK(written(bench.folder.path())["x"]["position"] == 99.0);
}

TEST_CASE("a journal that cannot be understood makes every axis unknown, and keeps nobody from starting") {
  for (const auto* text :
       {"{ \"x\": ", "[]", R"({"x": {"trust": "known"}})", R"({"x": 1, "y": 2, "z": 3})"}) {
    Folder folder;
    std::ofstream(folder.path() / "position.json") << text;
    SimulatedBoard board;
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    CHECK(trust(bench) == trusts("unknown", "unknown", "unknown"));
    CHECK(bench.logged("position.json cannot be understood"));
  }
}

}  // namespace
}  // namespace celeriac::hal::testing
