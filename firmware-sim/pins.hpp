#pragma once
// The pins of the ATmega2560 as the Arduino functions see them: direction, latch, PWM, analog inputs, and
// what the world outside drives into them.

#include <array>
#include <optional>

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
  /// 0..1023. Numbers 0..15 and 54..69 name the sixteen analog inputs.
  [[nodiscard]] int read_analog(int pin) const;

  /// What the world outside drives into an input; nothing lets the pull-up decide.
  void drive(int pin, std::optional<bool> level);
  void drive_analog(int pin, std::optional<int> value);
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

  std::array<Pin, count> pins_{};
  std::array<std::optional<int>, analog_inputs> analog_{};
};

}  // namespace celeriac::firmware_sim
