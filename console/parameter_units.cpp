#include "console/parameter_units.hpp"

#include <algorithm>

namespace celeriac::console {
namespace {

/// A family of parameters differs in its end only: the axis, or the number of a guard.
struct Family {
  std::string_view begin, end, unit;
};

// As the firmware's own documentation of its parameters has them. Switches (0 or 1) and counts have no unit.
constexpr Family families[] = {
    {"encoder_missed_steps_decay_", "", "%"},
    {"encoder_missed_steps_max_", "", "steps"},
    {"encoder_scaling_", "", "1/10000"},
    {"movement_axis_nr_steps_h_", "", ""},
    {"movement_axis_nr_steps_", "", "steps"},
    {"movement_calibration_deadzone_", "", "steps"},
    {"movement_home_spd_", "", "steps/s"},
    {"movement_max_spd_", "", "steps/s"},
    {"movement_min_spd_", "", "steps/s"},
    {"movement_motor_current_", "", "mA"},
    {"movement_steps_acc_dec_", "", "steps"},
    {"movement_step_per_mm_", "", "steps/mm"},
    {"movement_timeout_", "", "s"},
    {"pin_guard_", "_time_out", "s"},
    {"param_mov_nr_retry", "", "attempts"},
    {"safe_height", "", "mm"},
    {"soil_height", "", "mm"},
};

}  // namespace

std::string_view unit_of_parameter(std::string_view name) {
  const auto found = std::ranges::find_if(
      families, [&](const Family& row) { return name.starts_with(row.begin) && name.ends_with(row.end); });
  return found != std::end(families) ? found->unit : "";
}

}  // namespace celeriac::console
