#include <array>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <random>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

using Lines = std::vector<std::string>;

TEST_CASE("checklist 7: F83 is echoed, accepted, answered and finished") {
  CHECK(Bench::booted().ask("F83 Q5") ==
        Lines{"R08 *F83 Q5*", "R01 Q5", "R83 6.6.23.R.genesisK12 Q5", "R02 Q5"});
}

TEST_CASE("checklist 8: a CR before the LF is kept in the echo") {
  CHECK(Bench::booted().ask("F83 Q5\r") ==
        Lines{"R08 *F83 Q5\r*", "R01 Q5", "R83 6.6.23.R.genesisK12 Q5", "R02 Q5"});
}

TEST_CASE("checklist 9: a lone CR LF is an invalid command") {
  CHECK(Bench::booted().ask("\r") == Lines{"R08 *\r*", "R09 Q0"});
}

TEST_CASE("checklist 10: without Q it is Q0") {
  CHECK(Bench::booted().ask("F83") == Lines{"R08 *F83*", "R01 Q0", "R83 6.6.23.R.genesisK12 Q0", "R02 Q0"});
}

TEST_CASE("checklist 11: the Q of a refused command stays until the next one completes") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F99 Q14") == Lines{"R08 *F99 Q14*", "R09 Q14"});
  bench.run_for(5100ms);
  CHECK(bench.take().front() == "R00 Q14");
  bench.ask("F83 Q2");
  bench.run_for(5100ms);
  CHECK(bench.take().front() == "R00 Q0");
}

TEST_CASE("checklist 12, 13, 18: a line that does not start with a command loses its Q") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("X5 Q15") == Lines{"R08 *X5 Q15*", "R09 Q0"});
  CHECK(bench.ask("g00 X1 Q17") == Lines{"R08 *g00 X1 Q17*", "R09 Q0"});
  CHECK(bench.ask("Q7 F83") == Lines{"R08 *Q7 F83*", "R09 Q0"});
}

TEST_CASE("checklist 14, 15: known codes without a handler say so, and an empty line follows") {
  Bench bench = Bench::approved();
  bench.send("G01 X5 Q12\n");
  bench.run_for(100ms);
  CHECK(bench.take() == Lines{"R08 *G01 X5 Q12*", "R09 Q12", "R99 handler == NULL", ""});
  bench.send("F31 P1 Q13\n");
  bench.run_for(100ms);
  CHECK(bench.take() == Lines{"R08 *F31 P1 Q13*", "R09 Q13", "R99 handler == NULL", ""});
}

TEST_CASE("checklist 16, 17: integers are cut from floats, and FarmBot OS's two decimals are fine") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("F22 P81.9 V2.9 Q22.7") ==
        Lines{"R08 *F22 P81.9 V2.9 Q22.7*", "R01 Q22", "R21 P81 V2 Q22", "R02 Q22"});
  CHECK(contains(bench.ask("F22 P81.00 V2.00 Q3"), "R21 P81 V2 Q3"));
}

TEST_CASE("checklist 19: of two lines without a gap only the first is answered") {
  Bench bench = Bench::booted();
  bench.send("F83 Q22\nF82 Q23\n");
  bench.run_for(200ms);
  CHECK(bench.take() == Lines{"R08 *F83 Q22*", "R01 Q22", "R83 6.6.23.R.genesisK12 Q22", "R02 Q22"});
}

TEST_CASE("checklist 20: a line is cut at 99 characters and executed") {
  Bench bench = Bench::booted();
  std::string line = "F41 P9 V1 M0 ";
  while (line.size() < 120) line += "Q123456789"[line.size() % 10];
  bench.send(line);
  bench.run_for(200ms);
  CHECK(bench.take() == Lines{"R08 *" + line.substr(0, 99) + "*", "R01 Q0", "R02 Q0"});
  CHECK(bench.board().pin(9));
}

TEST_CASE("A space between letter and number makes the number 0, and the last of two words wins") {
  Bench bench = Bench::booted();
  CHECK(contains(bench.ask("F21 P2 P3 Q 9"), "R21 P3 V0 Q0"));
}

TEST_CASE("Negative Q is echoed as it is, and short spellings are known") {
  Bench bench = Bench::approved();
  CHECK(bench.ask("F9 Q-3") == Lines{"R08 *F9 Q-3*", "R01 Q-3", "R02 Q-3"});
  CHECK(bench.ask("G0 X0 Q4").back() == "R02 Q4");
  CHECK(bench.ask("F009 Q4").back() == "R09 Q4");
}

TEST_CASE("checklist 59: an exponent is an emergency stop, and the letter is gone") {
  Bench bench = Bench::booted();
  CHECK(bench.ask("G00 X1e1 Q30") == Lines{"R08 *G00 X11 Q30*", "R87 Q30"});
  CHECK(bench.board().locked());
}

TEST_CASE("Numbers that no float can hold do no harm") {
  Bench bench = Bench::booted();
  const std::string nines(60, '9');
  CHECK(contains(bench.ask("F22 P11 V" + nines), "R21 P11 V2147483647 Q0"));
  CHECK(contains(bench.ask("F21 P" + nines), "R99 Error: invalid parameter id"));
  CHECK(contains(bench.ask("F21 P-7"), "R99 Error: invalid parameter id"));
  CHECK(bench.ask("F42 P" + nines + " M0").back() == "R02 Q0");
  CHECK(bench.ask("F43 P-1 M9").back() == "R02 Q0");
}

TEST_CASE("Whatever a host sends, the board goes on and answers after a reset") {
  constexpr std::array<std::string_view, 28> codes = {
      "G00", "G01", "G28", "F09", "F11", "F12", "F13", "F14", "F15", "F16", "F20", "F21", "F22", "F22",
      "F22", "F41", "F42", "F43", "F44", "F61", "F81", "F82", "F84", "F99", "E",   "@",   "\r",  "\xff\x00"};
  constexpr std::array<std::string_view, 10> numbers = {"0",  "1",   "-1",    "2",           "300",
                                                        "25", "141", "-0.04", "99999999999", "-99999999999"};
  std::mt19937 random(20'260'401);
  const auto pick = [&](const auto& from) { return from[random() % from.size()]; };
  for (const char* board : {"arduino", "farmduino_k15", "express_k10"}) {
    for (int round = 0; round < 20; ++round) {
      CAPTURE(board, round);
      Bench bench = Bench::approved({.profile = find_profile(board), .machine = garden_bot()});
      for (int line = 0; line < 15; ++line) {
        std::string text(pick(codes));
        for (const char word : std::string_view("XYZABCPVWTMQ")) {
          if (random() % 2 == 0) text += std::format(" {}{}", word, pick(numbers));
        }
        if (text.starts_with("F22") && random() % 2 == 0) text += std::format(" P{}", random() % 224);
        bench.send(text + "\n");
        bench.run_for(2s);
      }
      bench.board().reset(bench.now());
      bench.wait_for("R99 ARDUINO STARTUP COMPLETE", 300s);
      bench.ask("F09");
      CHECK(bench.ask("F83 Q5").back() == "R02 Q5");
    }
  }
}
