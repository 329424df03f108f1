#pragma once
// The parameters of the firmware: one table, the memory that survives a reset, and the values in use.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "firmware-sim/axis_name.hpp"
#include "firmware-sim/version.hpp"

namespace celeriac::firmware_sim {

struct ParameterRow {
  int number;
  std::string_view name;  ///< as the firmware's source has it
  int standard;           ///< the default after a reset
  FirmwareVersion since = {0, 0, 0};
};

/// Every valid id, ascending: the order of the boot dump and of F20.
[[nodiscard]] std::span<const ParameterRow> parameter_rows();

/// Ids that the firmware itself reads. Those of an axis are named by X's; Y's and Z's follow.
namespace parameter {
inline constexpr int config_ok = 2;
inline constexpr int use_eeprom = 3;
inline constexpr int stop_on_error = 4;
inline constexpr int attempts = 5;
inline constexpr int timeout = 11;
inline constexpr int keep_active = 15;
inline constexpr int home_at_boot = 18;
inline constexpr int swap_end_stops = 21;
inline constexpr int enable_end_stops = 25;
inline constexpr int invert_motor = 31;
inline constexpr int ramp_steps = 41;
inline constexpr int stop_at_home = 45;
inline constexpr int home_up = 51;
inline constexpr int steps_per_mm = 55;
inline constexpr int min_speed = 61;
inline constexpr int home_speed = 65;
inline constexpr int max_speed = 71;
inline constexpr int max_speed_z_home = 74;
inline constexpr int invert_end_stops = 75;
inline constexpr int encoder_enabled = 101;
inline constexpr int missed_steps_max = 111;
inline constexpr int encoder_scaling = 115;
inline constexpr int missed_steps_decay = 121;
inline constexpr int encoder_for_position = 125;
inline constexpr int encoder_invert = 131;
inline constexpr int length = 141;
inline constexpr int stop_at_max = 145;
inline constexpr int calibration_retry = 161;
inline constexpr int dead_zone = 171;
inline constexpr int calibration_retry_total = 175;
inline constexpr std::array<int, 2> pin_reports = {198, 199};
/// The pin of each guard; its seconds and its active level follow.
inline constexpr std::array<int, 5> pin_guards = {201, 205, 211, 215, 221};
}  // namespace parameter

/// Two bytes for each id, four for the axis lengths; blank is all ones. Lives as long as the board.
class Eeprom {
 public:
  Eeprom();

  [[nodiscard]] int load(int number) const;
  void store(int number, int value);

 private:
  [[nodiscard]] int word(std::size_t address) const;
  void set_word(std::size_t address, int value);

  std::array<std::uint8_t, 4096> bytes_{};
};

/// The values in memory. Making one is what the firmware does at boot: stored values where P3 was stored as
/// 1, defaults otherwise.
class Parameters {
 public:
  Parameters(Eeprom& eeprom, FirmwareVersion version);

  /// Whether this release knows the id.
  [[nodiscard]] bool valid(int number) const;
  /// 0 for an id that this release does not know.
  [[nodiscard]] int get(int number) const { return values_[static_cast<std::size_t>(number)]; }
  [[nodiscard]] int get(int first_of_axis, AxisName axis) const {
    return get(first_of_axis + static_cast<int>(index(axis)));
  }
  /// Any 32-bit value is taken, and written to the EEPROM at once. False: unknown id, nothing done.
  bool set(int number, int value);

 private:
  Eeprom& eeprom_;
  FirmwareVersion version_;
  std::array<int, 224> values_{};
};

}  // namespace celeriac::firmware_sim
