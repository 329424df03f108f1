#include "hal/motion/limits.hpp"

#include <algorithm>
#include <cmath>
#include <format>

namespace celeriac::hal::motion {
namespace {

using firmware::Family;
using firmware::ParameterSet;
using protocol::Json;

/// Coordinates have two decimals: half of the last one is no intention.
constexpr double rounding_mm = 0.005 + 1e-9;

std::optional<Limit> of_setting(const Json& settings, const char* side, Axis axis) {
  const auto key = std::format("soft_limit_{}_{}", side, name(axis));
  const auto found = settings.find(key);
  if (found == settings.end() || !found->is_number()) return std::nullopt;
  return Limit{found->get<double>(), std::format("setting {}", key)};
}

Range of_length(const ParameterSet& parameters, Axis axis) {
  const double length =
      std::abs(static_cast<double>(parameters.get(Family::length, axis))) / parameters.steps_per_mm(axis);
  if (length == 0) return {};
  const bool up = parameters.get(Family::home_up, axis) == 1;
  const auto from = std::format("the length of the axis, movement_axis_nr_steps_{}", name(axis));
  Range range;
  auto& home = up ? range.high : range.low;
  auto& end = up ? range.low : range.high;
  if (parameters.get(Family::stop_at_home, axis) != 1) home = Limit{0, from};
  if (parameters.get(Family::stop_at_max, axis) != 1) end = Limit{up ? -length : length, from};
  return range;
}

// How far outside its range a coordinate is, in mm; negative below.
double outside(const Range& range, double mm) {
  if (range.low && mm < range.low->mm - rounding_mm) return mm - range.low->mm;
  if (range.high && mm > range.high->mm + rounding_mm) return mm - range.high->mm;
  return 0;
}

}  // namespace

PerAxis<Range> limits_of(const ParameterSet& parameters, const Json& settings) {
  PerAxis<Range> limits;
  for (const auto axis : all_axes) {
    limits[axis] = of_length(parameters, axis);
    if (auto low = of_setting(settings, "low", axis)) limits[axis].low = std::move(low);
    if (auto high = of_setting(settings, "high", axis)) limits[axis].high = std::move(high);
  }
  return limits;
}

protocol::Result<void> check_limits(const PerAxis<Range>& limits, const PerAxis<double>& from_mm,
                                    const PerAxis<double>& target_mm) {
  for (const auto axis : all_axes) {
    const double off = outside(limits[axis], target_mm[axis]);
    if (off == 0 || std::abs(target_mm[axis] - from_mm[axis]) <= rounding_mm) continue;
    const double now = outside(limits[axis], from_mm[axis]);
    if (off * now > 0 && std::abs(off) < std::abs(now)) continue;
    const auto& limit = off < 0 ? *limits[axis].low : *limits[axis].high;
    protocol::Error error{
        .status = protocol::Status::wrong_state,
        .message = std::format(
            "{} {:.2f} is beyond the soft limit of the {} axis, {:.2f} mm ({}): nothing was moved.",
            name(axis), target_mm[axis], name(axis), limit.mm, limit.from),
        .code = "soft_limit"};
    error.details = {{"axis", std::string(1, name(axis))},
                     {"coordinate", target_mm[axis]},
                     {"limit", limit.mm},
                     {"from", limit.from}};
    return std::unexpected(std::move(error));
  }
  return {};
}

PerAxis<double> within(const PerAxis<Range>& limits, const PerAxis<double>& from_mm,
                       PerAxis<double> target_mm) {
  for (const auto axis : all_axes) {
    const auto& [low, high] = limits[axis];
    if (high && target_mm[axis] > high->mm)
      target_mm[axis] = std::max(high->mm, std::min(from_mm[axis], target_mm[axis]));
    if (low && target_mm[axis] < low->mm)
      target_mm[axis] = std::min(low->mm, std::max(from_mm[axis], target_mm[axis]));
  }
  return target_mm;
}

}  // namespace celeriac::hal::motion
