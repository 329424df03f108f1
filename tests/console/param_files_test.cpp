// param diff, backup and restore, against a host in the same process.

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Status;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

/// A host with four parameters, which takes what is written.
struct Host {
  Host() {
    vm.dispatcher.on("SYS.READ_STATUS"_op, [this](protocol::Request&, protocol::Responder responder) {
      responder.document({{"firmware",
                           {{"state", state},
                            {"version", "6.6.23.R.genesisK12"},
                            {"board", "RAMPS 1.4"},
                            {"reason", state == "ready" ? Json(nullptr) : Json("It is not plugged in.")}}}});
    });
    vm.dispatcher.on("SYS.CONFIG_READ"_op, [this](protocol::Request& request, protocol::Responder responder) {
      const Json* const sources[] = {&board, &stored, &defaults, &about};
      responder.document(*sources[request.arguments.integer("source")]);
    });
    vm.dispatcher.on("SYS.CONFIG_UPDATE"_op,
                     [this](protocol::Request& request, protocol::Responder responder) {
                       const auto name = request.arguments.string("config");
                       if (const auto refused = refuses.find(name); refused != refuses.end())
                         return responder.fail(refused->second);
                       board[name] = request.arguments.value("value");
                       written.push_back(name);
                       responder.ok(0);
                     });
  }
  static Json entry(const char* unit, Json lowest, Json highest, bool writable = true) {
    return {{"unit", unit},
            {"lowest", std::move(lowest)},
            {"highest", std::move(highest)},
            {"writable", writable}};
  }
  [[nodiscard]] std::string path(const char* name) const { return (directory.path() / name).string(); }
  [[nodiscard]] std::string backup_of(const Json& parameters) const {
    return directory.file(
        "backup.json",
        Json{{"celeriac_parameters", 1}, {"board", "RAMPS 1.4"}, {"parameters", parameters}}.dump());
  }

  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  std::string state = "ready";
  Json board{{"movement_max_spd_x", 400},
             {"movement_home_up_x", 0},
             {"movement_stall_sensitivity_x", 30},
             {"param_config_ok", 1}};
  Json stored{{"movement_max_spd_x", 500},
              {"movement_home_up_x", nullptr},
              {"movement_stall_sensitivity_x", 30},
              {"param_config_ok", nullptr}};
  Json defaults{{"movement_max_spd_x", 400},
                {"movement_home_up_x", 1},
                {"movement_stall_sensitivity_x", 30},
                {"param_config_ok", 0}};
  Json about{{"movement_max_spd_x", entry("steps/s", 1, nullptr)},
             {"movement_home_up_x", entry("boolean", 0, 1)},
             {"movement_stall_sensitivity_x", entry("", -63, 63)},
             {"param_config_ok", entry("boolean", 0, 1, false)}};
  std::map<std::string, Error> refuses;
  std::vector<std::string> written;
};

}  // namespace

TEST_CASE("param diff shows where the board differs from what is stored, in columns with unit and range") {
  Host host;
  CHECK(host.celeriac({"param", "diff"}).out ==
        "NAME                BOARD      STORED  UNIT     RANGE\n"
        "movement_max_spd_x    400  ->     500  steps/s  from 1\n");
  host.board["movement_max_spd_x"] = 500;
  CHECK(host.celeriac({"param", "diff"}).out == "the board has what is stored for it\n");
  CHECK(host.celeriac({"param", "diff", "--defaults", "--json"}).json()["differences"] ==
        Json{{"movement_max_spd_x", {{"default", 400}, {"board", 500}}},
             {"movement_home_up_x", {{"default", 1}, {"board", 0}}}});
}

TEST_CASE("a backup is readable JSON that restores what it was made of, and no more than differs") {
  Host host;
  const auto file = host.path("parameters.json");
  const auto made = host.celeriac({"param", "backup", file});
  CHECK(made.out == "3 parameters of the RAMPS 1.4 are in " + file + "\n");
  const auto document = Json::parse(std::ifstream(file));
  CHECK(document["celeriac_parameters"] == 1);
  CHECK(document["firmware"] == "6.6.23.R.genesisK12");
  CHECK_FALSE(document["parameters"].contains("param_config_ok"));
  CHECK(host.celeriac({"param", "diff", file}).out == "the board has what is in the file\n");

  host.board["movement_max_spd_x"] = 9;
  const auto dry = host.celeriac({"param", "restore", file, "--dry-run"});
  CHECK(dry.out.contains("movement_max_spd_x    9  ->   400  steps/s  from 1"));
  CHECK(host.written.empty());
  const auto restored = host.celeriac({"param", "restore", file});
  CHECK(restored.status == 0);
  CHECK(restored.out ==
        "movement_max_spd_x 9 -> 400\n1 of 1 differing parameters restored, 2 were as in the file\n");
  CHECK(host.written == std::vector<std::string>{"movement_max_spd_x"});
}

TEST_CASE("a parameter that the board does not take is named, and the others are restored") {
  Host host;
  host.refuses["movement_home_up_x"] = {.status = Status::hardware_fault,
                                        .message = "movement_home_up_x was set to 1 but the board shows 0."};
  const auto file = host.backup_of({{"movement_home_up_x", 1}, {"movement_max_spd_x", 700}});
  const auto outcome = host.celeriac({"param", "restore", file});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.contains("the board shows 0"));
  CHECK(outcome.out.contains("1 of 2 differing parameters restored"));
  CHECK(host.board["movement_max_spd_x"] == 700);
}

TEST_CASE("a restore that cannot go on says what was done, and that it can be run again") {
  Host host;
  host.refuses["movement_stall_sensitivity_x"] = {.status = Status::offline,
                                                  .message = "The board was lost."};
  const auto file = host.backup_of({{"movement_max_spd_x", 700}, {"movement_stall_sensitivity_x", 5}});
  const auto outcome = host.celeriac({"param", "restore", file});
  CHECK(outcome.status == 1);
  CHECK(
      outcome.err.contains("stopped at movement_stall_sensitivity_x: 1 of 2 differing parameters restored"));
  CHECK(outcome.err.contains("run it again"));
  host.refuses.clear();
  CHECK(host.celeriac({"param", "restore", file})
            .out.contains("1 of 1 differing parameters restored, 1 were as"));
}

TEST_CASE("what is no backup is refused with a reason, and nothing is written") {
  Host host;
  struct Case {
    std::string text;
    const char* words;
  };
  for (const auto& [text, words] :
       {Case{"{ \"movement", "it is not JSON"},
        Case{R"({"movement_max_spd_x": 5})", "it has no \"celeriac_parameters\""},
        Case{R"({"celeriac_parameters": 2, "parameters": {}})", "its version is 2"},
        Case{R"({"celeriac_parameters": 1})", "it has no \"parameters\""},
        Case{R"({"celeriac_parameters": 1, "parameters": {"movement_max_speed_x": 5}})",
             "did you mean \"movement_max_spd_x\"?"},
        Case{R"({"celeriac_parameters": 1, "parameters": {"movement_stall_sensitivity_x": 64}})",
             "movement_stall_sensitivity_x cannot be 64: it is -63 to 63"},
        Case{R"({"celeriac_parameters": 1, "parameters": {"movement_max_spd_x": "fast"}})",
             "movement_max_spd_x cannot be fast"}}) {
    const auto outcome = host.celeriac({"param", "restore", host.directory.file("bad.json", text)});
    CAPTURE(text, outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.contains(words));
  }
  CHECK(host.celeriac({"param", "restore", host.path("absent.json")}).status == 1);
  CHECK(host.written.empty());
}

TEST_CASE("without a board there is nothing to compare or to keep") {
  Host host;
  host.state = "offline";
  for (const auto* command : {"diff", "backup"}) {
    std::vector<std::string> words{"param", command};
    if (words.back() == "backup") words.push_back(host.path("parameters.json"));
    const auto outcome = host.celeriac(words);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.contains("It is not plugged in."));
  }
  CHECK_FALSE(std::filesystem::exists(host.path("parameters.json")));
}

}  // namespace celeriac::console
