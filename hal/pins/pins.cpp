#include "hal/pins/pins.hpp"

#include <algorithm>
#include <cmath>
#include <format>

namespace celeriac::hal::pins {
namespace {

using protocol::Result;
using protocol::Status;

constexpr int servo_pins[] = {4, 5, 6, 11};
/// Outputs from the board's start: water, vacuum, peripheral, lamp (the firmware's source, all boards).
constexpr int born_outputs[] = {8, 9, 10, 13};

}  // namespace

Result<int> check_pin(std::int64_t number) {
  if (number >= 0 && number < firmware::pin_count) return static_cast<int>(number);
  return protocol::fail(Status::not_found, std::format("There is no pin {}: the board's pins are 0 to {}.",
                                                       number, firmware::pin_count - 1));
}

Result<int> check_servo_pin(std::int64_t number) {
  if (std::ranges::find(servo_pins, number) != std::end(servo_pins)) return static_cast<int>(number);
  return protocol::fail(
      Status::not_found,
      std::format("There is no servo on pin {}: servos are on pins 4, 5, 6 and 11.", number));
}

Result<int> check_value(double value, Mode mode) {
  const int highest = mode == Mode::digital ? 1 : 255;
  if (std::trunc(value) == value && value >= 0 && value <= highest) return static_cast<int>(value);
  return protocol::fail(Status::malformed,
                        mode == Mode::digital
                            ? std::string("The value of a digital pin must be 0 or 1.")
                            : std::string("The value of an analog (PWM) pin must be from 0 to 255."));
}

Result<int> check_angle(int pin, double degrees, ServoLimits limits) {
  constexpr double highest = 180;
  if (!(degrees >= 0 && degrees <= highest))
    return protocol::fail(Status::malformed, "A servo turns from 0 to 180 degrees.");
  const auto whole = std::lround(degrees);
  const auto sent = static_cast<double>(whole);
  if (sent >= limits.low && sent <= limits.high) return static_cast<int>(whole);
  const auto settings = std::format("the settings servo_low_{0} and servo_high_{0}", pin);
  return protocol::fail(
      Status::malformed,
      limits.low > limits.high
          ? std::format("The servo on pin {} cannot be turned: {} leave it no angle, from {} to {} degrees.",
                        pin, settings, limits.low, limits.high)
          : std::format("The servo on pin {} may turn from {} to {} degrees here, not to {}: {} say so.", pin,
                        limits.low, limits.high, whole, settings));
}

Pins::Task<void> Pins::make_output(int pin) {
  const auto index = static_cast<std::size_t>(pin);
  if (directed_[index] || std::ranges::find(born_outputs, pin) != std::end(born_outputs))
    co_return Result<void>{};
  const auto answer =
      co_await link_.execute(firmware::set_pin_mode(pin, static_cast<int>(Direction::output)));
  if (!answer) co_return std::unexpected(answer.error());
  directed_.set(index);
  co_return Result<void>{};
}

Pins::Task<void> Pins::write(int pin, int value, Mode mode) {
  if (mode == Mode::digital)
    if (const auto made = co_await make_output(pin); !made) co_return made;
  const auto written = co_await link_.execute(firmware::write_pin(pin, value, static_cast<int>(mode)));
  if (!written) co_return std::unexpected(written.error());
  if (mode == Mode::analog) {  // PWM cannot be read back
    link_.board().set_pin(pin, value, 1);
    co_return Result<void>{};
  }
  const auto shown = co_await read(pin, mode);
  if (!shown) co_return std::unexpected(shown.error());
  if (*shown != value)
    co_return protocol::fail(
        Status::hardware_fault,
        std::format("Pin {} was set to {} but reads {}: is it an output, and is nothing shorting it?", pin,
                    value, *shown));
  co_return Result<void>{};
}

Pins::Task<int> Pins::read(int pin, Mode mode) {
  const auto answer = co_await link_.execute(firmware::read_pin(pin, static_cast<int>(mode)));
  if (!answer) co_return std::unexpected(answer.error());
  const auto value = answer->find(firmware::Code::pin, pin);
  if (!value || *value < 0 || *value > 65535)
    co_return protocol::fail(Status::hardware_fault, std::format("The board gave no value for pin {}.", pin));
  link_.board().set_pin(pin, *value, static_cast<int>(mode));
  co_return static_cast<int>(*value);
}

Pins::Task<void> Pins::toggle(int pin) {
  if (const auto made = co_await set_direction(pin, Direction::output); !made) co_return made;
  const auto now = co_await read(pin, Mode::digital);
  if (!now) co_return std::unexpected(now.error());
  co_return co_await write(pin, *now == 0 ? 1 : 0, Mode::digital);
}

Pins::Task<void> Pins::set_direction(int pin, Direction direction) {
  const auto answer = co_await link_.execute(firmware::set_pin_mode(pin, static_cast<int>(direction)));
  if (!answer) co_return std::unexpected(answer.error());
  directed_.set(static_cast<std::size_t>(pin));
  co_return Result<void>{};
}

Pins::Task<void> Pins::set_servo(int pin, int degrees) {
  const auto answer = co_await link_.execute(firmware::set_servo(pin, degrees));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<void>{};
}

}  // namespace celeriac::hal::pins
