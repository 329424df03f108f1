// The language of the board: lines out, lines in.

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "hal/firmware/board_state.hpp"
#include "hal/firmware/command.hpp"
#include "hal/firmware/line_reader.hpp"
#include "hal/firmware/parameters.hpp"
#include "hal/firmware/reply.hpp"

namespace celeriac::hal::firmware {
namespace {

std::string move_line(double x, double y, double z, double a = 400) {
  const auto command = move({x, y, z}, {a, 400, 400});
  return command ? line(*command, 5) : command.error().message;
}

TEST_CASE("a move is written with two decimals and its Q") {
  CHECK(move_line(1, 2, 3) == "G00 X1.00 Y2.00 Z3.00 A400.00 B400.00 C400.00 Q5\n");
}

TEST_CASE("numbers that a program would print with an exponent are written as fixed point") {
  CHECK(move_line(1e-7, -0.004, 123456.789).starts_with("G00 X0.00 Y-0.00 Z123456.79 "));
  CHECK(line(write_parameter(141, 2147483647), 9) == "F22 P141.00 V2147483647.00 Q9\n");
}

TEST_CASE("not a number and infinity are refused before a line is made") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), -1e300, 1e7}) {
    const auto command = move({0, bad, 0}, {1, 1, 1});
    REQUIRE_FALSE(command);
    CHECK(command.error().status == protocol::Status::malformed);
    CHECK(command.error().message.find("y coordinate") != std::string::npos);
  }
}

TEST_CASE("no line to the board ever has a letter e") {
  const bool held = rc::check("moves, parameters, pins", [](double x, double y, double z, double a, int p,
                                                            int v) {
    std::vector<std::string> lines{line(write_parameter(p, v), 7),    line(write_pin(p, v, 1), 999),
                                   line(read_pin(p, v), 1),           line(set_servo(p, v), 2),
                                   line(set_pin_mode(p, v), 3),       line(set_zero({true, false, true}), 3),
                                   line(release_emergency_stop(), 4), line(read_parameters(), 4),
                                   line(find_home(Axis::y), 5),       line(find_length(Axis::z), 6)};
    if (const auto command = move({x, y, z}, {a, a, a})) lines.push_back(line(*command, 8));
    for (const auto& made : lines) {
      RC_ASSERT(made.find_first_of("eE") == std::string::npos);
      RC_ASSERT(made.find('\n') == made.size() - 1);
      RC_ASSERT(made.size() <= 100U);
    }
  });
  CHECK(held);
}

TEST_CASE("every reply code of the table is read") {
  for (const auto& row : reply_table()) {
    std::string text = std::format("R{:02}", static_cast<int>(row.code));
    if (row.shape == Shape::echo) text += " *F83 Q1*";
    if (row.code == Code::version) text += " 6.6.23.R.genesisK12";
    for (const char letter : row.required) text += std::format(" {}1.50", letter);
    if (row.shape == Shape::words) text += " Q7";
    const auto reply = parse_reply(text);
    INFO(text);
    REQUIRE(reply);
    CHECK(reply->code == row.code);
    if (row.shape == Shape::words) CHECK(reply->q == 7);
    for (const char letter : row.required) CHECK(reply->word(letter) == 1.5);
  }
}

TEST_CASE("a position is read with its signs and its Q") {
  const auto reply = parse_reply("R82 X1.80 Y-0.04 Z-350.00 Q14\r");
  REQUIRE(reply);
  CHECK(reply->word('X') == 1.80);
  CHECK(reply->word('Y') == -0.04);
  CHECK(reply->word('Z') == -350);
  CHECK(reply->q == 14);
}

TEST_CASE("end stops are words of two letters") {
  const auto reply = parse_reply("R81 XA1 XB0 YA1 YB1 ZA0 ZB1 Q0");
  REQUIRE(reply);
  CHECK(reply->word('X', 'A') == 1);
  CHECK(reply->word('X', 'B') == 0);
  CHECK(reply->word('Z', 'A') == 0);
}

TEST_CASE("an echo keeps the line and drops the carriage return before its last asterisk") {
  const auto reply = parse_reply("R08 *F83 Q5\r*");
  REQUIRE(reply);
  CHECK(reply->text == "F83 Q5");
  CHECK_FALSE(reply->q);
}

TEST_CASE("the version ends at the first blank") {
  const auto reply = parse_reply("R83 6.6.26.R.genesisK12-52053ec8 Q1");
  REQUIRE(reply);
  CHECK(reply->text == "6.6.26.R.genesisK12-52053ec8");
  CHECK(reply->q == 1);
}

TEST_CASE("an emergency stop in the middle of another line is seen") {
  const auto stopped = parse_reply("R82 X0.R87 Q14");
  REQUIRE(stopped);
  CHECK(stopped->code == Code::stopped);
  CHECK(stopped->q == 14);
  const auto aborted = parse_reply("R82 X0.00 Y0R86 Q3");
  REQUIRE(aborted);
  CHECK(aborted->code == Code::aborted);
  CHECK_FALSE(parse_reply("00 Y0.00 Z0.00 Q14"));
}

TEST_CASE("an echo of the text R87 is no emergency stop") {
  const auto reply = parse_reply("R08 *X R87 Q1*");
  REQUIRE(reply);
  CHECK(reply->code == Code::echo);
}

TEST_CASE("what is no reply is nothing") {
  for (const auto* text :
       {"", "home", " Q13", "R", "R9", "R10 Q1", "R821 X1", "R82 X1.00 Y2.00 Q1", "R82 X1.0x Y0 Z0",
        "R82 Xnan Y0 Z0 Q1", "\x80\xff", "R02 Q99999999999999999999", "R03 Q1", "r02 Q1"})
    CHECK_FALSE(parse_reply(text));
}

TEST_CASE("no bytes make the parser fail") {
  const bool held = rc::check("any line", [](const std::string& noise) {
    (void)parse_reply(noise);
    (void)parse_reply("R82 " + noise);
    (void)parse_reply("R81 X1 Y2 Z3 A4 B5 C6 D7 E8 F9 G1" + noise);
  });
  CHECK(held);
}

TEST_CASE("lines come together from pieces, however they are cut") {
  const std::string text = "R01 Q1\r\nR82 X1.00 Y2.00 Z3.00 Q1\r\n\r\nR02 Q1\r\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    LineReader reader;
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    reader.feed(std::string_view(text).substr(0, cut), take);
    reader.feed(std::string_view(text).substr(cut), take);
    CHECK(lines == std::vector<std::string>{"R01 Q1", "R82 X1.00 Y2.00 Z3.00 Q1", "", "R02 Q1"});
  }
}

TEST_CASE("a line longer than any reply is dropped, and the next one is read") {
  LineReader reader;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  reader.feed(std::string(10 * max_reply_line, 'x'), take);
  reader.feed("tail\r\nR02 Q1\r\n", take);
  CHECK(lines == std::vector<std::string>{"R02 Q1"});
}

TEST_CASE("there are 117 parameters, in ascending order, found by number and by name") {
  CHECK(parameters().size() == 117);
  CHECK(std::ranges::is_sorted(parameters(), {}, &Parameter::number));
  for (const auto& row : parameters()) {
    CHECK(find_parameter(row.number) == &row);
    CHECK(find_parameter(row.name) == &row);
    CHECK((row.fallback >= row.low && row.fallback <= row.high));
  }
  CHECK(find_parameter(1) == nullptr);
  CHECK(find_parameter(151) == nullptr);
}

TEST_CASE("a parameter is named by name, number or P and number") {
  for (const auto* text : {"movement_max_spd_x", "71", "P71", "p71"}) {
    const auto found = parse_parameter(text);
    REQUIRE(found);
    CHECK((*found)->number == 71);
  }
  const auto missed = parse_parameter("movement_max_speed_x");
  REQUIRE_FALSE(missed);
  CHECK(missed.error().status == protocol::Status::not_found);
  CHECK(missed.error().message.find("Did you mean \"movement_max_spd_x\"?") != std::string::npos);
  CHECK_FALSE(parse_parameter("P1"));
  CHECK_FALSE(parse_parameter(""));
}

TEST_CASE("a parameter's value must be whole and in range") {
  const auto& row = *find_parameter("movement_min_spd_x");
  CHECK(check_value(row, 50) == 50);
  CHECK(check_value(row, 50.0) == 50);
  for (const protocol::Json& bad : {protocol::Json(0), protocol::Json(1.5), protocol::Json("50"),
                                    protocol::Json(nullptr), protocol::Json(1e20)}) {
    const auto checked = check_value(row, bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message.find("movement_min_spd_x must be") == 0);
  }
  CHECK(check_value(*find_parameter("movement_home_up_z"), true) == 1);
}

TEST_CASE("the board is known by the letter in its version") {
  CHECK(board_of_version("6.6.23.G.genesisK14-52053ec8").name == "Farmduino 1.4");
  CHECK(board_of_version("6.6.23.G.genesisK14").idle_period == std::chrono::milliseconds(500));
  CHECK(board_of_version("6.4.2.R").idle_period == std::chrono::milliseconds(5000));
  CHECK(board_of_version("").letter == 'R');
  CHECK(board_of_version("7").letter == 'R');
}

}  // namespace
}  // namespace celeriac::hal::firmware
