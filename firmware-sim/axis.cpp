#include "firmware-sim/axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr double interrupt_ns = 64'000;
constexpr double ticks_per_second = 15'625;

/// What a step never reaches: longer than any timeout.
constexpr Duration never = std::chrono::hours(24 * 365);

/// Far above where every board saturates.
constexpr std::int64_t fastest_sensible = 1'000'000'000;

/// Nanoseconds that the ticks alone take.
double tick_time(double speed) {
  return interrupt_ns * std::trunc(ticks_per_second / speed);
}

}  // namespace

StepTiming::StepTiming(const BoardTiming& timing) : shortest_(timing.shortest_step) {
  const auto polling = [](MeasuredSpeed speed) { return 1e9 / speed.measured - tick_time(speed.commanded); };
  const auto& speeds = timing.speeds;
  const int top = static_cast<int>(speeds.back().commanded);
  periods_.reserve(static_cast<std::size_t>(top) + 1);
  periods_.push_back(never);
  for (int speed = 1; speed <= top; ++speed) {
    const auto above =
        std::ranges::lower_bound(speeds, static_cast<double>(speed), {}, &MeasuredSpeed::commanded);
    double poll = polling(*above);
    if (above != speeds.begin()) {
      const MeasuredSpeed below = *std::prev(above);
      const double part = (speed - below.commanded) / (above->commanded - below.commanded);
      poll = polling(below) + part * (poll - polling(below));
    }
    const Duration period(std::llround(tick_time(speed) + poll));
    periods_.push_back(std::max(period, timing.shortest_step));
  }
}

Duration StepTiming::period(int steps_per_second) const {
  if (steps_per_second <= 0) return never;
  const auto speed = static_cast<std::size_t>(steps_per_second);
  return speed < periods_.size() ? periods_[speed] : shortest_;
}

bool Axis::load(const AxisSettings& settings, int source, int destination, bool homing) {
  settings_ = settings;
  source_ = source;
  position_ = source;
  destination_ = destination;
  homing_ = homing;
  active_ = true;
  step_on_ = false;

  bool clamped = false;
  if (settings.stop_at_home && (settings.home_up ? destination_ > 0 : destination_ < 0)) {
    destination_ = 0;
    clamped = true;
  }
  const std::int64_t limit = std::llabs(static_cast<std::int64_t>(settings.length));
  if (settings.length > 0 && settings.stop_at_max &&
      std::llabs(static_cast<std::int64_t>(destination_)) > limit) {
    destination_ = static_cast<int>(destination_ < 0 ? -limit : limit);
    clamped = true;
  }
  return clamped;
}

void Axis::check_movement(bool min_active, bool max_active) {
  if (homing_) {
    up_ = settings_.home_up;
    to_home_ = true;
  } else {
    up_ = position_ < destination_;
    to_home_ = std::llabs(static_cast<std::int64_t>(position_)) >=
               std::llabs(static_cast<std::int64_t>(destination_));
  }
  const bool on_the_way = (destination_ > source_ && position_ < destination_) ||
                          (destination_ < source_ && position_ > destination_) || homing_;
  if (on_the_way && active_) {
    const bool stopped = homing_ || to_home_ ? min_active : max_active;
    if (stopped) {
      active_ = false;
    } else {
      calculate_speed(to_home_ ? settings_.max_speed_home : settings_.max_speed);
    }
  } else {
    active_ = false;
  }
  if (min_active) position_ = 0;
}

/// A ramp that is linear in distance. `n` is measured from the start of an upward move and from the
/// destination of a downward one, which gives the same speeds and swaps the two ramp states.
void Axis::calculate_speed(int max_speed) {
  const std::int64_t distance = std::llabs(static_cast<std::int64_t>(destination_) - source_);
  const std::int64_t n = static_cast<std::int64_t>(position_) - std::min(source_, destination_);
  const std::int64_t half = distance / 2;
  const std::int64_t ramp = settings_.ramp_steps;
  const auto on_ramp = [&](std::int64_t from_end) {
    if (ramp == 0) return settings_.min_speed;
    const auto slowest = static_cast<float>(settings_.min_speed);
    const auto fastest = static_cast<float>(max_speed);
    return truncated(static_cast<float>(from_end) / static_cast<float>(ramp) * (fastest - slowest) + slowest);
  };
  const auto cruise = [&](int faster) {  // the firmware adds one or two steps/s
    return static_cast<int>(std::min<std::int64_t>(std::int64_t{max_speed} + faster, fastest_sensible));
  };
  if (n < 0 || n > distance) {
    speed_ = settings_.home_speed;
    state_ = AxisState::crawling;
  } else if (n <= half) {
    const bool cruising = n > ramp;
    speed_ = cruising ? cruise(1) : on_ramp(n);
    state_ = cruising ? AxisState::cruising : AxisState::accelerating;
  } else {
    const bool cruising = n < distance - ramp;
    speed_ = cruising ? cruise(2) : on_ramp(distance - n);
    state_ = cruising ? AxisState::cruising : AxisState::decelerating;
  }
}

}  // namespace celeriac::firmware_sim
