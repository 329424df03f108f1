#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/firmware-sim/bench.hpp"

using namespace celeriac::firmware_sim;
using namespace celeriac::firmware_sim::testing;

TEST_CASE("The receive ring keeps 63 bytes and loses what comes while it is full") {
  Uart uart([](Instant, std::string_view) {});
  CHECK(uart.host_sends(std::string(70, 'a'), Instant{}) == 70);
  uart.poll(Instant(1s));
  int kept = 0;
  while (uart.read()) ++kept;
  CHECK(kept == static_cast<int>(Uart::receive_capacity));
}

TEST_CASE("The wire takes so many bytes and no more") {
  Uart uart([](Instant, std::string_view) {});
  CHECK(uart.host_sends(std::string(Uart::wire_capacity + 5, 'a'), Instant{}) == Uart::wire_capacity);
  CHECK(uart.wire_space() == 0);
  CHECK(uart.host_sends("b", Instant{}) == 0);
  uart.poll(Instant(character_time));
  CHECK(uart.wire_space() == 1);
}

TEST_CASE("Bytes arrive one character time after another") {
  Uart uart([](Instant, std::string_view) {});
  uart.host_sends("ab", Instant(1s));
  CHECK(uart.next_arrival() == Instant(1s) + character_time);
  uart.poll(Instant(1s) + character_time);
  CHECK(uart.read() == 'a');
  CHECK(!uart.read());
  uart.poll(Instant(1s) + 2 * character_time);
  CHECK(uart.read() == 'b');
}

TEST_CASE("Printing blocks while the transmit ring is full, and text leaves at 115200 baud") {
  std::vector<Line> lines;
  Uart uart([&](Instant at, std::string_view text) { lines.push_back({at, std::string(text)}); });
  CHECK(uart.print(std::string(60, 'a') + "\r\n", Instant{}) == Instant{});
  const Instant free = uart.print(std::string(60, 'b') + "\r\n", Instant{});
  CHECK(free == Instant(60 * character_time));
  uart.deliver(Instant(61 * character_time));
  CHECK(lines.empty());
  uart.deliver(Instant(1s));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at == Instant(62 * character_time));
  CHECK(lines[1].at == Instant(124 * character_time));
}
