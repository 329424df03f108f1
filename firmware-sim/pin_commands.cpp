// Pins and servos: F41 to F44, F61, and what an emergency stop does to what they have written.

#include <algorithm>
#include <array>
#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr int first_writable = 1;
constexpr int last_writable = 69;
constexpr auto servo_pins = std::to_array({4, 5, 6, 11});
constexpr int widest_angle = 180;
/// From here on the servo library takes the number as a pulse width.
constexpr int shortest_pulse_us = 544;

enum WriteMode : int { digital = 0, analog = 1 };

constexpr bool writable(int pin, int mode) {
  return pin >= first_writable && pin <= last_writable && (mode == digital || mode == analog);
}

}  // namespace

void Firmware::write_output(int pin, int value, int mode) {
  if (!writable(pin, mode)) return;
  written_[static_cast<std::size_t>(mode)][static_cast<std::size_t>(pin)] = true;
  if (mode == digital) {
    hw_.pins.write(pin, value != 0);
    event(std::format("pin {} = {}", pin, value != 0 ? 1 : 0));
  } else {
    hw_.pins.write_pwm(pin, value);
    event(std::format("pin {} = {} (pwm)", pin, value));
  }
}

Routine<int> Firmware::write_pin(const Command& command) {
  write_output(command.p, command.v, command.m);
  co_return 0;
}

Routine<int> Firmware::read_pin(const Command& command) {
  if (command.m == digital) print_with_q(pin_line(command.p));
  if (command.m == analog) {
    print_with_q(std::format("R41 P{} V{}", command.p, hw_.pins.read_analog(command.p)));
  }
  co_return 0;
}

Routine<int> Firmware::set_pin_mode(const Command& command) {
  constexpr auto modes = std::to_array({PinMode::input, PinMode::output, PinMode::input_pull_up});
  const auto mode = static_cast<std::size_t>(command.m);
  hw_.pins.set_mode(command.p, mode < modes.size() ? modes[mode] : PinMode::output);
  co_return 0;
}

/// Deaf while it waits. The time is an unsigned number of milliseconds on the board.
Routine<int> Firmware::pulse_pin(const Command& command) {
  write_output(command.p, command.v, command.m);
  co_await hw_.cpu.sleep(std::chrono::milliseconds(static_cast<std::uint32_t>(command.t)));
  write_output(command.p, command.w, command.m);
  co_return 0;
}

Routine<int> Firmware::set_servo(const Command& command) {
  if (std::ranges::contains(servo_pins, command.p)) {
    if (command.v >= shortest_pulse_us) {
      event(std::format("servo {} = {} us", command.p, command.v));
    } else {
      event(std::format("servo {} = {}", command.p, std::clamp(command.v, 0, widest_angle)));
    }
  }
  co_return 0;
}

void Firmware::reset_written_pins() {
  for (int pin = first_writable; pin <= last_writable; ++pin) {
    for (const WriteMode mode : {digital, analog}) {
      bool& written = written_[static_cast<std::size_t>(mode)][static_cast<std::size_t>(pin)];
      if (!std::exchange(written, false)) continue;
      print(std::format("R99 resetting {} pin{}\r\n", mode == digital ? "digital" : "analog", pin));
      hw_.pins.write(pin, false);
      event(std::format("pin {} = 0 by emergency stop", pin));
      const int value = mode == digital ? int{hw_.pins.read(pin)} : hw_.pins.read_analog(pin);
      print_with_q(std::format("R41 P{} V{}", pin, value));
    }
  }
  event("servos detached");
}

}  // namespace celeriac::firmware_sim
