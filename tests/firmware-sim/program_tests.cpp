#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "firmware-sim/profile.hpp"
#include "tests/firmware-sim/program_bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST_CASE("The program announces its link, boots when it is opened, and takes the link away at its end") {
  const Directory directory;
  const std::string link = directory.file("port");
  Program program({"--link", link});
  CHECK(program.output("\n").starts_with("ready " + link + "\n"));
  CHECK(std::filesystem::is_symlink(link));
  {
    const Descriptor port = open_port(link);
    CHECK(read_until(port.get(), "COMPLETE").starts_with("R99 Serial connection started\r\n"));
    write_line(port, "F83 Q5\r\n");
    CHECK(read_until(port.get(), "R02 Q5\r\n")
              .ends_with("R08 *F83 Q5\r*\r\nR01 Q5\r\nR83 6.6.23.R.genesisK12 Q5\r\nR02 Q5\r\n"));
  }
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  CHECK(!std::filesystem::exists(std::filesystem::symlink_status(link)));
}

TEST_CASE("Every opening resets the board, unless it is told not to") {
  const Directory directory;
  for (const bool resets : {true, false}) {
    CAPTURE(resets);
    const std::string link = directory.file("port");
    std::vector<std::string> arguments = {"--link", link, "--board", "farmduino_k14"};
    if (!resets) arguments.emplace_back("--no-reset-on-open");
    Program program(arguments);
    (void)program.output("\n");
    {
      const Descriptor port = open_port(link);
      (void)read_until(port.get(), resets ? "COMPLETE" : "R00 Q0");
      write_line(port, "F22 P2 V1 Q1\n");
      (void)read_until(port.get(), "R02 Q1\r\n");
    }
    std::string text;
    {
      const auto closed = steady_clock::now();
      while (steady_clock::now() - closed < 200ms) ::usleep(10'000);  // long enough to be noticed
      const Descriptor port = open_port(link);
      text = read_until(port.get(), resets ? "COMPLETE" : "R81 ");
      const std::string answer = resets ? "R88 Q9" : "R02 Q9";  // approval survives, or does not
      write_line(port, "G00 X0 Q9\n");
      CHECK(read_until(port.get(), answer).contains(answer));
    }
    CHECK(text.contains("R99 Serial connection started") == resets);
    program.signal(SIGINT);
    CHECK(program.wait() == 0);
  }
}

TEST_CASE("A stale link is replaced, a file is not") {
  const Directory directory;
  const std::string link = directory.file("port");
  std::filesystem::create_symlink("/nowhere/at/all", link);
  {
    Program program({"--link", link});
    CHECK(program.output("\n").starts_with("ready"));
    CHECK(std::filesystem::exists(link));
    program.signal(SIGTERM);
    CHECK(program.wait() == 0);
  }
  std::ofstream(link) << "precious";
  Program program({"--link", link});
  CHECK(program.output("\n").contains("not a symbolic link"));
  CHECK(program.wait() == 1);
  CHECK(contents(link) == "precious");
}

TEST_CASE("Wrong arguments are named and nothing is started") {
  const Directory directory;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--board", "toaster"},
                                                {"--speed", "0"},
                                                {"--analog", "59"},
                                                {"--digital", "63=2"},
                                                {"--firmware-version", "six"},
                                                {"--analog", "70=1"}}) {
    std::vector<std::string> arguments = {"--link", directory.file("port")};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    Program program(arguments);
    CHECK(program.output(wrong[1]).contains(wrong[1]));
    CHECK(program.wait() == 2);
  }
}

TEST_CASE("The log tells of pins, moves and refusals, and the trace has every byte") {
  const Directory directory;
  const std::string link = directory.file("port");
  Program program({"--link", link, "--garden", "--speed", "20", "--log", directory.file("log"), "--trace",
                   directory.file("trace"), "--analog", "59=300"});
  (void)program.output("\n");
  const Descriptor port = open_port(link);
  (void)read_until(port.get(), "COMPLETE");
  const std::vector<std::pair<std::string, std::string>> exchange = {{"G00 X1 Q1\n", "R88 Q1"},
                                                                     {"F22 P2 V1 Q2\n", "R02 Q2"},
                                                                     {"G00 X10 Q3\n", "R02 Q3"},
                                                                     {"F41 P8 V1 M0 Q4\n", "R02 Q4"},
                                                                     {"F61 P4 V90 Q5\n", "R02 Q5"},
                                                                     {"F42 P59 M1 Q6\n", "R41 P59 V300 Q6"},
                                                                     {"E\r\n", "R87 Q0"}};
  for (const auto& [line, answer] : exchange) {
    write_line(port, line);
    CHECK(read_until(port.get(), answer).contains(answer));
  }
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  const std::string log = contents(directory.file("log"));
  for (const char* entry : {"refused G00 X1 Q1 with R88", "segment to x=10.00 y=0.00 z=0.00, counted x=0.00",
                            "counted x=10.00 y=0.00 z=0.00 carriage x=130.00 y=80.00 z=-35.00", "pin 8 = 1",
                            "servo 4 = 90", "emergency stop", "pin 8 = 0 by emergency stop"}) {
    CAPTURE(entry);
    CHECK(log.contains(entry));
  }
  const std::string trace = contents(directory.file("trace"));
  CHECK(trace.contains("> G00 X10 Q3\\n"));
  CHECK(trace.contains("< R02 Q3\\r\\n"));
}

TEST_CASE("All boards can be chosen") {
  const Directory directory;
  for (const auto& profile : board_profiles()) {
    const std::string link = directory.file("port");
    Program program({"--link", link, "--board", std::string(profile.package), "--speed", "50"});
    (void)program.output("\n");
    const Descriptor port = open_port(link);
    (void)read_until(port.get(), profile.resets_on_open ? "COMPLETE" : "R00 Q0");
    write_line(port, "F83 Q5\n");
    CHECK(read_until(port.get(), "R02 Q5").contains(std::string(".") + profile.letter + "."));
    program.signal(SIGTERM);
    CHECK(program.wait() == 0);
  }
}
