// SYS.FACTORY_RESET: back to the defaults, and what was there before is in a file.

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>

#include "bench.hpp"
#include "hal/settings/backups.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

constexpr int firmware_package = 0, os_package = 1;

Json update(const char* config, Json value, int package) {
  return {{"package", package}, {"config", config}, {"value", std::move(value)}};
}

fs::path backup_of(const Call& call) {
  REQUIRE(call.ok());
  return call.done().document->at("backup").get<std::string>();
}

TEST_CASE("the parameters of the board go back to their defaults, and the former ones are in a backup") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto* parameter = firmware::find_parameter("movement_max_spd_x");
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("movement_max_spd_x", 321, firmware_package)).ok());
  const auto call = bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}});
  const auto backup = settings::read_object(backup_of(call));
  REQUIRE(backup);
  CHECK(backup->at("celeriac_parameters") == 1);
  CHECK(backup->at("parameters").at("movement_max_spd_x") == 321);
  CHECK_FALSE(backup->at("parameters").contains("param_version"));
  CHECK(backup->at("board") == "RAMPS 1.4");
  CHECK(bench.hypervisor.link().board().parameters.find(parameter->number) == parameter->fallback);
  CHECK(settings::read_object(bench.folder.path() / "parameters.json")->empty());
  CHECK(bench.logged("celeriac param restore"));
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}}).done().document->at("changed") == 0);
}

TEST_CASE("parameters that the host was started with are defaults of this machine") {
  SimulatedBoard board;
  Bench bench(board, {{"movement_max_spd_y", 77}});
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("movement_max_spd_y", 78, firmware_package)).ok());
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}}).ok());
  CHECK(bench.hypervisor.link().board().parameters.find(72) == 77);
}

TEST_CASE("the settings of the host go back to their defaults, and the backup is a file to put back") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("safe_height", -20, os_package)).ok());
  const auto before = settings::read_object(bench.folder.path() / "settings.json");
  const auto call = bench.call("SYS.FACTORY_RESET", {{"package", os_package}});
  REQUIRE(before);
  CHECK(settings::read_object(backup_of(call)).value() == *before);
  CHECK(settings::read_object(bench.folder.path() / "settings.json")->empty());
  CHECK(bench.hypervisor.status()["settings"]["safe_height"] == 0);
}

TEST_CASE("settings can be reset without a board, and parameters cannot") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  bench.unplug();
  bench.run_for(1s);
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", os_package}}).ok());
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}}).status() == Status::offline);
}

TEST_CASE("nothing is reset while the machine is at work, and no parameter under the lock") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  const auto move = bench.start("SYS.MOVE_RELATIVE", {{"x", 50}, {"y", 0}, {"z", 0}});
  for (const int package : {firmware_package, os_package})
    CHECK(bench.call("SYS.FACTORY_RESET", {{"package", package}}).status() == Status::wrong_state);
  REQUIRE(bench.run_until([&] { return move.answered(); }));
  REQUIRE(bench.call("SYS.EMERGENCY_LOCK").ok());
  CHECK(bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}}).status() == Status::locked);
  CHECK_FALSE(fs::exists(bench.folder.path() / "backups"));
}

TEST_CASE("without a backup nothing is reset") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("movement_max_spd_x", 321, firmware_package)).ok());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("safe_height", -20, os_package)).ok());
  std::ofstream(bench.folder.path() / "backups") << "no folder";
  for (const int package : {firmware_package, os_package})
    CHECK(bench.call("SYS.FACTORY_RESET", {{"package", package}}).status() == Status::failed);
  CHECK(bench.hypervisor.link().board().parameters.find(71) == 321);
  CHECK(bench.hypervisor.status()["settings"]["safe_height"] == -20);
}

TEST_CASE("a reset that the board breaks off says where the backup is") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.CONFIG_UPDATE", update("71", 321, firmware_package)).ok());
  board.answer = [](const std::string& line) -> std::optional<std::vector<std::string>> {
    if (!line.starts_with("F22")) return std::nullopt;
    return std::vector<std::string>{"R08 *" + line + "*", "R01 Q{Q}", "R03 Q{Q}"};
  };
  const auto call = bench.call("SYS.FACTORY_RESET", {{"package", firmware_package}});
  REQUIRE_FALSE(call.ok());
  CHECK(call.message().contains("celeriac param restore"));
  CHECK(settings::read_object(bench.folder.path() / "parameters.json")->contains("movement_max_spd_x"));
}

TEST_CASE("of each kind the newest backups stay") {
  Folder folder;
  const settings::Backups backups(
      folder.path(), [](std::move_only_function<void()> job, std::move_only_function<void()> done) {
        job();
        done();
      });
  std::string last;
  const auto write = [&](const char* kind, std::int64_t time_ms) {
    backups.write(kind, time_ms, Json::object(), [&](const protocol::Result<fs::path>& path) {
      REQUIRE(path);
      last = path->filename().string();
    });
  };
  write("settings", 0);
  write("settings", 0);
  CHECK(last == "settings-1970-01-01T00-00-00Z-2.json");
  for (std::size_t i = 0; i < settings::max_backups + 5; ++i)
    write("parameters", static_cast<std::int64_t>(i) * 1000);
  const auto files = std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
  CHECK(files == static_cast<std::ptrdiff_t>(settings::max_backups) + 2);
  CHECK_FALSE(fs::exists(folder.path() / "parameters-1970-01-01T00-00-04Z.json"));
  CHECK(fs::exists(folder.path() / "parameters-1970-01-01T00-00-05Z.json"));
}

}  // namespace
}  // namespace celeriac::hal::testing
