// up: programs that live and die together.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <format>
#include <fstream>

#include "console/up/child.hpp"
#include "console/up/garden.hpp"
#include "console/up/run_directory.hpp"
#include "console/up/supervisor.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using test::TemporaryDirectory;

namespace {

std::filesystem::path script(const TemporaryDirectory& directory, const std::string& name,
                             const std::string& text) {
  const auto path = directory.file(name, "#!/bin/sh\n" + text);
  ::chmod(path.c_str(), 0755);
  return path;
}

bool alive(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

/// A supervisor and what it logged, run by one coroutine.
struct Crew {
  asio::io_context io{1};
  std::vector<std::string> lines;
  Supervisor supervisor{io, [this](const std::string& name, std::string_view line) {
                          lines.push_back(std::format("[{}] {}", name, line));
                        }};

  template <class T>
  T await(asio::awaitable<T> task) {
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

  void stop(std::chrono::seconds grace = 20s) {
    await([](Supervisor& s, std::chrono::seconds g) -> asio::awaitable<bool> {
      co_await s.stop(g);
      co_return true;
    }(supervisor, grace));
  }
};

}  // namespace

TEST_CASE("a program that says ready has started; its other lines pass through") {
  TemporaryDirectory directory;
  Crew crew;
  const auto program = script(directory, "p", "echo hello >&2\necho ready\necho $1\nsleep 100\n");
  CHECK(crew.await(crew.supervisor.start({"p", program, {"word"}}, 20s)));
  crew.await(crew.supervisor.pass(200ms));
  std::ranges::sort(crew.lines);  // two pipes: their order among each other is nobody's promise
  CHECK(crew.lines == std::vector<std::string>{"[p] hello", "[p] word"});
  crew.stop();
  CHECK(!crew.supervisor.death());
}

TEST_CASE("a program that dies before it is ready is named, with its last words") {
  TemporaryDirectory directory;
  Crew crew;
  const auto program = script(directory, "p", "echo no board here >&2\nexit 7\n");
  const auto started = crew.await(crew.supervisor.start({"hal", program, {}}, 20s));
  REQUIRE(!started);
  CHECK(started.error().message == "hal ended with status 7. Its last words: no board here");
}

TEST_CASE("a program that is not there cannot be started") {
  Crew crew;
  const auto started = crew.await(crew.supervisor.start({"vm", "/nowhere/celeriac-vm", {}}, 20s));
  REQUIRE(!started);
  CHECK(started.error().message == "Cannot start vm: /nowhere/celeriac-vm: No such file or directory.");
}

TEST_CASE("a program that is never ready is late") {
  TemporaryDirectory directory;
  Crew crew;
  const auto started =
      crew.await(crew.supervisor.start({"vm", script(directory, "p", "exec sleep 100\n"), {}}, 1s));
  REQUIRE(!started);
  CHECK(started.error().status == protocol::Status::timeout);
}

TEST_CASE("when one of the crew is killed, the supervisor says which and by what") {
  TemporaryDirectory directory;
  Crew crew;
  const auto steady = script(directory, "steady", "echo ready\nexec sleep 100\n");
  const auto doomed = script(directory, "doomed", "echo ready\nkill -9 $$\n");
  CHECK(crew.await(crew.supervisor.start({"hal", steady, {}}, 20s)));
  (void)crew.await(crew.supervisor.start({"vm", doomed, {}}, 20s));
  const Error death = crew.await(crew.supervisor.first_death());
  CHECK(death.message == "vm was killed by signal 9 (Killed).");
  crew.stop();
}

TEST_CASE("a program that does not listen to SIGTERM is killed") {
  TemporaryDirectory directory;
  Crew crew;
  const auto deaf = script(directory, "deaf", "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n");
  CHECK(crew.await(crew.supervisor.start({"deaf", deaf, {}}, 20s)));
  crew.stop(1s);
  CHECK(crew.lines.back() == "[deaf] did not end within 1 s and is killed");
}

TEST_CASE("a child does not outlive its handle, and a long line arrives in pieces") {
  TemporaryDirectory directory;
  asio::io_context io;
  std::size_t bytes = 0, lines = 0;
  const auto program = script(directory, "p", "head -c 100000 /dev/zero | tr '\\0' a\nexec sleep 100\n");
  auto child = Child::start(io, {"p", program, {}},
                            {.output =
                                 [&](std::string_view line) {
                                   bytes += line.size();
                                   ++lines;
                                 },
                             .error = [](std::string_view) {},
                             .ended = [] {}});
  REQUIRE(child);
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (bytes < 80'000 && std::chrono::steady_clock::now() < deadline) io.run_one_for(100ms);
  CHECK(bytes >= 80'000);
  CHECK(lines >= 2);
  const pid_t pid = (*child)->pid();
  CHECK(alive(pid));
  child->reset();
  CHECK(!alive(pid));
}

TEST_CASE("a directory belongs to one host at a time, and only to its owner") {
  TemporaryDirectory directory;
  const auto path = directory.path() / "deep" / "run";
  {
    const auto first = RunDirectory::claim(path);
    REQUIRE(first);
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    const auto second = RunDirectory::claim(path);
    REQUIRE(!second);
    CHECK(second.error().message ==
          std::format("A host runs in {} already (process {}): stop it first, or name another "
                      "directory with --dir.",
                      path.string(), ::getpid()));
  }
  CHECK(RunDirectory::claim(path));
  CHECK(!RunDirectory::claim(directory.file("file", "")));
}

TEST_CASE("programs are looked for beside this one, then on PATH") {
  TemporaryDirectory directory;
  const auto program = script(directory, "celeriac-vm", "");
  const std::string here = directory.path().string();
  CHECK(find_program(here, "", "celeriac-vm").value() == program);
  CHECK(find_program("/nowhere", "/usr/bin::" + here, "celeriac-vm").value() == program);
  const auto missing = find_program("/nowhere", "/usr/bin", "celeriac-vm");
  REQUIRE(!missing);
  CHECK(missing.error().message.contains("celeriac-vm"));
}

TEST_CASE("the garden's parameters are one number for each name") {
  for (const char* board : {"arduino", "express_k10"}) {
    const Json parameters = garden_parameters(board);
    for (const auto& [name, value] : parameters.items()) {
      CAPTURE(name);
      CHECK(value.is_number());
    }
    CHECK(parameters["movement_axis_nr_steps_z"] == 10000);
  }
  CHECK(garden_parameters("arduino")["encoder_enabled_x"] == 0);
  CHECK(garden_parameters("express_k12")["encoder_enabled_x"] == 1);
}

TEST_CASE("up starts the crew in order, says ready when the board is, and stops it all on Ctrl-C") {
  TemporaryDirectory directory, programs;
  test::CommandLine celeriac(directory);
  celeriac.programs = programs.path();
  celeriac.environment["PATH"] = "/usr/bin:/bin";
  const std::string log = (programs.path() / "log").string();
  for (const char* name : {"celeriac-firmware-sim", "celeriac-hal", "celeriac-vm"})
    script(programs, name, std::format("echo {} $$ \"$@\" >> {}\necho ready\nexec sleep 100\n", name, log));
  test::FakeVm vm(celeriac.io, directory);  // answers where the program would
  vm.registers.publish("firmware", {{"state", "booting"}});
  asio::steady_timer later(celeriac.io, 300ms);
  later.async_wait([&](auto) {
    vm.registers.publish("firmware", {{"state", "ready"}});
    later.expires_after(2s);
    later.async_wait([](auto) { std::raise(SIGINT); });
  });
  const auto outcome = celeriac({"up", "--simulate", "--speed", "20"});
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "ready\n");
  std::ifstream started(log);
  std::vector<std::string> names;
  std::string name, rest;
  pid_t pid = 0;
  while (started >> name >> pid && std::getline(started, rest)) {
    names.push_back(name);
    CHECK(!alive(pid));
    if (name == "celeriac-firmware-sim")
      CHECK(rest.contains("--garden --link " + directory.path().string() + "/firmware"));
    if (name == "celeriac-firmware-sim") CHECK(rest.contains("--speed 20"));
    if (name == "celeriac-firmware-sim")
      CHECK(rest.contains("--control " + directory.path().string() + "/sim.sock"));
    if (name == "celeriac-hal")
      CHECK(rest.contains("--parameters " + directory.path().string() + "/garden-parameters.json"));
    if (name == "celeriac-hal")
      CHECK(rest.contains("--camera simulated:" + directory.path().string() + "/sim.sock"));
  }
  CHECK(names == std::vector<std::string>{"celeriac-firmware-sim", "celeriac-hal", "celeriac-vm"});
}

TEST_CASE("up stops the rest when one of the crew dies, and ends with 1") {
  TemporaryDirectory directory, programs;
  test::CommandLine celeriac(directory);
  celeriac.programs = programs.path();
  celeriac.environment["PATH"] = "/usr/bin:/bin";
  script(programs, "celeriac-hal", "echo ready\nexec sleep 100\n");
  script(programs, "celeriac-vm", "echo ready\nsleep 0.5\necho the image is damaged >&2\nexit 4\n");
  test::FakeVm vm(celeriac.io, directory);
  vm.registers.publish("firmware", {{"state", "ready"}});
  const auto outcome = celeriac({"up", "--serial", "/dev/null"});
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "ready\n");
  CHECK(outcome.err.contains("[vm] the image is damaged\n"));
  CHECK(outcome.err.ends_with("celeriac: vm ended with status 4. Its last words: the image is damaged\n"));
}

}  // namespace celeriac::console
