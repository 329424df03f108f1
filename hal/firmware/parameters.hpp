#pragma once
// The firmware's 117 parameters: names, units, ranges and defaults, and a set of values.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hal/firmware/axis.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// One past the highest parameter number of the firmware, 223.
inline constexpr std::size_t parameter_slots = 224;

/// A row of the table. Numbers, names and defaults are the firmware's (6.6); it checks no range itself, so
/// the ranges are what makes sense on a machine.
struct Parameter {
  std::uint8_t number;
  std::string_view name;  ///< FarmBot OS' spelling, lower case
  std::string_view unit;  ///< "" for a plain number
  std::int32_t fallback;  ///< what a board has that was never told
  std::int32_t low;
  std::int32_t high;
};

/// All of them, by ascending number.
std::span<const Parameter> parameters() noexcept;
const Parameter* find_parameter(int number) noexcept;
const Parameter* find_parameter(std::string_view name) noexcept;
/// As clients name them: "movement_max_spd_x", "71" or "P71". Status::not_found with "did you mean".
protocol::Result<const Parameter*> parse_parameter(std::string_view text);
/// Status::malformed, naming parameter, unit and range, if a value is no whole number in its range.
protocol::Result<std::int32_t> check_value(const Parameter& parameter, const protocol::Json& value);
/// `{number, unit, lowest, highest, default, writable}`; lowest and highest null where the firmware's type is
/// the limit.
protocol::Json about(const Parameter& parameter);
/// True for those that belong to the hypervisor itself: layout, approval and storage on the board (0, 2, 3).
constexpr bool is_reserved(const Parameter& parameter) noexcept {
  return parameter.number <= 3;
}
/// True if writing it makes a board with Trinamic drivers deaf for about 0.41 s (measured).
constexpr bool reloads_drivers(int number) noexcept {
  return (number >= 81 && number <= 93) || (number >= 165 && number <= 167);
}

/// The first parameter of a family that has one for each axis: x at this number, y and z behind it.
enum class Family : std::uint8_t {
  movement_timeout = 11,
  home_at_boot = 18,
  swap_end_stops = 21,
  enable_end_stops = 25,
  ramp_steps = 41,
  stop_at_home = 45,
  home_up = 51,
  steps_per_mm = 55,
  min_speed = 61,
  home_speed = 65,
  max_speed = 71,
  invert_end_stop_levels = 75,
  missed_steps_max = 111,
  length = 141,
  stop_at_max = 145,
};
inline constexpr int approval = 2;           // 1 lets the board move
inline constexpr int max_speed_z_home = 74;  // z toward home has a limit of its own
constexpr int number_of(Family family, Axis axis) noexcept {
  return static_cast<int>(family) + static_cast<int>(axis);
}

/// Values of some parameters.
class ParameterSet {
 public:
  [[nodiscard]] std::optional<std::int32_t> find(int number) const noexcept {
    return known(number) ? values_[static_cast<std::size_t>(number)] : std::nullopt;
  }
  /// The value, or the firmware's default.
  [[nodiscard]] std::int32_t get(int number) const noexcept;
  [[nodiscard]] std::int32_t get(Family family, Axis axis) const noexcept {
    return get(number_of(family, axis));
  }
  /// Steps per millimetre; the firmware takes values below 1 for 1.
  [[nodiscard]] double steps_per_mm(Axis axis) const noexcept {
    return std::max(1, get(Family::steps_per_mm, axis));
  }
  /// Ignores numbers that are no parameter.
  void set(int number, std::int32_t value) noexcept;
  void clear() noexcept { values_.fill(std::nullopt); }
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  static bool known(int number) noexcept { return number >= 0 && number < static_cast<int>(parameter_slots); }
  std::array<std::optional<std::int32_t>, parameter_slots> values_{};
};

/// The parameters that `wanted` has and `there` has not, or with another value; those of the hypervisor's own
/// left out. By ascending number.
std::vector<Parameter> differences(const ParameterSet& wanted, const ParameterSet& there);

}  // namespace celeriac::hal::firmware
