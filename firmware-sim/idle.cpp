// The main loop: one byte a pass, lines, pin guards, the lock, and the reports of an idle board.

#include <algorithm>
#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration pin_report_period = milliseconds(500);
constexpr Duration guard_period = seconds(1);
/// Periods are compared with whole milliseconds, and must be exceeded.
constexpr Duration clock_step = milliseconds(1);
/// From the LF to the echo, and from the echo to R01.
constexpr Duration echo_work = microseconds(350);
constexpr Duration parse_work = microseconds(500);
/// Reloading the TMC drivers: 100 ms for each of four, and the transfers.
constexpr Duration driver_reload = milliseconds(410);

}  // namespace

Routine<> Firmware::run() {
  co_await boot();
  for (;;) {
    check_pin_guard();
    co_await take_byte();
    check_lock();
    co_await load_changed_parameters();
    report_pins_when_due();
    report_idle_when_due();
    hw_.cpu.spend(hw_.profile.timing.idle_pass);
    co_await hw_.cpu.settle();
    if (!hw_.uart.readable()) co_await hw_.cpu.sleep_until_or_input(next_idle_event());
  }
}

Instant Firmware::next_idle_event() const {
  return std::min({last_action_ + hw_.profile.idle_period + clock_step,
                   last_pin_report_ + pin_report_period + clock_step, last_guard_tick_ + guard_period});
}

Routine<> Firmware::take_byte() {
  const auto byte = hw_.uart.read();
  if (!byte) co_return;
  last_action_ = now();
  if (*byte == 'E' || *byte == 'e') {
    if (!locked_) event("emergency stop");
    locked_ = true;
  } else if (*byte != '\n') {
    line_ += *byte;
  }
  if (*byte == '\n' || line_.size() >= line_capacity - 1) co_await run_line();
}

Routine<> Firmware::run_line() {
  // Taken out first: the buffer is free again when the next byte comes.
  const std::string line = std::exchange(line_, {});
  if (line.empty()) co_return;
  hw_.cpu.spend(echo_work);
  print(std::format("R08 *{}*\r\n", line));
  hw_.cpu.spend(parse_work);
  co_await execute(parse_command(line), line);
}

void Firmware::check_lock() {
  if (locked_ && !was_locked_) {
    for (const AxisName axis : all_axes) enable_motor(axis, false);
    reset_written_pins();
  }
  was_locked_ = locked_;
}

Routine<> Firmware::load_changed_parameters() {
  if (!std::exchange(parameters_changed_, false)) co_return;
  if (std::exchange(drivers_changed_, false)) co_await hw_.cpu.sleep(driver_reload);
  load_encoder_settings();
  for (const AxisName axis : all_axes) {
    enable_motor(axis, parameter_of(parameter::keep_active, axis) == 1);
  }
  guard_seconds_.fill(0);
}

void Firmware::check_pin_guard() {
  if (now() - last_guard_tick_ < guard_period) return;
  last_guard_tick_ += guard_period;  // what a long command missed is caught up, a tick a pass
  tick_pin_guard();
}

void Firmware::tick_pin_guard() {
  for (std::size_t guard = 0; guard < guards; ++guard) {
    const int first = parameter::pin_guards[guard];
    const int pin = parameters_.get(first);
    if (pin == 0) continue;
    const bool active_level = parameters_.get(first + 2) == 1;
    int& seconds_active = guard_seconds_[guard];
    seconds_active = hw_.pins.read(pin) == active_level ? seconds_active + 1 : 0;
    if (seconds_active < parameters_.get(first + 1)) continue;
    hw_.pins.write(pin, !active_level);
    event(std::format("pin {} = {:d} by pin guard {}", pin, !active_level, guard + 1));
    print_with_q(pin_line(pin));
  }
}

void Firmware::report_pins_when_due() {
  if (now() - last_pin_report_ <= pin_report_period) return;
  last_pin_report_ = now();
  for (const int number : parameter::pin_reports) {
    const int pin = parameters_.get(number);
    if (pin > 0) print(watched_pin_line(pin));
  }
}

void Firmware::report_idle_when_due() {
  if (now() - last_action_ <= hw_.profile.idle_period) return;
  print_with_q(locked_ ? "R87" : "R00");
  for (const AxisName axis : all_axes) {
    const bool from_encoder = !hw_.profile.stall_guard && parameter_of(parameter::encoder_enabled, axis) == 1;
    stored_[index(axis)] = from_encoder ? encoder_position(axis) : axes_[index(axis)].position();
  }
  print_with_q(position_line());
  report_encoders();
  print_with_q(end_stops_line());
  if (parameters_.get(parameter::config_ok) != 1) print_with_q("R88");
  last_action_ = now();
}

}  // namespace celeriac::firmware_sim
