// How doctor collects its facts, and what it leaves behind: against fakes of daemons, files and programs.

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "console/doctor/bundle.hpp"
#include "console/doctor/gather.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console::doctor {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;
using protocol::Status;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

template <class T>
T await(asio::io_context& io, asio::awaitable<T> task) {
  std::optional<T> result;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr defect, T value) {
    REQUIRE(!defect);
    result = std::move(value);
  });
  io.restart();
  while (!result && io.run_one() > 0) {
  }
  REQUIRE(result);
  return std::move(*result);
}

/// A machine of files, and programs that say what the test has them say.
struct Machine {
  TemporaryDirectory directory, hosts;
  fs::path root = directory.path() / "root";
  fs::path host = hosts.path();
  asio::io_context io{1};
  std::ostringstream out, err;
  World world{.io = io, .out = out, .err = err};
  Context context{world, GlobalOptions{.directory = host}};
  std::map<std::string, Result<Said>> says;  ///< by the file name of the program
  std::vector<std::vector<std::string>> asked;

  Machine() {
    for (const char* place : {"dev", "etc/celeriac", "run", "bin"}) fs::create_directories(root / place);
    world.programs = root / "bin";
    for (const char* program : {"celeriac-hal", "celeriac-vm", "celeriac-guest"}) {
      file(std::string("bin/") + program, "");
      ::chmod((root / "bin" / program).c_str(), 0755);
      says[program] = Said{.output = "0.4.0\n"};
    }
  }
  void file(const std::string& name, std::string_view text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
  }
  Surroundings surroundings() {
    return {.context = context,
            .root = root,
            .run = [this](std::vector<std::string> words, Bounds) -> asio::awaitable<Result<Said>> {
              asked.push_back(words);
              const auto found = says.find(fs::path(words.front()).filename().string());
              if (found == says.end())
                co_return protocol::fail(Status::not_found, words.front() + " is not installed.");
              co_return found->second;
            },
            .person = {.name = "ada"}};
  }
  Facts facts(bool photo = false) { return await(io, gather(surroundings(), photo)); }
};

/// The names of the files in a tar, and their bytes.
std::map<std::string, std::string> untar(const fs::path& path) {
  std::map<std::string, std::string> files;
  archive* tar = archive_read_new();
  archive_read_support_filter_all(tar);
  archive_read_support_format_all(tar);
  REQUIRE(archive_read_open_filename(tar, path.c_str(), 4096) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(tar, &entry) == ARCHIVE_OK) {
    std::string bytes(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    REQUIRE(archive_read_data(tar, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size()));
    files[archive_entry_pathname(entry)] = bytes;
  }
  archive_read_free(tar);
  return files;
}

}  // namespace

TEST_CASE("doctor finds our programs and asks each for its version") {
  Machine machine;
  const auto facts = machine.facts();
  const auto hal = std::ranges::find(facts.programs, "celeriac-hal", &Program::name);
  REQUIRE(hal != facts.programs.end());
  CHECK(hal->path == machine.root / "bin/celeriac-hal");
  REQUIRE(hal->version);
  CHECK(*hal->version == "0.4.0");
  const auto gateway = std::ranges::find(facts.programs, "celeriac-gateway", &Program::name);
  REQUIRE(gateway != facts.programs.end());
  CHECK(gateway->path.empty());
}

TEST_CASE("doctor tells a socket that is not there, one that is none, and one that nobody listens on") {
  Machine machine;
  CHECK(machine.facts().vm.state == Door::State::missing);

  std::ofstream(machine.host / "vm.sock") << "a file";
  CHECK(machine.facts().vm.state == Door::State::no_socket);
  fs::remove(machine.host / "vm.sock");

  {
    asio::local::stream_protocol::acceptor acceptor(machine.io, (machine.host / "vm.sock").string());
    acceptor.close();  // the file stays, as after a crash
  }
  CHECK(machine.facts().vm.state == Door::State::nobody);
}

TEST_CASE("doctor tells a socket that this user may not use, and whose group it is") {
  Machine machine;
  asio::local::stream_protocol::acceptor acceptor(machine.io, (machine.host / "hal.sock").string());
  ::chmod((machine.host / "hal.sock").c_str(), 0);
  ::chmod(machine.host.c_str(), 0755);  // it is not what is closed
  const bool root = ::geteuid() == 0;   // who may use everything
  if (root) REQUIRE(::seteuid(65534) == 0);
  const auto facts = machine.facts();
  if (root) REQUIRE(::seteuid(0) == 0);
  CHECK(facts.hypervisor.state == Door::State::forbidden);
  CHECK_FALSE(facts.hypervisor.group.empty());
  CHECK(facts.hypervisor.forbidden == machine.host / "hal.sock");
}

TEST_CASE("doctor asks the VM for what it keeps; the kernel's processes tell of the gateway") {
  Machine machine;
  FakeVm vm(machine.io, machine.hosts);
  vm.registers.publish("status", {{"locked", false}});
  vm.registers.publish("sync_status", "synced");
  vm.dispatcher.on("SYS.HELLO"_op,
                   [](protocol::Request&, protocol::Responder responder) { responder.ok(1); });
  vm.dispatcher.on("IMAGE.CHECK"_op, [](protocol::Request&, protocol::Responder responder) {
    responder.document({{"whole", true}, {"bytes", 10}});
  });
  const auto facts = machine.facts();
  CHECK(facts.vm.state == Door::State::answers);
  REQUIRE(facts.vm_status);
  CHECK((*facts.vm_status)["locked"] == false);
  REQUIRE(facts.image);
  CHECK((*facts.image)["whole"] == true);
  REQUIRE(facts.sync);
  CHECK(*facts.sync == "synced");
  CHECK_FALSE(facts.packages);  // this VM does not serve it: an answer as well
  CHECK(facts.hypervisor.state == Door::State::missing);
  CHECK(&facts.machine() == &facts.vm_status);
  CHECK_FALSE(facts.photo);
}

TEST_CASE("doctor finds serial ports and GPIO chips, in order, a bounded number") {
  Machine machine;
  for (const char* name : {"ttyUSB1", "ttyUSB0", "ttyACM0", "ttyS0", "gpiochip0"})
    machine.file(std::string("dev/") + name, "");
  auto facts = machine.facts();
  REQUIRE(facts.serial_ports.size() == 3);
  CHECK(facts.serial_ports[0].path == "/dev/ttyACM0");
  CHECK(facts.serial_ports[2].path == "/dev/ttyUSB1");
  CHECK(facts.gpio_chips.size() == 1);
  for (int i = 0; i < 100; ++i) machine.file("dev/ttyUSB" + std::to_string(i), "");
  facts = machine.facts();
  CHECK(facts.serial_ports.size() == max_devices);
}

TEST_CASE("doctor reads the configuration and says at which line it stops making sense") {
  Machine machine;
  machine.file("etc/celeriac/hal.conf", "# the board\nserial = \"auto\"\n\ncamera = none\n");
  machine.file("etc/celeriac/lines.json", "{\"lines\": {}}");
  machine.file("etc/celeriac/notes.txt", "not ours");
  auto facts = machine.facts();
  REQUIRE(facts.files.size() == 2);
  for (const auto& file : facts.files) CHECK(file.trouble == "");

  machine.file("etc/celeriac/hal.conf", "serial = auto\ncamera none\n");
  machine.file("etc/celeriac/lines.json", "{\n\"lines\": {,}\n}");
  facts = machine.facts();
  CHECK(facts.files[0].trouble.contains("line 2"));
  CHECK(facts.files[1].trouble.contains("line 2"));
}

TEST_CASE("doctor has the hypervisor's program look at the file of lines, where it can") {
  Machine machine;
  machine.file("etc/celeriac/lines.json", "{}");
  auto& hal = machine.says["celeriac-hal"];
  hal = Said{.status = 1, .output = "fault   lights: the field \"line\" is missing\n"};
  auto facts = machine.facts();
  REQUIRE_FALSE(facts.lines);
  CHECK(facts.lines.error().code == "refused");
  CHECK(facts.lines.error().message.contains("lights"));

  hal = Said{.status = 0, .output = "ok\n"};
  CHECK(machine.facts().lines);
  hal = Said{.status = 109, .error = "The following argument was not expected: lines\n"};  // an older one
  facts = machine.facts();
  REQUIRE_FALSE(facts.lines);
  CHECK(facts.lines.error().code != "refused");
}

TEST_CASE("doctor asks systemd where it runs, and understands its answer") {
  Machine machine;
  CHECK_FALSE(machine.facts().systemd);
  machine.file("run/systemd/system/x", "");
  machine.says["systemctl"] =
      Said{.output =
               "Id=celeriac-hal.service\nLoadState=loaded\nActiveState=active\nSubState=running\n"
               "Result=success\nNRestarts=2\nWatchdogUSec=10s\nUnitFileState=enabled\n\n"
               "Id=celeriac-vm.service\nLoadState=not-found\nActiveState=inactive\nWatchdogUSec=0\n"};
  auto facts = machine.facts();
  REQUIRE(facts.units);
  REQUIRE(facts.units->size() == 2);
  CHECK((*facts.units)[0].restarts == 2);
  CHECK((*facts.units)[0].watchdog);
  CHECK((*facts.units)[0].enabled == "enabled");
  CHECK((*facts.units)[1].load == "not-found");
  CHECK_FALSE((*facts.units)[1].watchdog);

  machine.says.erase("systemctl");
  CHECK_FALSE(machine.facts().units);
}

TEST_CASE(
    "a program that is asked something is killed when it takes too long, and cut when it says too much") {
  TemporaryDirectory directory;
  asio::io_context io(1);
  std::ostringstream out, err;
  World world{.io = io, .out = out, .err = err};
  const auto script = [&](const std::string& name, const std::string& text) {
    const auto path = directory.file(name, "#!/bin/sh\n" + text);
    ::chmod(path.c_str(), 0755);
    return path;
  };
  const auto run = real_run(world);
  const auto said = await(io, run({script("talk", "echo \"$1\"\necho no >&2\nexit 3\n"), "a b"}, {}));
  REQUIRE(said);
  CHECK(said->status == 3);
  CHECK(said->output == "a b\n");
  CHECK(said->error == "no\n");
  CHECK_FALSE(said->cut);

  const auto slow = await(io, run({script("slow", "exec sleep 100\n")}, {.time = 100ms}));
  REQUIRE_FALSE(slow);
  CHECK(slow.error().status == Status::timeout);

  const auto long_one =
      await(io, run({script("long", "i=0; while [ $i -lt 1000 ]; do echo 0123456789; i=$((i+1)); done\n")},
                    {.bytes = 1000}));
  REQUIRE(long_one);
  CHECK(long_one->cut);
  CHECK(long_one->output.size() <= 1000);

  const auto missing = await(io, run({"no-such-program-of-celeriac"}, {}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().status == Status::not_found);
}

TEST_CASE("secrets do not get into the bundle") {
  CHECK(without_secrets("mqtt = mqtts://ada:pass@broker.example\nmqtt-password-file = /etc/celeriac/p\n") ==
        "mqtt = mqtts://(left out)@broker.example\nmqtt-password-file = /etc/celeriac/p\n");
  CHECK(without_secrets("token=abc\nnode = shed") == "token= (left out)\nnode = shed");
  const auto json = Json::parse(without_secrets(R"({"a": {"Password": "x", "keep": [1, "http://u:p@h/"]}})"));
  CHECK(json["a"]["Password"] == "(left out)");
  CHECK(json["a"]["keep"][1] == "http://(left out)@h/");
}

TEST_CASE(
    "the bundle is a tar for its owner alone: findings, status, configuration, the last fault, the trace") {
  Machine machine;
  machine.file("etc/celeriac/gateway.conf", "mqtt = mqtts://ada:pass@broker\n");
  fs::create_directories(machine.host / "faults/2026-05-01T10-00-00Z-stalled");
  fs::create_directories(machine.host / "faults/2026-05-02T10-00-00Z-timeout");
  std::ofstream(machine.host / "faults/2026-05-02T10-00-00Z-timeout/README.txt") << "the newest";
  std::ofstream(machine.host / "faults/2026-05-01T10-00-00Z-stalled/README.txt") << "an old one";
  std::ofstream(machine.host / "settings.json") << "{}";
  auto at = machine.surroundings();
  const auto run = at.run;
  at.run = [&](std::vector<std::string> words, Bounds bounds) {
    if (words.size() > 2 && words[2] == "export") std::ofstream(words.back()) << "the trace";
    return run(std::move(words), bounds);
  };
  const auto facts = machine.facts();
  const auto files = await(machine.io, collect(at, facts, examine(facts)));
  for (const char* name : {"bundle.tar", "bundle.tar.gz"}) {
    const auto path = machine.directory.path() / name;
    REQUIRE(write_tar(path, files));
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    auto got = untar(path);
    CHECK(got.at("celeriac-doctor/doctor.txt").contains("celeriac-hal does not run"));
    CHECK(Json::parse(got.at("celeriac-doctor/status.json")).contains("image"));
    CHECK(got.at("celeriac-doctor/configuration/gateway.conf").contains("(left out)"));
    CHECK_FALSE(got.at("celeriac-doctor/configuration/gateway.conf").contains("pass"));
    CHECK(got.at("celeriac-doctor/fault/README.txt") == "the newest");
    CHECK(got.at("celeriac-doctor/settings/settings.json") == "{}\n");
    CHECK(got.at("celeriac-doctor/trace.trace") == "the trace");
    CHECK(got.at("celeriac-doctor/missing.txt").contains("journal.txt"));
  }
  CHECK(fs::file_size(machine.directory.path() / "bundle.tar.gz") <
        fs::file_size(machine.directory.path() / "bundle.tar"));
}

TEST_CASE("a bundle that cannot be written leaves nothing behind and says where") {
  TemporaryDirectory directory;
  const auto written = write_tar(directory.path() / "no/such/place.tar", {{"a", "b"}});
  REQUIRE_FALSE(written);
  CHECK(written.error().message.contains("place.tar"));
  fs::create_directory(directory.path() / "taken.tar");
  CHECK_FALSE(write_tar(directory.path() / "taken.tar", {{"a", "b"}}));
  CHECK_FALSE(fs::exists(directory.path() / "taken.tar.unfinished"));
}

TEST_CASE("celeriac doctor ends with 1 where there is a problem, and says it as a document as well") {
  TemporaryDirectory directory;
  test::CommandLine celeriac(directory);
  const auto outcome = celeriac({"doctor"});
  CHECK(outcome.status == 1);
  CHECK(outcome.out.contains("problem  "));
  CHECK(outcome.out.contains("celeriac-hal does not run"));
  const auto json = celeriac({"doctor", "--json"});
  CHECK(json.status == 1);
  CHECK(json.json()["green"] == false);
}

}  // namespace celeriac::console::doctor
