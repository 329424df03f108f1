#pragma once
// Simulated time: what the board's own clock says, started at power-on. Nothing in this folder's library
// asks the machine for the time; whoever owns a Board says how late it is.

#include <chrono>
#include <cstdint>

namespace celeriac::firmware_sim {

using Duration = std::chrono::nanoseconds;

struct SimulatedClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SimulatedClock>;
  static constexpr bool is_steady = true;
};

using Instant = SimulatedClock::time_point;

}  // namespace celeriac::firmware_sim
