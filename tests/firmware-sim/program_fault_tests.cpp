#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <format>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/firmware-sim/program_bench.hpp"

using namespace celeriac::firmware_sim::testing;

namespace {

/// Asks and returns the answer without its line end.
std::string ask(const Descriptor& control, const std::string& command) {
  write_line(control, command + "\n");
  std::string answer = read_until(control.get(), "\n");
  REQUIRE(answer.ends_with('\n'));
  answer.pop_back();
  return answer;
}

}  // namespace

TEST_CASE("A plan of faults from a file happens, and is in the log with the seed that repeats it") {
  const Directory directory;
  const std::string link = directory.file("port");
  std::ofstream(directory.file("plan")) << "seed 42\non line \"F41\" restart\n";
  Program program(
      {"--link", link, "--speed", "20", "--fault", directory.file("plan"), "--log", directory.file("log")});
  CHECK(program.output("repeats this run\n").contains("celeriac-firmware-sim: seed 42 repeats this run\n"));
  const Descriptor port = open_port(link);
  (void)read_until(port.get(), "COMPLETE");
  write_line(port, "F41 P8 V1 M0 Q1\n");
  CHECK(read_until(port.get(), "COMPLETE").contains("R99 Serial connection started"));
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  const std::string log = contents(directory.file("log"));
  CHECK(log.contains(" seed 42\n"));
  CHECK(log.contains(" fault: restart\n"));
}

TEST_CASE("A seed of the command line goes before the plan's, and without one every run has its own") {
  const Directory directory;
  std::ofstream(directory.file("plan")) << "seed 42\n";
  const auto line = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--link", directory.file("port")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Program(arguments).output("repeats this run\n");
  };
  CHECK(line({"--fault", directory.file("plan"), "--seed", "7"}).contains("seed 7 repeats"));
  CHECK(line({}) != line({}));
}

TEST_CASE("A plan that cannot be understood is named with its line, and nothing is started") {
  const Directory directory;
  std::ofstream(directory.file("plan")) << "seed 1\nat 5s dance\n";
  Program program({"--link", directory.file("port"), "--fault", directory.file("plan")});
  CHECK(program.output("\n").contains(directory.file("plan") + ", line 2: there is no fault in \"dance\""));
  CHECK(program.wait() == 2);
  CHECK(!std::filesystem::exists(directory.file("port")));
}

TEST_CASE("Over the control socket a tester places the carriage, breaks things and looks") {
  const Directory directory;
  const std::string link = directory.file("port");
  Program program(
      {"--link", link, "--garden", "--speed", "20", "--seed", "5", "--control", directory.file("hands")});
  (void)program.output("ready");
  const Descriptor control = connect_to(directory.file("hands"));
  CHECK(ask(control, "place x 250") == "ok");
  CHECK(ask(control, "press y max") == "ok");
  CHECK(ask(control, "dance").starts_with("error: "));
  const auto state = nlohmann::json::parse(ask(control, "state"));
  CHECK(state["carriage"]["x"] == 250.0);
  CHECK(state["seed"] == 5);
  CHECK(state["faults"] == 1);
  const Descriptor port = open_port(link);
  (void)read_until(port.get(), "COMPLETE");
  write_line(port, "F81 Q1\n");
  CHECK(read_until(port.get(), "R02 Q1").contains("R81 XA1 XB1 YA1 YB0 ZA1 ZB1 Q1"));
  CHECK(ask(control, "restart") == "ok");
  CHECK(read_until(port.get(), "COMPLETE").contains("R99 Serial connection started"));
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  CHECK(!std::filesystem::exists(directory.file("hands")));
}

TEST_CASE("A line that is too long is refused, and the tester let go") {
  const Directory directory;
  Program program({"--link", directory.file("port"), "--control", directory.file("hands")});
  (void)program.output("ready");
  const Descriptor control = connect_to(directory.file("hands"));
  write_line(control, std::string(5000, 'x'));
  CHECK(read_until(control.get(), "\n").starts_with("error: a line has at most 1023 bytes"));
  CHECK(hangs_up(control.get()));
  CHECK(ask(connect_to(directory.file("hands")), "state").starts_with("{"));
}

TEST_CASE("Unplugged, the port hangs up and its link goes; both return, and the board can be opened again") {
  const Directory directory;
  const std::string link = directory.file("port");
  Program program({"--link", link, "--control", directory.file("hands")});
  (void)program.output("ready");
  const Descriptor control = connect_to(directory.file("hands"));
  {
    const Descriptor port = open_port(link);
    (void)read_until(port.get(), "Serial connection started");
    CHECK(ask(control, "unplug for 1s") == "ok");
    CHECK(hangs_up(port.get()));
    CHECK(ask(control, "state").contains("\"plugged\":false"));
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!std::filesystem::exists(link) && std::chrono::steady_clock::now() < deadline)
    (void)ask(control, "state");  // a while, without a sleep that is too short or too long
  const Descriptor port = open_port(link);
  CHECK(read_until(port.get(), "COMPLETE").contains("R99 Serial connection started"));
}
