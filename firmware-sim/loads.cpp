#include "firmware-sim/loads.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace celeriac::firmware_sim {
namespace {

constexpr int soil_sensor_pin = 59;

/// A peripheral as the boards have it. Counts of the current sensor are made up, apart enough to be told from
/// each other.
struct PeripheralRow {
  std::string_view name;
  int pin;
  int current_pin;
  int current_counts;
  double litres_per_second = 0;
};
constexpr auto peripherals = std::to_array<PeripheralRow>({
    {"lighting", 7, 54, 240},
    {"water", 8, 55, 310, valve_litres_per_second},
    {"vacuum", 9, 58, 420},
    {"peripheral 4", 10, 57, 180},
    {"peripheral 5", 12, 56, 200},
    {"rotary tool forward", 2, 60, 600},
    {"rotary tool reverse", 3, 60, 600},
});

}  // namespace

Loads::Loads(const BoardProfile& profile, const Machine& machine, Pins& pins, bool connected)
    : machine_(machine), pins_(pins) {
  if (!connected) return;
  for (const PeripheralRow& row : peripherals) {
    if (!std::ranges::contains(profile.output_pins, row.pin)) continue;
    loads_.push_back({.name = row.name, .pin = row.pin, .litres_per_second = row.litres_per_second});
    if (!std::ranges::contains(profile.current_sensor_pins, row.current_pin)) continue;
    pins.connect_sensor(row.current_pin, [this, sensor = row.current_pin] {
      double counts = 0;  // of all loads behind this sensor
      for (const PeripheralRow& each : peripherals) {
        const Load* const load = each.current_pin == sensor ? at(each.pin) : nullptr;
        if (load != nullptr) counts += load->duty * each.current_counts;
      }
      return static_cast<int>(std::lround(counts));
    });
  }
  pins.connect_sensor(soil_sensor_pin, [this] {
    return soil_.moisture_at(machine_.position_mm(AxisName::x), machine_.position_mm(AxisName::y));
  });
}

void Loads::pin_changed(int pin, Instant now) {
  const auto load = std::ranges::find(loads_, pin, &Load::pin);
  if (load == loads_.end()) return;
  settle(now);
  follow(*load);
}

void Loads::follow(Load& load) {
  const double driven = pins_.output_duty(load.pin);
  load.duty = load.stuck ? (*load.stuck ? 1 : 0) : driven;
  flowing_ =
      std::ranges::any_of(loads_, [](const Load& each) { return each.duty * each.litres_per_second > 0; });
}

void Loads::settle(Instant now) {
  if (now <= settled_) return;
  const Duration time = now - settled_;
  settled_ = now;
  const double seconds = std::chrono::duration<double>(time).count();
  for (Load& load : loads_) {
    if (!load.on()) continue;
    load.on_time += time;
    const double litres = seconds * load.duty * load.litres_per_second;
    if (litres <= 0) continue;
    load.litres += litres;
    soil_.water(machine_.position_mm(AxisName::x), machine_.position_mm(AxisName::y), litres);
  }
}

bool Loads::stick(int pin, std::optional<bool> on, Instant now) {
  const auto load = std::ranges::find(loads_, pin, &Load::pin);
  if (load == loads_.end()) return false;
  settle(now);
  load->stuck = on;
  follow(*load);
  return true;
}

const Load* Loads::at(int pin) const {
  const auto load = std::ranges::find(loads_, pin, &Load::pin);
  return load == loads_.end() ? nullptr : &*load;
}

}  // namespace celeriac::firmware_sim
