// F11, F12, F13: drive into the home switch until two approaches agree.

#include <cstdint>
#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr float away_mm = 10;
constexpr int tolerance_mm = 20;
constexpr Duration retry_pause = std::chrono::milliseconds(500);

}  // namespace

/// Errors of segments do not end the loop; only E and @ do. Without a switch or stall detection it is
/// endless.
Routine<int> Firmware::find_home(AxisName axis) {
  const std::size_t i = index(axis);
  const PerAxis<float> others = stored_millimetres();
  const auto target = [&](float millimetres, std::optional<AxisName> homing) {
    Target result{.millimetres = others, .homing = homing};
    result.millimetres[i] = millimetres;
    return result;
  };
  const int per_mm = steps_per_mm(axis);
  std::int64_t missed_max = parameter_of(parameter::missed_steps_max, axis);
  if (hw_.profile.stall_guard) missed_max += parameter_of(parameter::missed_steps_decay, axis);
  if (parameter_of(parameter::steps_per_mm, axis) <= 0) missed_max = 0;
  const float away = parameter_of(parameter::home_up, axis) == 1 ? -away_mm : away_mm;

  Failure failure = Failure::none;
  if (axis == AxisName::z) failure = co_await segment(target(0, axis));
  for (bool first = true;; first = false) {
    if (first) failure = co_await segment(target(0, std::nullopt));
    failure = co_await segment(target(away, std::nullopt));
    if (interrupted()) break;
    failure = co_await segment(target(0, axis));
    if (interrupted()) break;

    PerAxis<int> millimetres{};
    for (const AxisName each : all_axes) {
      millimetres[index(each)] = displaced_[index(each)] / steps_per_mm(each);
    }
    if (axis == AxisName::y) {
      print(std::format("R99 homing displaced X {} Y {} Z {} M {} M {}\r\n", millimetres[0], millimetres[1],
                        millimetres[2], missed_max, per_mm));
    } else {
      print(std::format("R99 homing displaced X {} / {} Y {} / {} Z {} / {}\r\n", displaced_[0],
                        millimetres[0], displaced_[1], millimetres[1], displaced_[2], millimetres[2]));
    }
    const std::int64_t limit = tolerance_mm + missed_max / per_mm;
    if (axis == AxisName::y ? millimetres[i] <= limit : millimetres[i] < limit) {
      stored_[i] = 0;
      break;
    }
    co_await hw_.cpu.sleep(retry_pause);
  }
  co_return static_cast<int>(failure);
}

}  // namespace celeriac::firmware_sim
