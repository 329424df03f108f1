#pragma once
// The pins of the ATmega2560 as the Arduino functions see them: direction, latch, PWM, analog inputs, and
// what the world outside drives into them.

#include <array>
#include <functional>
#include <optional>
#include <utility>

namespace celeriac::firmware_sim {

enum class PinMode : unsigned char { input, output, input_pull_up };

class Pins {
 public:
  static constexpr int count = 70;         ///< digital pins 0..69
  static constexpr int first_analog = 54;  ///< pin 54 + n is analog input n
  static constexpr int analog_inputs = 16;

  /// Everything an input without pull-up, latches low. What is driven from outside stays.
  void reset();

  void set_mode(int pin, PinMode mode);
  void write(int pin, bool level);
  /// Makes the pin an output. 0 and 255 are plain levels, as is everything on a pin without PWM.
  void write_pwm(int pin, int duty);
  /// The level; ends PWM on the pin, as the Arduino's digitalRead does. Pins outside 0..69 read 0.
  [[nodiscard]] bool read(int pin);
  /// The level without touching the PWM; a duty of half and more counts as high.
  [[nodiscard]] bool level(int pin) const;
  /// The share of time in which the pin drives its load, 0..1. An input drives nothing.
  [[nodiscard]] double output_duty(int pin) const;
  /// 0..1023. Numbers 0..15 and 54..69 name the sixteen analog inputs.
  [[nodiscard]] int read_analog(int pin) const;

  /// What the world outside drives into an input; nothing lets the pull-up decide.
  void drive(int pin, std::optional<bool> level);
  void drive_analog(int pin, std::optional<int> value);
  /// What a sensor on the bot shows at the moment of reading; `drive_analog` overrides it.
  void connect_sensor(int pin, std::function<int()> reading);
  /// Called with a pin whose `output_duty` may have changed.
  void on_output(std::function<void(int)> changed) { on_output_ = std::move(changed); }
  /// What the bot's own switches drive; `drive` overrides it.
  void wire(int pin, std::optional<bool> level);

 private:
  struct Pin {
    PinMode mode = PinMode::input;
    bool latch = false;
    std::optional<int> duty = {};
    std::optional<bool> wired = {};
    std::optional<bool> outside = {};
  };
  [[nodiscard]] static bool exists(int pin) { return pin >= 0 && pin < count; }
  [[nodiscard]] bool level(const Pin& pin) const;
  void tell(int pin) const {
    if (on_output_) on_output_(pin);
  }

  std::array<Pin, count> pins_{};
  std::array<std::optional<int>, analog_inputs> analog_{};
  std::array<std::function<int()>, analog_inputs> sensors_{};
  std::function<void(int)> on_output_;
};

}  // namespace celeriac::firmware_sim
