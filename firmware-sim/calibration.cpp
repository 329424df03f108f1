// F14, F15, F16: away from home until something ends the travel, back until home, and the length between as
// the encoder saw it; then one homing segment.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <format>

#include "firmware-sim/firmware.hpp"
#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Duration settling_pause = seconds(1);
/// Half a step at speed P65. All boards but Express divide a tenth of a second: ten times as fast.
constexpr int half_period_us = 100'000 / 2;
constexpr int express_half_period_us = 1'000'000 / 2;
/// The board's busy-wait cannot wait longer.
constexpr int longest_half_period_us = 16'383;
/// R04 comes after so many times the home speed in steps.
constexpr int steps_per_report = 3;

/// R06: the numbers mean the opposite of their names in the firmware's documentation.
constexpr int phase_away = 1;
constexpr int phase_away_over = 2;
constexpr int phase_finished = 0;

}  // namespace

struct Firmware::Calibration {
  AxisName axis;
  bool going_home = false;
  Instant started{};
  int speed = 1;
  int bumps_max = 0;
  int bumps_total_max = 0;
  int dead_zone = 0;

  int steps = 0;
  int steps_at_bump = 0;
  int bumps = 0;  ///< at one place
  int bumps_total = 0;
  /// P21 is set, or MIN was the switch at the far end.
  bool inverted = false;
  bool done = false;
  bool timed_out = false;
  Failure failure = Failure::none;
};

Routine<int> Firmware::find_length(AxisName axis) {
  Failure failure = co_await calibrate(axis);
  if (failure == Failure::none) {
    Target home{.millimetres = stored_millimetres(), .homing = axis};
    home.millimetres[index(axis)] = 0;
    failure = co_await segment(home);
  }
  co_return static_cast<int>(failure);
}

void Firmware::print_calibration_phase(AxisName axis, int phase) {
  print_with_q(std::format("R06 {}{}", letter(axis), phase));
}

Routine<Failure> Firmware::calibrate(AxisName axis) {
  const std::size_t i = index(axis);
  const char name = letter(axis);
  const bool own_dead_zone = hw_.version >= since::dead_zone_per_axis;
  Calibration run{
      .axis = axis,
      .started = now(),
      .speed = std::max(1, parameter_of(parameter::home_speed, axis)),
      .bumps_max = parameter_of(parameter::calibration_retry, axis),
      .bumps_total_max = parameter_of(parameter::calibration_retry_total, axis),
      .dead_zone = parameter_of(parameter::dead_zone, own_dead_zone ? axis : AxisName::z),
      .inverted = parameter_of(parameter::swap_end_stops, axis) != 0,
  };
  for (auto& history : missed_history_) history.fill(0);

  event(std::format("calibration of {}, {}", name, places()));
  print("R99 == Calibration start ==\r\n");
  print_with_q(end_stops_line());
  if (switch_active(axis, AxisEnd::min) || switch_active(axis, AxisEnd::max)) {
    print("R99 Calibration error: end stop active before start\r\n");
    co_return Failure::calibration;
  }

  print(std::format("R99 axis {} move to end of axis for calibration\r\n", name));
  queue_state(axis, AxisState::start_motor);
  enable_motor(axis, true);
  queue_state(axis, AxisState::crawling);
  print_calibration_phase(axis, phase_away);
  co_await calibrate_phase(run);
  if (run.timed_out) co_return run.failure;

  print_calibration_phase(axis, phase_away_over);
  print(std::format("R99 axis {} at axis end\r\n", name));
  if (run.failure == Failure::none) {
    print_with_q(std::format("R23 P{} V{:d}", parameter::swap_end_stops + static_cast<int>(i), run.inverted));
  }
  print_with_q(end_stops_line());
  co_await hw_.cpu.sleep(settling_pause);

  print(std::format("R99 axis {} calibrating length\r\n", name));
  print(std::format("R99 axis {} move to start of axis for measuring length\r\n", name));
  run.going_home = true;
  run.started = now();
  const int encoder_start = encoder_position(axis);
  co_await calibrate_phase(run);
  if (run.timed_out) co_return run.failure;

  print(std::format("R99 axis {} at end point\r\n", name));
  // Always the encoder: the firmware's test for an enabled one is always true.
  const int length = std::abs(encoder_position(axis) - encoder_start);
  if (run.failure == Failure::none) {
    print_with_q(std::format("R23 P{} V{}", parameter::length + static_cast<int>(i),
                             two_decimals(static_cast<float>(length))));
  }
  queue_state(axis, AxisState::stop_motor);
  enable_motor(axis, false);
  print_with_q(end_stops_line());
  stored_[i] = length;  // although the carriage is at home
  print_with_q(position_line());
  queue_state(axis, AxisState::idle);
  print_calibration_phase(axis, phase_finished);
  print("R99 calibration complete\r\n");
  co_return run.failure;
}

Routine<> Firmware::calibrate_phase(Calibration& run) {
  const std::size_t i = index(run.axis);
  Axis& axis = axes_[i];
  const bool up = (parameter_of(parameter::home_up, run.axis) != 0) == run.going_home;
  axis.set_up(up);
  axis.set_pin_up(up);
  axis.set_position(encoder_position(run.axis));
  run.steps = 0;
  run.bumps = 0;
  run.done = false;
  if (run.going_home) {
    run.steps_at_bump = 0;
  } else {
    run.bumps_total = 0;
  }
  missed_.fill(0);

  while (!run.done && run.failure == Failure::none) {
    check_missed_steps(run.axis);
    if (timed_out(run.axis, run.started)) {
      calibration_timeout(run);
      co_return;
    }
    calibration_interruption(run);
    if (run.going_home && run.steps < run.dead_zone) missed_[i] = 0;  // the start does not count
    if (!calibration_may_step(run)) {
      run.done = true;
      print("R99 movement done\r\n");
      if (!run.going_home && switch_active(run.axis, AxisEnd::min)) run.inverted = true;
    } else if (missed_[i] < static_cast<float>(parameter_of(parameter::missed_steps_max, run.axis))) {
      co_await calibration_step(run);
    } else {
      co_await calibration_bump(run);
    }
  }
}

/// Away until any switch; home until the one that is not at the far end.
bool Firmware::calibration_may_step(const Calibration& run) {
  if (run.done) return false;
  if (hw_.profile.stall_guard && stalled(run.axis)) return false;
  if (!run.going_home)
    return !switch_active(run.axis, AxisEnd::min) && !switch_active(run.axis, AxisEnd::max);
  return !switch_active(run.axis, run.inverted ? AxisEnd::max : AxisEnd::min);
}

Routine<> Firmware::calibration_step(Calibration& run) {
  const std::size_t i = index(run.axis);
  const int period = hw_.profile.stall_guard ? express_half_period_us : half_period_us;
  const microseconds half(std::min(period / run.speed, longest_half_period_us));
  const auto left_dead_zone = [&] {
    return static_cast<float>(run.steps - run.steps_at_bump) > missed_[i] + static_cast<float>(run.dead_zone);
  };
  if (!run.going_home && left_dead_zone()) run.bumps = 0;
  axes_[i].begin_step();
  pulse(run.axis);
  ++run.steps;
  if (run.going_home && left_dead_zone()) run.bumps = 0;

  if (run.steps % (std::int64_t{run.speed} * steps_per_report) == 0) {
    co_await hw_.cpu.sleep(half);
    print_with_q("R04");
    if (run.going_home) print(std::format("R99 step count: {}\r\n", run.steps));
    co_await hw_.cpu.sleep(half + hw_.profile.timing.calibration_step);
  } else {
    co_await hw_.cpu.sleep(2 * half + hw_.profile.timing.calibration_step);
  }
}

Routine<> Firmware::calibration_bump(Calibration& run) {
  run.steps_at_bump = run.steps;
  ++run.bumps_total;
  if (run.bumps < run.bumps_max) {
    ++run.bumps;
    missed_[index(run.axis)] = 0;
    print(std::format("R99 calibration retry {}{}/{} of total retry {}/{}\r\n",
                      run.going_home ? "" : "on bump ", run.bumps, run.bumps_max, run.bumps_total,
                      run.bumps_total_max));
    co_await hw_.cpu.sleep(settling_pause);
  } else {
    run.done = true;
    print(run.going_home ? "R99 movement done after slip\r\n" : "R99 movement done after end stop\r\n");
    if (switch_active(run.axis, AxisEnd::min)) run.inverted = true;
  }
  if (hw_.version >= since::retry_total && run.bumps_total >= run.bumps_total_max) {
    run.done = true;
    run.failure = Failure::emergency_stop;  // the number only: nothing is locked
    print("R99 movement done after safety retry count reached\r\n");
  }
}

/// The firmware falls through from the axis that timed out to those after it, and into the last branch.
void Firmware::calibration_timeout(Calibration& run) {
  enable_motor(run.axis, false);
  for (std::size_t i = index(run.axis); i < all_axes.size(); ++i) {
    print_with_q(std::format("R7{}", i + 1));
    print(std::format("R99 timeout {} axis\r\n", letter(all_axes[i])));
  }
  print("R99 Calibration error: invalid axis selected\r\n");
  run.timed_out = true;
  run.failure = Failure::calibration;
}

void Firmware::calibration_interruption(Calibration& run) {
  switch (read_interruption()) {
    case Interruption::emergency_stop:
      print("R99 emergency stop\r\n");
      if (!locked_) event("emergency stop");
      locked_ = true;
      print_with_q("R87");
      run.done = true;
      run.failure = Failure::emergency_stop;
      break;
    case Interruption::abort:
      print("R99 movement abort\r\n");
      aborting_ = true;
      print_with_q("R86");
      run.done = true;
      run.failure = Failure::abort;
      break;
    case Interruption::none:
      break;
  }
}

}  // namespace celeriac::firmware_sim
