// Fail-safe outputs, holds and jogs at the command line, against a host in the same process.

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using protocol::Json;
using test::CommandLine;
using test::FakeMachine;
using test::FakeVm;
using test::TemporaryDirectory;
using test::When;

namespace {

/// A host with a water valve; it stays on until the test says otherwise.
struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  FakeMachine machine{vm.dispatcher};

  Host() { water(true); }
  void water(bool on) {
    vm.registers.publish(
        "outputs",
        {{"8",
          {{"name", "water"}, {"on", on}, {"since", nullptr}, {"longest_on_s", 600}, {"safe_value", 0}}}});
  }
  [[nodiscard]] std::vector<Json> writes() const {
    std::vector<Json> all;
    for (const auto& [operation, fields] : machine.requests)
      if (operation == "SYS.WRITE_PIN") all.push_back(fields["value"]);
    return all;
  }
};

}  // namespace

TEST_CASE("a fail-safe output is on for as long as was asked, kept alive, and off then") {
  Host host;
  const auto outcome = host.celeriac({"pin", "write", "8", "1", "--for", "0.3"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "The water (pin 8) is on for 0.3 s: Ctrl-C switches it off.\n"
        "The water (pin 8) is off.\n");
  CHECK(host.writes() == std::vector<Json>{1, 0});
  CHECK(host.machine.was_asked("SYS.KEEP_ALIVE"));
}

TEST_CASE("Ctrl-C switches a fail-safe output off") {
  Host host;
  When at_work(
      host.celeriac.io, [&] { return host.machine.was_asked("SYS.KEEP_ALIVE"); }, [] { std::raise(SIGINT); });
  const auto outcome = host.celeriac({"pin", "write", "8", "1"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("is on while this runs"));
  CHECK(host.writes() == std::vector<Json>{1, 0});
}

TEST_CASE("Ctrl-C is heard while something is looked up for the hold") {
  Host host;
  // The first look is before anything is written, the second one while the output is on.
  const auto [look, status, writes] =
      GENERATE(table<int, int, std::vector<Json>>({{1, 130, {}}, {2, 0, {1, 0}}}));
  int looked = 0;
  const Json outputs = host.vm.registers.value("outputs");
  host.vm.registers.provide("outputs", [&](protocol::Registers::Value value) {
    if (++looked == look) std::raise(SIGINT);
    value(outputs);
  });
  CHECK(host.celeriac({"pin", "write", "8", "1"}).status == status);
  CHECK(host.writes() == writes);
}

TEST_CASE("an output that the hypervisor switches off ends the command") {
  Host host;
  When at_work(
      host.celeriac.io, [&] { return host.machine.was_asked("SYS.KEEP_ALIVE"); }, [&] { host.water(false); });
  const auto outcome = host.celeriac({"pin", "write", "8", "1"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("the hypervisor has switched it off"));
  CHECK(host.writes() == std::vector<Json>{1});
}

TEST_CASE("switching a fail-safe output off, and writing a plain pin, end at once") {
  Host host;
  CHECK(host.celeriac({"pin", "write", "8", "0"}).out == "pin 8 is 0\n");
  CHECK(host.celeriac({"pin", "write", "10", "1"}).out == "pin 10 is 1\n");
  CHECK(host.celeriac({"pin", "toggle", "10"}).out == "pin 10 is inverted\n");
  CHECK(host.celeriac({"pin", "toggle", "8"}).out == "pin 8 is 0\n");
}

TEST_CASE("outputs lists the fail-safe outputs") {
  Host host;
  CHECK(host.celeriac({"outputs"}).out ==
        "PIN  NAME   STATE  ON FOR  LEFT  LONGEST  SAFE\n"
        "  8  water  ON          -     -  600 s       0\n");
  CHECK(host.celeriac({"outputs", "--json"}).json()["8"]["name"] == "water");
}

TEST_CASE("outputs are declared and forgotten as settings of the host") {
  Host host;
  CHECK(host.celeriac({"output", "set", "10", "--name", "laser", "--longest", "5"}).out ==
        "pin 10 is the fail-safe output \"laser\", on for 5 s at most\n");
  CHECK(host.machine.requests.back().second ==
        Json{{"package", 1},
             {"config", "output.10"},
             {"value", {{"name", "laser"}, {"safe_value", 0}, {"longest_on_s", 5.0}}}});
  CHECK(host.celeriac({"output", "forget", "10"}).status == 0);
  CHECK(host.machine.requests.back().second ==
        Json{{"package", 1}, {"config", "output.10"}, {"value", nullptr}});
  CHECK(host.celeriac({"output", "set", "10", "--name", "laser"}).status == 2);
}

TEST_CASE("a held jog is renewed until Enter, and stopped then") {
  Host host;
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  host.celeriac.input = ends[0];
  boost::asio::steady_timer later(host.celeriac.io, std::chrono::milliseconds(300));
  later.async_wait([&](auto) { REQUIRE(::write(ends[1], "\n", 1) == 1); });
  const auto outcome = host.celeriac({"jog", "--hold", "y-", "--speed", "30"});
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "stopped at x 0.00  y 0.00  z 0.00 mm\n");
  const auto& requests = host.machine.requests;
  REQUIRE(requests.size() >= 3);
  CHECK(requests.front() ==
        std::pair<std::string, Json>("SYS.JOG", {{"x", 0}, {"y", -1}, {"z", 0}, {"speed", 30}}));
  CHECK(requests.back() ==
        std::pair<std::string, Json>("SYS.JOG", {{"x", 0}, {"y", 0}, {"z", 0}, {"speed", 30}}));
}

TEST_CASE("a held jog ends with Ctrl-C, and with what refuses it") {
  Host host;
  When at_work(
      host.celeriac.io, [&] { return host.machine.was_asked("SYS.JOG"); }, [] { std::raise(SIGINT); });
  CHECK(host.celeriac({"jog", "--hold", "x+"}).status == 0);
  CHECK(host.machine.requests.back().second["x"] == 0);
  host.machine.refuses = protocol::Error{.status = protocol::Status::locked, .message = "It is locked."};
  const auto outcome = host.celeriac({"jog", "--hold", "x+"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "celeriac: It is locked.\n");
}

TEST_CASE("jog takes an axis and a distance, or a direction to hold") {
  Host host;
  CHECK(host.celeriac({"jog"}).status == 2);
  CHECK(host.celeriac({"jog", "x"}).status == 2);
  CHECK(host.celeriac({"jog", "--hold", "x"}).status == 2);
  CHECK(host.celeriac({"jog", "x", "5", "--hold", "x+"}).status == 2);
}

TEST_CASE("status tells how far a position can be trusted, and which outputs are on") {
  Host host;
  host.vm.registers.publish("status", {{"position", {{"x", 1.0}, {"y", 2.0}, {"z", nullptr}}},
                                       {"trust", {{"x", "known"}, {"y", "stale"}, {"z", "unknown"}}},
                                       {"outputs", {{"8", {{"name", "water"}, {"on", true}}}}}});
  CHECK(host.celeriac({"status"}).out ==
        "firmware   unknown\n"
        "position   x 1.00  y 2.00  z ? mm\n"
        "trust      x known  y stale  z unknown\n"
        "outputs    water (pin 8) ON\n");
}

TEST_CASE("a console that is not on a terminal says so") {
  Host host;
  host.celeriac.environment["TERM"] = "dumb";
  const auto outcome = host.celeriac({"console"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.contains("TERM is \"dumb\""));
}

}  // namespace celeriac::console
