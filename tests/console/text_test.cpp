#include "console/text.hpp"

#include <catch2/catch_test_macros.hpp>

#include "console/log_line.hpp"
#include "console/parameter_units.hpp"

namespace celeriac::console {
using namespace std::chrono_literals;

TEST_CASE("text of a peer cannot steer the terminal") {
  CHECK(printable("\x1b[2J wet\x07") == "?[2J wet?");
  CHECK(printable("two\nlines\tand \xff bytes") == "two lines and ? bytes");
  CHECK(printable("\xc2\x9b"
                  "31m") == "?31m");  // the one-character form of an escape sequence
  CHECK(printable("Möhre 🥕") == "Möhre 🥕");
}

TEST_CASE("width counts columns, not bytes") {
  CHECK(width("Möhre") == 5);
  CHECK(width("水") == 2);
  CHECK(width("e\xcc\x81") == 1);  // e and a combining accent
}

TEST_CASE("a text that is too long gives way at its end, between characters") {
  CHECK(fitted("watering", 8) == "watering");
  CHECK(fitted("watering", 5) == "wate…");
  CHECK(fitted("watering", 5, false) == "wate.");
  CHECK(fitted("水水水", 4) == "水…");
  CHECK(fitted("watering", 0).empty());
}

TEST_CASE("durations are told in the unit that suits them") {
  CHECK(elapsed(0ms) == "0.0 s");
  CHECK(elapsed(12'390ms) == "12.3 s");
  CHECK(elapsed(59'999ms) == "59.9 s");
  CHECK(elapsed(245s) == "4:05 min");
  CHECK(elapsed(7445s) == "2:04:05 h");
}

TEST_CASE("a position that is not known shows as a question mark") {
  CHECK(position({{"x", 120}, {"y", 3.456}, {"z", nullptr}}) == "x 120.00  y 3.46  z ? mm");
  CHECK(position(nullptr) == "x ?  y ?  z ? mm");
  CHECK(millimetres(-0.001) == "0.00");
}

TEST_CASE("values read as people write them") {
  CHECK(brief(400.0) == "400");
  CHECK(brief(0.5) == "0.5");
  CHECK(brief(true) == "true");
  CHECK(brief(nullptr) == "unknown");
  CHECK(brief({{"mode", 0}, {"value", 1}}) == "mode 0, value 1");
}

TEST_CASE("tables align names to the left and numbers to the right") {
  CHECK(table({{"ID", "NAME"}, {"1", "blink"}, {"12", "patrol"}}) ==
        "ID  NAME\n"
        " 1  blink\n"
        "12  patrol\n");
}

TEST_CASE("a log line tells time, level, who and what") {
  const std::string line = log_line(
      {{"time", nullptr}, {"level", "warn"}, {"source", "hal"}, {"message", "x \x1b stalled"}}, false);
  CHECK(line == "-  warn     hal: x ? stalled");
  CHECK(log_line({{"level", "error"}, {"message", "m"}}, true).contains("\x1b[31m"));
  CHECK(log_line({{"message", "m"}, {"dropped", 3}}, false).contains("3 entries before this one were lost"));
}

TEST_CASE("parameters have the units of their family") {
  CHECK(unit_of_parameter("movement_max_spd_x") == "steps/s");
  CHECK(unit_of_parameter("movement_axis_nr_steps_z") == "steps");
  CHECK(unit_of_parameter("movement_axis_nr_steps_h_z").empty());
  CHECK(unit_of_parameter("pin_guard_2_time_out") == "s");
  CHECK(unit_of_parameter("movement_home_up_z").empty());
}

}  // namespace celeriac::console
