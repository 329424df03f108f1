// Parameters and settings: read, changed, kept.

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

Json update(const char* config, Json value, int package = 0) {
  return {{"package", package}, {"config", config}, {"value", std::move(value)}};
}

TEST_CASE("a parameter is written, verified, stored, and written again to a fresh board") {
  Folder folder;
  {
    SimulatedBoard board;
    Bench bench(board, Json::object(), folder.path());
    REQUIRE(bench.run_until_ready());
    CHECK(bench.call("SYS.CONFIG_UPDATE", update("movement_max_spd_x", 500)).ok());
    CHECK(bench.call("SYS.CONFIG_UPDATE", update("P72", 600.0)).ok());
    CHECK(*settings::read_object(folder.path() / "parameters.json") ==
          Json{{"movement_max_spd_x", 500}, {"movement_max_spd_y", 600}});
  }
  SimulatedBoard board;
  Bench bench(board, {{"movement_max_spd_x", 100}, {"movement_max_spd_z", 300}}, folder.path());
  REQUIRE(bench.run_until_ready());
  const auto& on_board = bench.hypervisor.link().board().parameters;
  CHECK(on_board.find(71) == 500);  // the store goes before initial values
  CHECK(on_board.find(72) == 600);
  CHECK(on_board.find(73) == 300);
}

TEST_CASE("a parameter that the board does not show is not stored") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F22 P71")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R21 P71 V7 Q{Q}", "R02 Q{Q}"};
  };
  CHECK(bench.call("SYS.CONFIG_UPDATE", update("71", 500)).status() == Status::hardware_fault);
  CHECK(settings::read_object(bench.folder.path() / "parameters.json")->empty());
}

TEST_CASE("names, values and parameters of the hypervisor's own are checked before anything is sent") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  const auto unknown = bench.call("SYS.CONFIG_UPDATE", update("movement_max_speed_x", 5));
  CHECK(unknown.status() == Status::not_found);
  CHECK(unknown.message().find("Did you mean \"movement_max_spd_x\"?") != std::string::npos);
  CHECK(bench.call("SYS.CONFIG_UPDATE", update("movement_home_up_x", 2)).status() == Status::malformed);
  CHECK(bench.call("SYS.CONFIG_UPDATE", update("movement_max_spd_x", "fast")).status() == Status::malformed);
  CHECK(bench.call("SYS.CONFIG_UPDATE", update("param_config_ok", 0)).status() == Status::denied);
  CHECK(board.heard.empty());
}

TEST_CASE("parameters are read by name, by number, or all") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  for (const auto* name : {"movement_max_spd_x", "71", "P71"}) {
    const auto call = bench.call("SYS.CONFIG_READ", {{"package", 0}, {"config", name}});
    REQUIRE(call.ok());
    CHECK(*call.done().document == Json{{"movement_max_spd_x", 400}});
  }
  const auto all = bench.call("SYS.CONFIG_READ", {{"package", 0}});
  REQUIRE(all.ok());
  CHECK(all.done().document->size() == 117);
  CHECK(bench.call("SYS.CONFIG_READ", {{"package", 0}, {"config", "nonsense"}}).status() ==
        Status::not_found);
}

TEST_CASE("settings of the host are kept, with and without a board") {
  Folder folder;
  {
    ScriptedBoard board;
    board.silent = true;
    Bench bench(board, Json::object(), folder.path());
    CHECK(bench.call("SYS.CONFIG_UPDATE", update("safe_height", -20.5, 1)).ok());
    const auto wrong = bench.call("SYS.CONFIG_UPDATE", update("safe_hight", 1, 1));
    CHECK(wrong.status() == Status::not_found);
    CHECK(wrong.message().find("Did you mean \"safe_height\"?") != std::string::npos);
    CHECK(bench.call("SYS.CONFIG_UPDATE", update("safe_height", "low", 1)).status() == Status::malformed);
  }
  ScriptedBoard board;
  Bench bench(board, Json::object(), folder.path());
  CHECK(*bench.call("SYS.CONFIG_READ", {{"package", 1}, {"config", "safe_height"}}).done().document ==
        Json{{"safe_height", -20.5}});
  CHECK(bench.hypervisor.status()["settings"]["soil_height"] == 0);
}

TEST_CASE("a store that cannot be understood is an error, not an empty one") {
  Folder folder;
  std::ofstream(folder.path() / "parameters.json") << "{ \"movement_max_spd_x\": ";
  ScriptedBoard board;
  CHECK_THROWS(Bench(board, Json::object(), folder.path()));
}

TEST_CASE("stored names that mean nothing are reported and left") {
  ScriptedBoard board;
  Bench bench(board, {{"no_such_thing", 1}, {"movement_max_spd_x", 1.5}, {"param_config_ok", 0}});
  CHECK(bench.logged("no_such_thing"));
  CHECK(bench.logged("movement_max_spd_x must be"));
  REQUIRE(bench.run_until_ready());
}

TEST_CASE("changes that come while the file is written share the next write") {
  Folder folder;
  std::vector<std::move_only_function<void()>> done;
  settings::Store store(folder.path() / "s.json",
                        [&](std::move_only_function<void()> job, std::move_only_function<void()> end) {
                          job();
                          done.push_back(std::move(end));
                        });
  int stored = 0;
  for (int i = 0; i < 10; ++i)
    store.set("n", i, [&](const protocol::Result<void>& result) { stored += result ? 1 : 0; });
  REQUIRE(done.size() == 1);
  std::exchange(done, {}).front()();
  CHECK(stored == 1);
  REQUIRE(done.size() == 1);
  std::exchange(done, {}).front()();
  CHECK(stored == 10);
  CHECK(done.empty());
  CHECK(*settings::read_object(folder.path() / "s.json") == Json{{"n", 9}});
}

TEST_CASE("a file that cannot be written fails who asked, and nobody else") {
  settings::Store store("/nonexistent/folder/s.json",
                        [](std::move_only_function<void()> job, std::move_only_function<void()> end) {
                          job();
                          end();
                        });
  bool failed = false;
  store.set("n", 1, [&](const protocol::Result<void>& result) { failed = !result; });
  CHECK(failed);
}

TEST_CASE("registers of pins and parameters appear when they are asked for") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK_FALSE(bench.registers.contains("config.movement_max_spd_x"));
  CHECK(bench.registers.contains("status"));
  CHECK(bench.registers.contains("locked"));
}

}  // namespace
}  // namespace celeriac::hal::testing
