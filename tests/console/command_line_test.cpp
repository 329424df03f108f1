// What the shell sees: usage, help, exit statuses, and the messages when nobody listens.

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch_test_macros.hpp>

#include "console/command.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using test::CommandLine;
using test::FakeMachine;
using test::FakeVm;
using test::TemporaryDirectory;

TEST_CASE("every command has help with an example") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  for (const auto& command : commands()) {
    CAPTURE(command.name);
    std::vector<std::string> words;
    std::string name(command.name);
    if (const auto blank = name.find(' '); blank != std::string::npos) {
      words.push_back(name.substr(0, blank));
      name.erase(0, blank + 1);
    }
    words.push_back(name);
    words.emplace_back("--help");
    const auto outcome = celeriac(words);
    CHECK(outcome.status == 0);
    CHECK(outcome.out.contains(command.summary));
    CHECK(outcome.out.contains("Example:\n  " +
                               std::string(command.example.substr(0, command.example.find('\n')))));
    CHECK(outcome.out.contains("--json"));
  }
}

TEST_CASE("help without a command lists every command") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome = celeriac({"--help"});
  CHECK(outcome.status == 0);
  for (const auto& command : commands())
    CHECK(outcome.out.contains(std::string(command.name.substr(0, command.name.find(' ')))));
}

TEST_CASE("a command that does not exist is refused with the nearest one that does") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome = celeriac({"staus"});
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err ==
        "celeriac: There is no command \"staus\". Did you mean \"status\"? `celeriac --help` lists the "
        "commands.\n");
  CHECK(
      celeriac({"--dir", "/tmp/x", "pin", "raed", "8"}).err.contains("\"pin raed\". Did you mean \"read\"?"));
}

TEST_CASE("a line that lacks something says what, and where to look") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{},
                                             {"move", "1", "2"},
                                             {"move", "1", "2", "north"},
                                             {"jog", "w", "3"},
                                             {"pin", "write", "8"},
                                             {"pin"},
                                             {"pin", "read", "70"},
                                             {"home", "x", "--speed", "0"},
                                             {"step", "0"},
                                             {"run"},
                                             {"ps", "--frobnicate"},
                                             {"up", "--speed", "2"},
                                             {"up", "--simulate", "--serial", "/dev/null"},
                                             {"completion", "fish"}}) {
    const auto outcome = celeriac(words);
    CAPTURE(words, outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.starts_with("celeriac: "));
    CHECK(outcome.err.contains("--help`"));
    CHECK(std::ranges::count(outcome.err, '\n') == 1);
  }
}

TEST_CASE("with --json even a usage error is a document") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome = celeriac({"move", "1", "--json"});
  CHECK(outcome.status == 2);
  CHECK(outcome.err.empty());
  CHECK(outcome.json()["code"] == "usage");
}

TEST_CASE("when nobody listens, every command that needs a host says so and ends with 3") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const std::string socket = (directory.path() / "vm.sock").string();
  for (const auto& words : std::vector<std::vector<std::string>>{{"ps"},
                                                                 {"pause", "1"},
                                                                 {"resume", "1"},
                                                                 {"step", "1"},
                                                                 {"kill", "1"},
                                                                 {"wait", "1"},
                                                                 {"status"},
                                                                 {"watch", "position"},
                                                                 {"move", "1", "2", "3"},
                                                                 {"jog", "x", "1"},
                                                                 {"home"},
                                                                 {"find-home"},
                                                                 {"calibrate"},
                                                                 {"zero"},
                                                                 {"pin", "read", "8"},
                                                                 {"pin", "write", "8", "1"},
                                                                 {"pin", "toggle", "8"},
                                                                 {"servo", "4", "90"},
                                                                 {"unlock"},
                                                                 {"abort"},
                                                                 {"param", "list"},
                                                                 {"param", "get", "x"},
                                                                 {"param", "set", "x", "1"},
                                                                 {"call", "PROC.LIST"},
                                                                 {"code", "list"},
                                                                 {"code", "rm", "1"},
                                                                 {"code", "show", "1"}}) {
    const auto outcome = celeriac(words);
    CAPTURE(words, outcome.err);
    CHECK(outcome.status == 3);
    CHECK(outcome.out.empty());
    CHECK(outcome.err ==
          "celeriac: Nobody answers on " + socket +
              ": start the host with `celeriac up --simulate` (or `celeriac up` with a board), or name "
              "its directory with --dir.\n");
  }
}

TEST_CASE("a socket that this user may not use is told from one that nobody listens on") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const std::string socket = (directory.path() / "vm.sock").string();
  boost::asio::io_context io;
  const boost::asio::local::stream_protocol::acceptor acceptor(io, socket);
  ::chmod(socket.c_str(), 0);
  const bool root = ::geteuid() == 0;  // who may use everything
  if (root) REQUIRE(::seteuid(65534) == 0);
  const auto outcome = celeriac({"ps"});
  if (root) REQUIRE(::seteuid(0) == 0);
  CHECK(outcome.status == 3);
  CHECK(outcome.err ==
        "celeriac: This user may not use " + socket +
            ": `celeriac doctor` says which group may. On an installed host it is celeriac: `sudo usermod "
            "-aG celeriac $USER`, then log out and in again.\n");
}

TEST_CASE("an emergency stop that reaches nobody says NOT STOPPED") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome = celeriac({"estop"});
  CHECK(outcome.status == 3);
  CHECK(outcome.err.starts_with("celeriac: NOT STOPPED"));
  CHECK(outcome.err.contains("hal.sock"));
}

TEST_CASE("the directory comes from --dir, then CELERIAC_DIR, then XDG_RUNTIME_DIR") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  CHECK(celeriac({"ps", "--dir", "/nowhere"}).err.contains("/nowhere/vm.sock"));
  CHECK(celeriac({"--dir", "/nowhere", "ps"}).err.contains("/nowhere/vm.sock"));
  celeriac.environment["CELERIAC_DIR"] = "";
  celeriac.environment["XDG_RUNTIME_DIR"] = "/run/user/7";
  CHECK(celeriac({"ps"}).err.contains("/run/user/7/celeriac/vm.sock"));
  CHECK(celeriac({"ps", "--hal"}).err.contains("/run/user/7/celeriac/hal.sock"));
}

TEST_CASE("the installed service is found where no directory is named and no host of one's own runs") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  celeriac.environment["CELERIAC_DIR"] = "";
  celeriac.environment["XDG_RUNTIME_DIR"] = directory.path() / "user";
  celeriac.service = directory.path() / "service";
  CHECK(celeriac({"ps"}).err.contains("user/celeriac/vm.sock"));  // it is not installed
  std::filesystem::create_directories(celeriac.service);
  (void)directory.file("service/vm.sock", "");
  CHECK(celeriac({"ps"}).err.contains("service/vm.sock"));
  CHECK(celeriac({"ps", "--hal"}).err.contains("service/hal.sock"));
  CHECK(celeriac({"ps", "--dir", "/nowhere"}).err.contains("/nowhere/vm.sock"));
  std::filesystem::create_directories(directory.path() / "user/celeriac");
  const protocol::Dispatcher dispatcher(protocol::Server::vm);
  const auto own =
      protocol::Listener::on_unix(celeriac.io, directory.path() / "user/celeriac/vm.sock", dispatcher);
  REQUIRE(own);
  CHECK(celeriac({"ps", "--hal"}).err.contains("user/celeriac/hal.sock"));
}

TEST_CASE("the option --connect needs a host and a port") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  for (const char* bad :
       {"localhost", ":70", "localhost:", "localhost:0", "localhost:70000", "localhost:7x"}) {
    const auto outcome = celeriac({"ps", "--connect", bad});
    CAPTURE(bad);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.contains("HOST:PORT"));
  }
  CHECK(celeriac({"ps", "--connect", "127.0.0.1:70", "--token-file", "/nowhere"}).status == 1);
}

TEST_CASE("over TCP the token opens the door, and a wrong one is told") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  protocol::Dispatcher dispatcher(protocol::Server::vm, "sesame");
  FakeMachine machine(dispatcher);
  const auto listener = protocol::Listener::on_tcp(celeriac.io, "127.0.0.1", 0, dispatcher);
  REQUIRE(listener);
  const std::string place = "127.0.0.1:" + std::to_string((*listener)->port());
  const auto good =
      celeriac({"unlock", "--connect", place, "--token-file", directory.file("good", "sesame\n")});
  CHECK(good.status == 0);
  CHECK(good.out == "unlocked\n");
  const auto wrong =
      celeriac({"unlock", "--connect", place, "--token-file", directory.file("wrong", "simsim\n")});
  CHECK(wrong.status == 1);
  CHECK(wrong.err.contains("token is wrong"));
  CHECK(machine.requests.size() == 1);
}

TEST_CASE("an error of the host is told in its words, and as its document with --json") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  FakeVm vm(celeriac.io, directory);
  FakeMachine machine(vm.dispatcher);
  machine.refuses =
      protocol::Error{.status = protocol::Status::locked, .message = "The emergency lock is on."};
  const auto told = celeriac({"move", "1", "2", "3"});
  CHECK(told.status == 1);
  CHECK(told.err == "celeriac: The emergency lock is on.\n");
  const auto document = celeriac({"move", "1", "2", "3", "--json"});
  CHECK(document.status == 1);
  CHECK(document.json()["code"] == "locked");
  CHECK(document.err.empty());
}

TEST_CASE("version tells the program's and the protocol's") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  CHECK(celeriac({"version"}).out == "celeriac " CELERIAC_VERSION " (wire protocol 1)\n");
  CHECK(celeriac({"version", "--json"}).json()["protocol"] == 1);
  CHECK(celeriac({"--version"}).out == "celeriac " CELERIAC_VERSION "\n");
}

}  // namespace celeriac::console
