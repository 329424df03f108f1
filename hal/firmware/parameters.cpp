#include "hal/firmware/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <format>
#include <ranges>

#include "protocol/words.hpp"

namespace celeriac::hal::firmware {
namespace {

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();

// clang-format off
constexpr Parameter table[] = {
    // number, name, unit, default, lowest, highest
    {0, "param_version", "", 1, lowest, highest},
    {2, "param_config_ok", "boolean", 0, 0, 1},
    {3, "param_use_eeprom", "boolean", 0, 0, 1},
    {4, "param_e_stop_on_mov_err", "boolean", 0, 0, 1},
    {5, "param_mov_nr_retry", "attempts", 3, 0, highest},
    {11, "movement_timeout_x", "s", 120, 0, highest},
    {12, "movement_timeout_y", "s", 120, 0, highest},
    {13, "movement_timeout_z", "s", 120, 0, highest},
    {15, "movement_keep_active_x", "boolean", 0, 0, 1},
    {16, "movement_keep_active_y", "boolean", 0, 0, 1},
    {17, "movement_keep_active_z", "boolean", 1, 0, 1},
    {18, "movement_home_at_boot_x", "boolean", 0, 0, 1},
    {19, "movement_home_at_boot_y", "boolean", 0, 0, 1},
    {20, "movement_home_at_boot_z", "boolean", 0, 0, 1},
    {21, "movement_invert_endpoints_x", "boolean", 0, 0, 1},
    {22, "movement_invert_endpoints_y", "boolean", 0, 0, 1},
    {23, "movement_invert_endpoints_z", "boolean", 0, 0, 1},
    {25, "movement_enable_endpoints_x", "boolean", 0, 0, 1},
    {26, "movement_enable_endpoints_y", "boolean", 0, 0, 1},
    {27, "movement_enable_endpoints_z", "boolean", 0, 0, 1},
    {31, "movement_invert_motor_x", "boolean", 0, 0, 1},
    {32, "movement_invert_motor_y", "boolean", 0, 0, 1},
    {33, "movement_invert_motor_z", "boolean", 0, 0, 1},
    {36, "movement_secondary_motor_x", "boolean", 1, 0, 1},
    {37, "movement_secondary_motor_invert_x", "boolean", 1, 0, 1},
    {41, "movement_steps_acc_dec_x", "steps", 300, 1, highest},
    {42, "movement_steps_acc_dec_y", "steps", 300, 1, highest},
    {43, "movement_steps_acc_dec_z", "steps", 300, 1, highest},
    {44, "movement_steps_acc_dec_z2", "steps", 300, 1, highest},
    {45, "movement_stop_at_home_x", "boolean", 0, 0, 1},
    {46, "movement_stop_at_home_y", "boolean", 0, 0, 1},
    {47, "movement_stop_at_home_z", "boolean", 0, 0, 1},
    {51, "movement_home_up_x", "boolean", 0, 0, 1},
    {52, "movement_home_up_y", "boolean", 0, 0, 1},
    {53, "movement_home_up_z", "boolean", 1, 0, 1},
    {55, "movement_step_per_mm_x", "steps/mm", 5, 1, highest},
    {56, "movement_step_per_mm_y", "steps/mm", 5, 1, highest},
    {57, "movement_step_per_mm_z", "steps/mm", 25, 1, highest},
    {61, "movement_min_spd_x", "steps/s", 50, 1, highest},
    {62, "movement_min_spd_y", "steps/s", 50, 1, highest},
    {63, "movement_min_spd_z", "steps/s", 50, 1, highest},
    {64, "movement_min_spd_z2", "steps/s", 50, 1, highest},
    {65, "movement_home_spd_x", "steps/s", 50, 1, highest},
    {66, "movement_home_spd_y", "steps/s", 50, 1, highest},
    {67, "movement_home_spd_z", "steps/s", 50, 1, highest},
    {71, "movement_max_spd_x", "steps/s", 400, 1, highest},
    {72, "movement_max_spd_y", "steps/s", 400, 1, highest},
    {73, "movement_max_spd_z", "steps/s", 400, 1, highest},
    {74, "movement_max_spd_z2", "steps/s", 400, 1, highest},
    {75, "movement_invert_2_endpoints_x", "boolean", 0, 0, 1},
    {76, "movement_invert_2_endpoints_y", "boolean", 0, 0, 1},
    {77, "movement_invert_2_endpoints_z", "boolean", 0, 0, 1},
    {81, "movement_motor_current_x", "mA", 600, lowest, highest},
    {82, "movement_motor_current_y", "mA", 600, lowest, highest},
    {83, "movement_motor_current_z", "mA", 600, lowest, highest},
    {85, "movement_stall_sensitivity_x", "", 30, -63, 63},
    {86, "movement_stall_sensitivity_y", "", 30, -63, 63},
    {87, "movement_stall_sensitivity_z", "", 30, -63, 63},
    {91, "movement_microsteps_x", "", 0, 0, 256},
    {92, "movement_microsteps_y", "", 0, 0, 256},
    {93, "movement_microsteps_z", "", 0, 0, 256},
    {101, "encoder_enabled_x", "boolean", 0, 0, 1},
    {102, "encoder_enabled_y", "boolean", 0, 0, 1},
    {103, "encoder_enabled_z", "boolean", 0, 0, 1},
    {105, "encoder_type_x", "", 0, 0, 1},
    {106, "encoder_type_y", "", 0, 0, 1},
    {107, "encoder_type_z", "", 0, 0, 1},
    {111, "encoder_missed_steps_max_x", "missed steps", 5, 1, highest},
    {112, "encoder_missed_steps_max_y", "missed steps", 5, 1, highest},
    {113, "encoder_missed_steps_max_z", "missed steps", 5, 1, highest},
    {115, "encoder_scaling_x", "1/10000", 5556, 1, highest},
    {116, "encoder_scaling_y", "1/10000", 5556, 1, highest},
    {117, "encoder_scaling_z", "1/10000", 5556, 1, highest},
    {121, "encoder_missed_steps_decay_x", "percent", 5, 1, 99},
    {122, "encoder_missed_steps_decay_y", "percent", 5, 1, 99},
    {123, "encoder_missed_steps_decay_z", "percent", 5, 1, 99},
    {125, "encoder_use_for_pos_x", "boolean", 0, 0, 1},
    {126, "encoder_use_for_pos_y", "boolean", 0, 0, 1},
    {127, "encoder_use_for_pos_z", "boolean", 0, 0, 1},
    {131, "encoder_invert_x", "boolean", 0, 0, 1},
    {132, "encoder_invert_y", "boolean", 0, 0, 1},
    {133, "encoder_invert_z", "boolean", 0, 0, 1},
    {141, "movement_axis_nr_steps_x", "steps", 0, 0, 2147483647},
    {142, "movement_axis_nr_steps_y", "steps", 0, 0, 2147483647},
    {143, "movement_axis_nr_steps_z", "steps", 0, 0, 2147483647},
    {145, "movement_stop_at_max_x", "boolean", 0, 0, 1},
    {146, "movement_stop_at_max_y", "boolean", 0, 0, 1},
    {147, "movement_stop_at_max_z", "boolean", 0, 0, 1},
    {161, "movement_calibration_retry_x", "", 3, 0, highest},
    {162, "movement_calibration_retry_y", "", 3, 0, highest},
    {163, "movement_calibration_retry_z", "", 3, 0, highest},
    {165, "movement_axis_stealth_x", "boolean", 0, 0, 1},
    {166, "movement_axis_stealth_y", "boolean", 0, 0, 1},
    {167, "movement_axis_stealth_z", "boolean", 0, 0, 1},
    {171, "movement_calibration_deadzone_x", "steps", 10, 0, highest},
    {172, "movement_calibration_deadzone_y", "steps", 10, 0, highest},
    {173, "movement_calibration_deadzone_z", "steps", 10, 0, highest},
    {175, "movement_calibration_retry_total_x", "", 10, 1, highest},
    {176, "movement_calibration_retry_total_y", "", 10, 1, highest},
    {177, "movement_calibration_retry_total_z", "", 10, 1, highest},
    {198, "pin_report_1_pin_nr", "pin", 0, 0, 69},
    {199, "pin_report_2_pin_nr", "pin", 0, 0, 69},
    {201, "pin_guard_1_pin_nr", "pin", 0, 0, 69},
    {202, "pin_guard_1_time_out", "s", 60, 0, highest},
    {203, "pin_guard_1_active_state", "boolean", 1, 0, 1},
    {205, "pin_guard_2_pin_nr", "pin", 0, 0, 69},
    {206, "pin_guard_2_time_out", "s", 60, 0, highest},
    {207, "pin_guard_2_active_state", "boolean", 1, 0, 1},
    {211, "pin_guard_3_pin_nr", "pin", 0, 0, 69},
    {212, "pin_guard_3_time_out", "s", 60, 0, highest},
    {213, "pin_guard_3_active_state", "boolean", 1, 0, 1},
    {215, "pin_guard_4_pin_nr", "pin", 0, 0, 69},
    {216, "pin_guard_4_time_out", "s", 60, 0, highest},
    {217, "pin_guard_4_active_state", "boolean", 1, 0, 1},
    {221, "pin_guard_5_pin_nr", "pin", 0, 0, 69},
    {222, "pin_guard_5_time_out", "s", 60, 0, highest},
    {223, "pin_guard_5_active_state", "boolean", 1, 0, 1},
};
// clang-format on
static_assert(std::size(table) == 117);

// Row of each number, 0 for none, otherwise one more than its index.
constexpr auto row_of_number = [] {
  std::array<std::uint8_t, parameter_slots> rows{};
  for (std::size_t i = 0; i < std::size(table); ++i) rows[table[i].number] = static_cast<std::uint8_t>(i + 1);
  return rows;
}();

std::string range_of(const Parameter& row) {
  const auto unit = row.unit.empty() || row.unit == "boolean" ? "" : std::format(" {}", row.unit);
  if (row.low == lowest && row.high == highest) return std::format("a whole number{}", unit);
  if (row.high == highest) return std::format("a whole number from {}{}", row.low, unit);
  return std::format("a whole number from {} to {}{}", row.low, row.high, unit);
}

}  // namespace

std::span<const Parameter> parameters() noexcept {
  return table;
}

const Parameter* find_parameter(int number) noexcept {
  if (number < 0 || number >= static_cast<int>(parameter_slots)) return nullptr;
  const auto row = row_of_number[static_cast<std::size_t>(number)];
  return row == 0 ? nullptr : &table[row - 1];
}

const Parameter* find_parameter(std::string_view name) noexcept {
  const auto row = std::ranges::find(table, name, &Parameter::name);
  return row == std::end(table) ? nullptr : row;
}

protocol::Result<const Parameter*> parse_parameter(std::string_view text) {
  if (const auto* row = find_parameter(text)) return row;
  auto digits = text;
  if (!digits.empty() && (digits.front() == 'P' || digits.front() == 'p')) digits.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && end == digits.data() + digits.size())
    if (const auto* row = find_parameter(number)) return row;
  const auto near = protocol::closest(text, table | std::views::transform(&Parameter::name));
  return protocol::fail(protocol::Status::not_found,
                        std::format("The firmware has no parameter \"{}\".{}", protocol::shown(text),
                                    near.empty() ? "" : std::format(" Did you mean \"{}\"?", near)));
}

protocol::Result<std::int32_t> check_value(const Parameter& row, const protocol::Json& value) {
  const bool flag = value.is_boolean();
  const double number = flag                ? (value.get<bool>() ? 1.0 : 0.0)
                        : value.is_number() ? value.get<double>()
                                            : 0.5;
  if (!std::isfinite(number) || std::trunc(number) != number || number < row.low || number > row.high)
    return protocol::fail(protocol::Status::malformed,
                          std::format("{} must be {}.", row.name, range_of(row)));
  return static_cast<std::int32_t>(number);
}

protocol::Json about(const Parameter& row) {
  return {{"number", row.number},
          {"unit", row.unit},
          {"lowest", row.low == lowest ? protocol::Json(nullptr) : protocol::Json(row.low)},
          {"highest", row.high == highest ? protocol::Json(nullptr) : protocol::Json(row.high)},
          {"default", row.fallback},
          {"writable", !is_reserved(row)}};
}

std::int32_t ParameterSet::get(int number) const noexcept {
  if (const auto value = find(number)) return *value;
  const auto* row = find_parameter(number);
  return row == nullptr ? 0 : row->fallback;
}

void ParameterSet::set(int number, std::int32_t value) noexcept {
  if (find_parameter(number) != nullptr) values_[static_cast<std::size_t>(number)] = value;
}

std::size_t ParameterSet::size() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(values_, [](const auto& v) { return v.has_value(); }));
}

std::vector<Parameter> differences(const ParameterSet& wanted, const ParameterSet& there) {
  std::vector<Parameter> found;
  for (const auto& row : table) {
    const auto value = wanted.find(row.number);
    if (value && !is_reserved(row) && there.find(row.number) != value) found.push_back(row);
  }
  return found;
}

}  // namespace celeriac::hal::firmware
