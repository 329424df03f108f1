#include "firmware-sim/parameters.hpp"

#include <algorithm>

namespace celeriac::firmware_sim {
namespace {

// Numbers, names and defaults are compile-time constants of the firmware, the same on every board.
constexpr std::array<ParameterRow, 117> rows = {{
    {0, "PARAM_VERSION", 1},
    {2, "PARAM_CONFIG_OK", 0},
    {3, "PARAM_USE_EEPROM", 0},
    {4, "PARAM_E_STOP_ON_MOV_ERR", 0},
    {5, "PARAM_MOV_NR_RETRY", 3},
    {11, "MOVEMENT_TIMEOUT_X", 120},
    {12, "MOVEMENT_TIMEOUT_Y", 120},
    {13, "MOVEMENT_TIMEOUT_Z", 120},
    {15, "MOVEMENT_KEEP_ACTIVE_X", 0},
    {16, "MOVEMENT_KEEP_ACTIVE_Y", 0},
    {17, "MOVEMENT_KEEP_ACTIVE_Z", 1},
    {18, "MOVEMENT_HOME_AT_BOOT_X", 0},
    {19, "MOVEMENT_HOME_AT_BOOT_Y", 0},
    {20, "MOVEMENT_HOME_AT_BOOT_Z", 0},
    {21, "MOVEMENT_INVERT_ENDPOINTS_X", 0},
    {22, "MOVEMENT_INVERT_ENDPOINTS_Y", 0},
    {23, "MOVEMENT_INVERT_ENDPOINTS_Z", 0},
    {25, "MOVEMENT_ENABLE_ENDPOINTS_X", 0},
    {26, "MOVEMENT_ENABLE_ENDPOINTS_Y", 0},
    {27, "MOVEMENT_ENABLE_ENDPOINTS_Z", 0},
    {31, "MOVEMENT_INVERT_MOTOR_X", 0},
    {32, "MOVEMENT_INVERT_MOTOR_Y", 0},
    {33, "MOVEMENT_INVERT_MOTOR_Z", 0},
    {36, "MOVEMENT_SECONDARY_MOTOR_X", 1},
    {37, "MOVEMENT_SECONDARY_MOTOR_INVERT_X", 1},
    {41, "MOVEMENT_STEPS_ACC_DEC_X", 300},
    {42, "MOVEMENT_STEPS_ACC_DEC_Y", 300},
    {43, "MOVEMENT_STEPS_ACC_DEC_Z", 300},
    {44, "MOVEMENT_STEPS_ACC_DEC_Z2", 300, since::home_z2},
    {45, "MOVEMENT_STOP_AT_HOME_X", 0},
    {46, "MOVEMENT_STOP_AT_HOME_Y", 0},
    {47, "MOVEMENT_STOP_AT_HOME_Z", 0},
    {51, "MOVEMENT_HOME_UP_X", 0},
    {52, "MOVEMENT_HOME_UP_Y", 0},
    {53, "MOVEMENT_HOME_UP_Z", 1},
    {55, "MOVEMENT_STEP_PER_MM_X", 5},
    {56, "MOVEMENT_STEP_PER_MM_Y", 5},
    {57, "MOVEMENT_STEP_PER_MM_Z", 25},
    {61, "MOVEMENT_MIN_SPD_X", 50},
    {62, "MOVEMENT_MIN_SPD_Y", 50},
    {63, "MOVEMENT_MIN_SPD_Z", 50},
    {64, "MOVEMENT_MIN_SPD_Z2", 50, since::home_z2},
    {65, "MOVEMENT_HOME_SPD_X", 50},
    {66, "MOVEMENT_HOME_SPD_Y", 50},
    {67, "MOVEMENT_HOME_SPD_Z", 50},
    {71, "MOVEMENT_MAX_SPD_X", 400},
    {72, "MOVEMENT_MAX_SPD_Y", 400},
    {73, "MOVEMENT_MAX_SPD_Z", 400},
    {74, "MOVEMENT_MAX_SPD_Z2", 400, since::home_z2},
    {75, "MOVEMENT_INVERT_2_ENDPOINTS_X", 0},
    {76, "MOVEMENT_INVERT_2_ENDPOINTS_Y", 0},
    {77, "MOVEMENT_INVERT_2_ENDPOINTS_Z", 0},
    {81, "MOVEMENT_MOTOR_CURRENT_X", 600},
    {82, "MOVEMENT_MOTOR_CURRENT_Y", 600},
    {83, "MOVEMENT_MOTOR_CURRENT_Z", 600},
    {85, "MOVEMENT_STALL_SENSITIVITY_X", 30},
    {86, "MOVEMENT_STALL_SENSITIVITY_Y", 30},
    {87, "MOVEMENT_STALL_SENSITIVITY_Z", 30},
    {91, "MOVEMENT_MICROSTEPS_X", 0},
    {92, "MOVEMENT_MICROSTEPS_Y", 0},
    {93, "MOVEMENT_MICROSTEPS_Z", 0},
    {101, "ENCODER_ENABLED_X", 0},
    {102, "ENCODER_ENABLED_Y", 0},
    {103, "ENCODER_ENABLED_Z", 0},
    {105, "ENCODER_TYPE_X", 0},
    {106, "ENCODER_TYPE_Y", 0},
    {107, "ENCODER_TYPE_Z", 0},
    {111, "ENCODER_MISSED_STEPS_MAX_X", 5},
    {112, "ENCODER_MISSED_STEPS_MAX_Y", 5},
    {113, "ENCODER_MISSED_STEPS_MAX_Z", 5},
    {115, "ENCODER_SCALING_X", 5556},
    {116, "ENCODER_SCALING_Y", 5556},
    {117, "ENCODER_SCALING_Z", 5556},
    {121, "ENCODER_MISSED_STEPS_DECAY_X", 5},
    {122, "ENCODER_MISSED_STEPS_DECAY_Y", 5},
    {123, "ENCODER_MISSED_STEPS_DECAY_Z", 5},
    {125, "ENCODER_USE_FOR_POS_X", 0},
    {126, "ENCODER_USE_FOR_POS_Y", 0},
    {127, "ENCODER_USE_FOR_POS_Z", 0},
    {131, "ENCODER_INVERT_X", 0},
    {132, "ENCODER_INVERT_Y", 0},
    {133, "ENCODER_INVERT_Z", 0},
    {141, "MOVEMENT_AXIS_NR_STEPS_X", 0},
    {142, "MOVEMENT_AXIS_NR_STEPS_Y", 0},
    {143, "MOVEMENT_AXIS_NR_STEPS_Z", 0},
    {145, "MOVEMENT_STOP_AT_MAX_X", 0},
    {146, "MOVEMENT_STOP_AT_MAX_Y", 0},
    {147, "MOVEMENT_STOP_AT_MAX_Z", 0},
    {161, "MOVEMENT_CALIBRATION_RETRY_X", 3, since::calibration_retry},
    {162, "MOVEMENT_CALIBRATION_RETRY_Y", 3, since::calibration_retry},
    {163, "MOVEMENT_CALIBRATION_RETRY_Z", 3, since::calibration_retry},
    {165, "MOVEMENT_AXIS_STEALTH_X", 0, since::calibration_retry},
    {166, "MOVEMENT_AXIS_STEALTH_Y", 0, since::calibration_retry},
    {167, "MOVEMENT_AXIS_STEALTH_Z", 0, since::calibration_retry},
    {171, "MOVEMENT_CALIBRATION_DEADZONE_X", 10, since::calibration_retry},
    {172, "MOVEMENT_CALIBRATION_DEADZONE_Y", 10, since::calibration_retry},
    {173, "MOVEMENT_CALIBRATION_DEADZONE_Z", 10, since::calibration_retry},
    {175, "MOVEMENT_CALIBRATION_RETRY_TOTAL_X", 10, since::retry_total},
    {176, "MOVEMENT_CALIBRATION_RETRY_TOTAL_Y", 10, since::retry_total},
    {177, "MOVEMENT_CALIBRATION_RETRY_TOTAL_Z", 10, since::retry_total},
    {198, "PIN_REPORT_1_PIN_NR", 0, since::pin_report},
    {199, "PIN_REPORT_2_PIN_NR", 0, since::pin_report},
    {201, "PIN_GUARD_1_PIN_NR", 0},
    {202, "PIN_GUARD_1_TIME_OUT", 60},
    {203, "PIN_GUARD_1_ACTIVE_STATE", 1},
    {205, "PIN_GUARD_2_PIN_NR", 0},
    {206, "PIN_GUARD_2_TIME_OUT", 60},
    {207, "PIN_GUARD_2_ACTIVE_STATE", 1},
    {211, "PIN_GUARD_3_PIN_NR", 0},
    {212, "PIN_GUARD_3_TIME_OUT", 60},
    {213, "PIN_GUARD_3_ACTIVE_STATE", 1},
    {215, "PIN_GUARD_4_PIN_NR", 0},
    {216, "PIN_GUARD_4_TIME_OUT", 60},
    {217, "PIN_GUARD_4_ACTIVE_STATE", 1},
    {221, "PIN_GUARD_5_PIN_NR", 0},
    {222, "PIN_GUARD_5_TIME_OUT", 60},
    {223, "PIN_GUARD_5_ACTIVE_STATE", 1},
}};

constexpr bool has_four_bytes(int number) {
  return number >= 141 && number <= 143;
}

/// Ids from here on are not written when a blank memory is filled with defaults.
constexpr int first_not_written_on_blank = 150;

}  // namespace

std::span<const ParameterRow> parameter_rows() {
  return rows;
}

Eeprom::Eeprom() {
  bytes_.fill(0xFF);
}

int Eeprom::word(std::size_t address) const {
  return static_cast<std::int16_t>(bytes_[address] | (bytes_[address + 1] << 8));
}

void Eeprom::set_word(std::size_t address, int value) {
  bytes_[address] = static_cast<std::uint8_t>(value & 0xFF);
  bytes_[address + 1] = static_cast<std::uint8_t>((value >> 8) & 0xFF);
}

int Eeprom::load(int number) const {
  const auto address = static_cast<std::size_t>(2 * number);
  if (!has_four_bytes(number)) return word(address);
  return static_cast<int>((static_cast<std::uint32_t>(word(address + 20)) << 16) |
                          (static_cast<std::uint32_t>(word(address)) & 0xFFFFU));
}

void Eeprom::store(int number, int value) {
  const auto address = static_cast<std::size_t>(2 * number);
  set_word(address, value);
  if (has_four_bytes(number)) set_word(address + 20, value >> 16);
}

Parameters::Parameters(Eeprom& eeprom, FirmwareVersion version) : eeprom_(eeprom), version_(version) {
  const bool blank = eeprom_.load(0) <= 0;
  const bool use_stored = !blank && eeprom_.load(parameter::use_eeprom) == 1;
  for (const ParameterRow& row : rows) {
    if (!valid(row.number)) continue;
    auto& value = values_[static_cast<std::size_t>(row.number)];
    value = use_stored ? eeprom_.load(row.number) : row.standard;
    if (use_stored && value < 0) {  // the top bit means "never set"
      value = row.standard;
      eeprom_.store(row.number, value);
    }
    if (blank && row.number < first_not_written_on_blank) eeprom_.store(row.number, value);
  }
}

bool Parameters::valid(int number) const {
  const auto row = std::ranges::lower_bound(rows, number, {}, &ParameterRow::number);
  return row != rows.end() && row->number == number && version_ >= row->since;
}

bool Parameters::set(int number, int value) {
  if (!valid(number)) return false;
  values_[static_cast<std::size_t>(number)] = value;
  eeprom_.store(number, value);
  return true;
}

}  // namespace celeriac::firmware_sim
