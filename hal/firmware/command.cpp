#include "hal/firmware/command.hpp"

#include <cmath>
#include <format>
#include <initializer_list>

namespace celeriac::hal::firmware {
namespace {

struct Word {
  template <class Number>
  constexpr Word(char named, Number number) : letter(named), value(static_cast<double>(number)) {}
  char letter;
  double value;
};

std::string words(std::string_view code, std::initializer_list<Word> list) {
  std::string text(code);
  for (const auto& word : list)
    std::format_to(std::back_inserter(text), " {}{:.2f}", word.letter, word.value);
  return text;
}

Command for_axis(int first, Axis axis, Work work, std::string_view what) {
  return {.text = std::format("F{}", first + static_cast<int>(axis)),
          .work = work,
          .what = std::format("{} the {} axis", what, name(axis)),
          .axis = axis};
}

}  // namespace

protocol::Result<Command> move(const PerAxis<double>& target_mm, const PerAxis<double>& speeds) {
  for (const auto axis : all_axes)
    if (!std::isfinite(target_mm[axis]) || std::abs(target_mm[axis]) > max_coordinate_mm ||
        !std::isfinite(speeds[axis]))
      return protocol::fail(
          protocol::Status::malformed,
          std::format("The {} coordinate is out of all reach: give millimetres within {:.0f}.", name(axis),
                      max_coordinate_mm));
  using enum Axis;
  return Command{.text = words("G00", {{'X', target_mm[x]},
                                       {'Y', target_mm[y]},
                                       {'Z', target_mm[z]},
                                       {'A', speeds[x]},
                                       {'B', speeds[y]},
                                       {'C', speeds[z]}}),
                 .work = Work::move,
                 .what = std::format("the move to x {:.2f}, y {:.2f}, z {:.2f}", target_mm[x], target_mm[y],
                                     target_mm[z]),
                 .target_mm = target_mm};
}

Command find_home(Axis axis) {
  return for_axis(11, axis, Work::homing, "finding home of");
}
Command find_length(Axis axis) {
  return for_axis(14, axis, Work::calibration, "calibrating");
}

Command set_zero(const PerAxis<bool>& axes) {
  using enum Axis;
  return {.text = words("F84",
                        {{'X', axes[x] ? 1.0 : 0.0}, {'Y', axes[y] ? 1.0 : 0.0}, {'Z', axes[z] ? 1.0 : 0.0}}),
          .what = "setting zero"};
}

Command read_parameters() {
  return {.text = "F20", .what = "reading the parameters"};
}

Command write_parameter(int number, std::int32_t value) {
  return {.text = words("F22", {{'P', number}, {'V', value}}),
          .what = std::format("writing parameter {}", number)};
}

Command write_pin(int pin, int value, int mode) {
  return {.text = words("F41", {{'P', pin}, {'V', value}, {'M', mode}}),
          .what = std::format("writing pin {}", pin)};
}

Command read_pin(int pin, int mode) {
  return {.text = words("F42", {{'P', pin}, {'M', mode}}), .what = std::format("reading pin {}", pin)};
}

Command set_pin_mode(int pin, int mode) {
  return {.text = words("F43", {{'P', pin}, {'M', mode}}),
          .what = std::format("setting the mode of pin {}", pin)};
}

Command set_servo(int pin, int degrees) {
  return {.text = words("F61", {{'P', pin}, {'V', degrees}}),
          .what = std::format("turning the servo on pin {}", pin)};
}

Command read_position() {
  return {.text = "F82", .what = "reading the position"};
}
Command read_version() {
  return {.text = "F83", .what = "reading the version"};
}
Command release_emergency_stop() {
  return {.text = "F09", .what = "unlocking"};
}

std::string line(const Command& command, int q) {
  return std::format("{} Q{}\n", command.text, q);
}

}  // namespace celeriac::hal::firmware
