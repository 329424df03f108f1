#include "hal/motion/ramp.hpp"

#include <algorithm>
#include <cmath>

namespace celeriac::hal::motion {
namespace {

using firmware::Family;

// The board's step timer (measured): a tick of 64 µs, the poll adds 0.12 ms, and no step is faster than 0.99
// ms.
double step_seconds(double speed) noexcept {
  constexpr double tick = 64e-6, poll = 0.12e-3, fastest = 0.99e-3;
  return std::max(fastest, tick * std::trunc(15625.0 / std::max(1.0, std::trunc(speed))) + poll);
}

// Steps at the beginning of the ramp, in sections of equal speed: enough for a percent, however long it is.
double climb_seconds(const Ramp& ramp, double steps) noexcept {
  constexpr double most_sections = 64;
  const double sections = std::clamp(std::floor(steps), 1.0, most_sections);
  const double slope = (ramp.max_speed - ramp.min_speed) / ramp.ramp_steps;
  double seconds = 0;
  for (double i = 0; i < sections; ++i)
    seconds += steps / sections * step_seconds(ramp.min_speed + slope * steps * (i + 0.5) / sections);
  return seconds;
}

}  // namespace

double ramp_seconds(const Ramp& given) noexcept {
  Ramp ramp = given;
  ramp.min_speed = std::max(1.0, ramp.min_speed);
  ramp.max_speed = std::max(1.0, ramp.max_speed);
  ramp.ramp_steps = std::max(1.0, ramp.ramp_steps);
  if (ramp.steps <= 0) return 0;
  const double climb = std::min(ramp.ramp_steps, ramp.steps / 2);
  return 2 * climb_seconds(ramp, climb) + (ramp.steps - 2 * climb) * step_seconds(ramp.max_speed);
}

PerAxis<double> speeds_of(const firmware::ParameterSet& parameters, const PerAxis<double>& percent) noexcept {
  PerAxis<double> speeds;
  for (const auto axis : all_axes)  // a word of 0 would mean the maximum
    speeds[axis] = std::max(1.0, percent[axis] / 100.0 * parameters.get(Family::max_speed, axis));
  return speeds;
}

std::chrono::milliseconds move_duration(const firmware::ParameterSet& parameters,
                                        const PerAxis<double>& from_mm, const PerAxis<double>& to_mm,
                                        const PerAxis<double>& speeds) noexcept {
  double slowest = 0;
  for (const auto axis : all_axes) {
    const double limit = parameters.get(Family::max_speed, axis);
    double speed = speeds[axis] > 0 && speeds[axis] < limit ? speeds[axis] : limit;
    const bool toward_home = std::abs(from_mm[axis]) >= std::abs(to_mm[axis]);
    if (axis == Axis::z && toward_home)
      speed = std::min<double>(speed, parameters.get(firmware::max_speed_z_home));
    const double steps = std::abs(to_mm[axis] - from_mm[axis]) * parameters.steps_per_mm(axis);
    slowest = std::max(
        slowest, ramp_seconds({steps, static_cast<double>(parameters.get(Family::min_speed, axis)), speed,
                               static_cast<double>(parameters.get(Family::ramp_steps, axis))}));
  }
  constexpr double longest_s = 24 * 3600;
  return std::chrono::milliseconds(std::llround(1000 * std::min(longest_s, segment_overhead_s + slowest)));
}

double coordinate_for(double mm, double steps_per_mm) noexcept {
  const double steps = mm * steps_per_mm, whole = std::round(steps);
  // Positions come with two decimals: half of the last one is no intention.
  const double noise = std::min(0.25, 0.005 * steps_per_mm + 1e-6);
  if (std::abs(steps - whole) > noise || std::abs(steps) > 1e9) return mm;
  if (whole == 0) return 0;
  const double hundredths = std::round(100 * whole / steps_per_mm);
  for (const double nudge : {0.0, std::copysign(1.0, whole)}) {
    const double candidate = (hundredths + nudge) / 100;
    if (std::trunc(static_cast<float>(candidate) * static_cast<float>(steps_per_mm)) ==
        static_cast<float>(whole))
      return candidate;
  }
  return mm;
}

}  // namespace celeriac::hal::motion
