#include "firmware-sim/pins.hpp"

#include <algorithm>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

constexpr int analog_top = 1023;
constexpr double pwm_top = 255;

constexpr bool has_pwm(int pin) {
  return (pin >= 2 && pin <= 13) || (pin >= 44 && pin <= 46);
}

constexpr std::size_t at(int number) {
  return static_cast<std::size_t>(number);
}

constexpr int channel_of(int pin) {
  return (pin >= Pins::first_analog ? pin - Pins::first_analog : pin) & (Pins::analog_inputs - 1);
}

}  // namespace

void Pins::reset() {
  for (int number = 0; number < count; ++number) {
    Pin& pin = pins_[at(number)];
    pin = Pin{.wired = pin.wired, .outside = pin.outside};
    tell(number);
  }
}

void Pins::set_mode(int pin, PinMode mode) {
  if (!exists(pin)) return;
  Pin& target = pins_[at(pin)];
  target.mode = mode;
  if (mode != PinMode::output) target.latch = mode == PinMode::input_pull_up;
  tell(pin);
}

void Pins::write(int pin, bool level) {
  if (!exists(pin)) return;
  pins_[at(pin)].duty.reset();
  pins_[at(pin)].latch = level;
  tell(pin);
}

void Pins::write_pwm(int pin, int duty) {
  if (!exists(pin)) return;
  set_mode(pin, PinMode::output);
  duty &= 0xFFFF;
  if (duty == 0 || duty == 255 || !has_pwm(pin)) {
    write(pin, duty >= 128);
  } else {
    pins_[at(pin)].duty = duty & 0xFF;
    tell(pin);
  }
}

bool Pins::read(int pin) {
  if (!exists(pin)) return false;
  if (std::exchange(pins_[at(pin)].duty, std::nullopt)) tell(pin);
  return level(pins_[at(pin)]);
}

bool Pins::level(int pin) const {
  return exists(pin) && level(pins_[at(pin)]);
}

double Pins::output_duty(int pin) const {
  if (!exists(pin) || pins_[at(pin)].mode != PinMode::output) return 0;
  const Pin& output = pins_[at(pin)];
  return output.duty ? *output.duty / pwm_top : output.latch ? 1 : 0;
}

int Pins::read_analog(int pin) const {
  const int channel = channel_of(pin);
  if (const auto& value = analog_[at(channel)]) return *value;
  if (const auto& sensor = sensors_[at(channel)]) return std::clamp(sensor(), 0, analog_top);
  return level(pins_[at(first_analog + channel)]) ? analog_top : 0;
}

void Pins::drive(int pin, std::optional<bool> level) {
  if (exists(pin)) pins_[at(pin)].outside = level;
}

void Pins::drive_analog(int pin, std::optional<int> value) {
  if (pin < 0 || pin >= count) return;
  if (value) value = std::clamp(*value, 0, analog_top);
  analog_[at(channel_of(pin))] = value;
}

void Pins::connect_sensor(int pin, std::function<int()> reading) {
  if (exists(pin)) sensors_[at(channel_of(pin))] = std::move(reading);
}

void Pins::wire(int pin, std::optional<bool> level) {
  if (exists(pin)) pins_[at(pin)].wired = level;
}

bool Pins::level(const Pin& pin) const {
  if (pin.mode == PinMode::output) return pin.duty ? *pin.duty >= 128 : pin.latch;
  return pin.outside.value_or(pin.wired.value_or(pin.latch));
}

}  // namespace celeriac::firmware_sim
