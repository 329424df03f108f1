// `celeriac computer`, `power`, `reset`, `updates` and `firmware` against a host in the same process.

#include <catch2/catch_test_macros.hpp>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

/// A host that remembers what was asked of its computer.
struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  std::vector<std::string> asked;  ///< operations, with their package where they have one
  std::string stored;              ///< firmware that came in parts
  std::size_t parts = 0;

  Host() {
    for (const char* name : {"SYS.POWER_OFF", "SYS.REBOOT", "SYS.RESTART_SERVICE", "SYS.FACTORY_RESET",
                             "SYS.CHECK_UPDATES", "SYS.FLASH_FIRMWARE"})
      vm.dispatcher.on(*protocol::find_operation(name), [this](Request& request, Responder responder) {
        serve(request, std::move(responder));
      });
    vm.dispatcher.on(*protocol::find_operation("SYS.STORE_FIRMWARE"),
                     [this](Request& request, Responder responder) {
                       const auto& part = request.arguments.value("data").get_binary();
                       CHECK(request.arguments.integer("offset") == static_cast<std::int64_t>(stored.size()));
                       stored.append(part.begin(), part.end());
                       ++parts;
                       if (stored.size() < static_cast<std::size_t>(request.arguments.integer("size")))
                         return responder.ok(0);
                       responder.document({{"board", request.arguments.string("board")}, {"bytes", 4711}});
                     });
    vm.registers.publish("firmware", {{"state", "ready"},
                                      {"board", "RAMPS 1.4"},
                                      {"version", "6.6.23.R.genesisK12"},
                                      {"port", "/dev/ttyACM0"},
                                      {"reason", nullptr}});
  }

 private:
  void serve(Request& request, Responder responder) {
    const std::string name(request.operation.long_name);
    asked.push_back(request.arguments.has("package")
                        ? name + " " + std::to_string(request.arguments.integer("package"))
                        : name);
    if (name == "SYS.FACTORY_RESET")
      return responder.document({{"backup", "/var/lib/celeriac/b.json"}, {"changed", 3}});
    if (name == "SYS.CHECK_UPDATES")
      return responder.document({{"installed", "0.9"}, {"candidate", "1.0"}, {"newer", true}});
    if (name == "SYS.FLASH_FIRMWARE")
      return responder.document({{"board", "arduino"}, {"bytes", 4711}, {"version", "6.6.24.R"}});
    responder.ok(0);
  }
};

}  // namespace

TEST_CASE("computer shows what is known, and leaves out what is not") {
  Host host;
  host.vm.registers.publish("computer",
                            {{"model", "Raspberry Pi 4"},
                             {"os", nullptr},
                             {"uptime_s", 187200.5},
                             {"temperature_c", 48.31},
                             {"throttling", Json{"under_voltage"}},
                             {"memory", {{"total", 4096ll << 20}, {"available", 2048ll << 20}}},
                             {"disk",
                              {{"path", "/var/lib/celeriac/hal"},
                               {"total", 32768ll << 20},
                               {"free", 20000ll << 20},
                               {"health", {{"worn_percent", 30}, {"reserve", "normal"}, {"errors", 0}}}}},
                             {"clock", {{"synchronized", false}}}});
  const auto outcome = host.celeriac({"computer"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "model        Raspberry Pi 4\n"
        "up for       2 days 4 h\n"
        "temperature  48.3 °C\n"
        "throttling   under_voltage\n"
        "memory       2048 MB of 4096 MB free\n"
        "disk         20000 MB of 32768 MB free, 30 % worn, reserve normal, /var/lib/celeriac/hal\n"
        "clock        NOT set from the network\n");
}

TEST_CASE("what is dangerous is done after a yes alone") {
  {
    Host host;
    CHECK(host.celeriac({"power", "off"}).err.contains("--yes"));
    host.celeriac.person_types("n\n");
    CHECK(host.celeriac({"power", "off"}).status != 0);
    CHECK(host.asked.empty());
  }
  Host host;
  host.celeriac.person_types("y\n");
  const auto outcome = host.celeriac({"power", "off"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("Switch the computer of the bot off?"));
  CHECK(host.asked == std::vector<std::string>{"SYS.POWER_OFF"});
}

TEST_CASE("reboot and reset name what they are about") {
  Host host;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"power", "reboot", "--yes"},
                                                {"power", "reboot", "--firmware", "--yes"},
                                                {"reset", "firmware", "--yes"},
                                                {"reset", "os", "--yes"}})
    CHECK(host.celeriac(words).status == 0);
  CHECK(host.asked == std::vector<std::string>{"SYS.REBOOT 1", "SYS.REBOOT 0", "SYS.FACTORY_RESET 0",
                                               "SYS.FACTORY_RESET 1"});
  CHECK(host.celeriac({"reset", "firmware", "--yes"})
            .out.contains("celeriac param restore /var/lib/celeriac/b.json"));
}

TEST_CASE("updates says what would bring the newer version") {
  Host host;
  const auto outcome = host.celeriac({"updates"});
  CHECK(outcome.out == "installed  0.9\ncandidate  1.0\n`sudo apt install celeriac` brings it\n");
}

TEST_CASE("a firmware goes to the host in parts, and to the board after a yes") {
  Host host;
  const std::string text(100'000, ':');
  const auto file = host.directory.file("good.hex", text);
  host.celeriac.person_types("y\n");
  const auto outcome = host.celeriac({"firmware", "flash", file, "--board", "arduino"});
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(host.stored == text);
  CHECK(host.parts == 4);
  CHECK(outcome.out.contains("The board is a RAMPS 1.4 with 6.6.23.R.genesisK12. Write 4711 bytes"));
  CHECK(outcome.out.contains("ready with version 6.6.24.R"));
}

TEST_CASE("a file that is empty, too long or not there is no firmware") {
  Host host;
  const auto empty = host.directory.file("empty.hex", "");
  const auto long_one = host.directory.file("long.hex", std::string(1024 * 1024 + 1, ':'));
  for (const std::string& file : {empty, long_one, std::string("/nowhere.hex")}) {
    const auto outcome = host.celeriac({"firmware", "flash", file, "--board", "arduino", "--yes"});
    CHECK(outcome.status != 0);
    CHECK(outcome.err.contains(file));
  }
  CHECK(host.parts == 0);
}

}  // namespace celeriac::console
