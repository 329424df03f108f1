#include "firmware-sim/pins.hpp"

#include <algorithm>

namespace celeriac::firmware_sim {
namespace {

constexpr int analog_top = 1023;

constexpr bool has_pwm(int pin) {
  return (pin >= 2 && pin <= 13) || (pin >= 44 && pin <= 46);
}

constexpr std::size_t at(int number) {
  return static_cast<std::size_t>(number);
}

}  // namespace

void Pins::reset() {
  for (Pin& pin : pins_) pin = Pin{.wired = pin.wired, .outside = pin.outside};
}

void Pins::set_mode(int pin, PinMode mode) {
  if (!exists(pin)) return;
  Pin& target = pins_[at(pin)];
  target.mode = mode;
  if (mode != PinMode::output) target.latch = mode == PinMode::input_pull_up;
}

void Pins::write(int pin, bool level) {
  if (!exists(pin)) return;
  pins_[at(pin)].duty.reset();
  pins_[at(pin)].latch = level;
}

void Pins::write_pwm(int pin, int duty) {
  if (!exists(pin)) return;
  set_mode(pin, PinMode::output);
  duty &= 0xFFFF;
  if (duty == 0 || duty == 255 || !has_pwm(pin)) {
    write(pin, duty >= 128);
  } else {
    pins_[at(pin)].duty = duty & 0xFF;
  }
}

bool Pins::read(int pin) {
  if (!exists(pin)) return false;
  pins_[at(pin)].duty.reset();
  return level(pins_[at(pin)]);
}

bool Pins::level(int pin) const {
  return exists(pin) && level(pins_[at(pin)]);
}

int Pins::read_analog(int pin) const {
  const int channel = (pin >= first_analog ? pin - first_analog : pin) & (analog_inputs - 1);
  if (const auto& value = analog_[at(channel)]) return *value;
  return level(pins_[at(first_analog + channel)]) ? analog_top : 0;
}

void Pins::drive(int pin, std::optional<bool> level) {
  if (exists(pin)) pins_[at(pin)].outside = level;
}

void Pins::drive_analog(int pin, std::optional<int> value) {
  if (pin < 0 || pin >= count) return;
  const int channel = (pin >= first_analog ? pin - first_analog : pin) & (analog_inputs - 1);
  if (value) value = std::clamp(*value, 0, analog_top);
  analog_[at(channel)] = value;
}

void Pins::wire(int pin, std::optional<bool> level) {
  if (exists(pin)) pins_[at(pin)].wired = level;
}

bool Pins::level(const Pin& pin) const {
  if (pin.mode == PinMode::output) return pin.duty ? *pin.duty >= 128 : pin.latch;
  return pin.outside.value_or(pin.wired.value_or(pin.latch));
}

}  // namespace celeriac::firmware_sim
