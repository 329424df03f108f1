// One code, two clocks: the same commands in process on virtual time, and to the program on a pseudo
// terminal.

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <csignal>
#include <format>
#include <sstream>
#include <string>
#include <vector>

#include "tests/firmware-sim/bench.hpp"
#include "tests/firmware-sim/program_bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

namespace {

const std::vector<std::string> commands = {
    "F22 P2 V1 Q1", "F83 Q2", "G00 X10 Q3", "F41 P9 V1 M0 Q4",         "G00 X4 Y6 Z-3 Q5",
    "F81 Q6",       "F82 Q7", "G28 Q8",     "F44 P8 V1 W0 T300 M0 Q9", "F42 P59 M1 Q10"};

/// A line, and how long after the echo of its command.
struct Moment {
  std::string text;
  double after_s;
};

/// Idle reports come whenever a host lets the board wait; what is left is the answers to the commands.
std::vector<Moment> answers(const std::vector<std::pair<double, std::string>>& lines) {
  std::vector<Moment> found;
  double echo = 0;
  bool idle = true;
  for (const auto& [at, text] : lines) {
    if (text.starts_with("R08")) {
      echo = at;
      idle = false;
    }
    if (!idle) found.push_back({text, at - echo});
    if (text.starts_with("R02")) idle = true;
  }
  return found;
}

std::vector<Moment> in_process() {
  Bench bench({.machine = garden_bot()});
  bench.boot();
  std::vector<std::pair<double, std::string>> lines;
  for (const std::string& command : commands) {
    bench.send(command + "\n");
    bench.wait_for(std::format("R02 {}", command.substr(command.rfind('Q'))));
    bench.run_for(20ms);
    for (const Line& line : bench.take_lines())
      lines.emplace_back(seconds(line.at.time_since_epoch()), line.text);
  }
  return answers(lines);
}

/// The program's own trace: `  12.345678 < R02 Q1\r\n`, of single characters here and there.
std::vector<Moment> on_a_terminal(const std::string& speed) {
  const Directory directory;
  const std::string link = directory.file("port");
  Program program({"--link", link, "--garden", "--speed", speed, "--trace", directory.file("trace")});
  (void)program.output("ready");
  {
    const Descriptor port = open_port(link);
    (void)read_until(port.get(), "COMPLETE");
    for (const std::string& command : commands) {
      write_line(port, command + "\n");
      (void)read_until(port.get(), std::format("R02 {}\r\n", command.substr(command.rfind('Q'))));
    }
  }
  program.signal(SIGTERM);
  REQUIRE(program.wait() == 0);
  std::vector<std::pair<double, std::string>> lines;
  std::string partial;
  std::istringstream trace(contents(directory.file("trace")));
  for (std::string entry; std::getline(trace, entry);) {
    const auto way = entry.find(" < ");
    if (way == std::string::npos) continue;
    partial += entry.substr(way + 3);
    if (!partial.ends_with("\\r\\n")) continue;
    lines.emplace_back(std::stod(entry), partial.substr(0, partial.size() - 4));
    partial.clear();
  }
  return answers(lines);
}

}  // namespace

TEST_CASE("The same commands give the same trace in process and on a terminal, at any speed") {
  const std::vector<Moment> wanted = in_process();
  REQUIRE(wanted.size() > 100);
  for (const char* speed : {"10", "40"}) {
    CAPTURE(speed);
    const std::vector<Moment> got = on_a_terminal(speed);
    for (std::size_t i = 0; i < std::min(wanted.size(), got.size()); ++i) {
      CAPTURE(i);
      REQUIRE(got[i].text == wanted[i].text);
      // Where in a pass of its loop the board gets the line is the host's doing: one pass of the main loop,
      // and one of the move loop.
      REQUIRE(std::abs(got[i].after_s - wanted[i].after_s) < 0.002);
    }
    REQUIRE(got.size() == wanted.size());
  }
}
