#include "vm/schedule/wall_alarm.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace celeriac::vm;
using namespace std::chrono_literals;

namespace {

WallTime now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Runs the loop until the alarm has rung so often, or a long time has passed.
void run_until(boost::asio::io_context& io, const int& rung, int times) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (rung < times && std::chrono::steady_clock::now() < deadline) io.run_one_for(100ms);
}

}  // namespace

TEST_CASE("an alarm rings when its time has come, not before") {
  boost::asio::io_context io;
  int rung = 0;
  WallAlarm alarm(io, [&] { ++rung; });
  const auto due = now() + 50ms;
  alarm.set(due);
  run_until(io, rung, 1);
  CHECK(rung == 1);
  CHECK(now() >= due);
}

TEST_CASE("an alarm of the past rings soon, also of before 1970") {
  boost::asio::io_context io;
  int rung = 0;
  WallAlarm alarm(io, [&] { ++rung; });
  alarm.set(now() - 1h);
  run_until(io, rung, 1);
  alarm.set(WallTime{} - 1h);
  run_until(io, rung, 2);
  CHECK(rung == 2);
}

TEST_CASE("an alarm can be set by its own ringing, and be taken back") {
  boost::asio::io_context io;
  int rung = 0;
  WallAlarm* again = nullptr;
  WallAlarm alarm(io, [&] {
    if (++rung < 5) again->set(now());
  });
  again = &alarm;
  alarm.set(now());
  run_until(io, rung, 5);
  CHECK(rung == 5);
  alarm.set(now() + 20ms);
  alarm.set(std::nullopt);
  io.run_for(200ms);
  CHECK(rung == 5);
}
