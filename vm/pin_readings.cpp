#include "vm/pin_readings.hpp"

#include <chrono>
#include <cmath>
#include <format>

#include "vm/assets/sensor_unit.hpp"
#include "vm/log_entry.hpp"
#include "vm/messages.hpp"

namespace celeriac::vm {

using protocol::Json;

namespace {

constexpr int analog = 1;

std::string shown(const std::string& subject, int mode, double value, bool sensor) {
  if (mode == analog) return std::format("{} is {} (analog)", subject, format_number(value));
  const std::string digital = value == 1 ? "ON" : value == 0 ? "OFF" : format_number(value);
  return std::format("{} value is {} (digital)", subject, sensor ? format_number(value) : digital);
}

}  // namespace

void PinReadings::note(int pin, int mode, double value, const std::string& source) {
  std::string subject = std::format("Pin {}", pin);
  const auto sensor = assets_.on_pin(AssetKind::sensor, pin);
  const auto peripheral = sensor ? std::nullopt : assets_.on_pin(AssetKind::peripheral, pin);
  if (sensor) subject = std::format("The {} sensor", sensor->label);
  if (peripheral) subject = std::format("The {} peripheral", peripheral->label);
  std::string text = shown(subject, mode, value, sensor.has_value());
  // FarmBot OS says "value" for named pins in both modes.
  if (mode == analog && (sensor || peripheral))
    text = std::format("{} value is {} (analog)", subject, format_number(value));
  const auto unit = sensor ? sensor_unit(assets_, pin) : std::nullopt;
  if (unit) text += std::format(": {}", unit->shown(value));
  write_log(registers_, {{"message", text}, {"verbosity", 2}}, source);
  if (!sensor) return;
  remote_.read("position", [this, sensor = *sensor, mode, value](protocol::Result<Json> position) {
    keep(sensor, mode, value, position ? *position : Json());
  });
}

void PinReadings::keep(const NamedPin& sensor, int mode, double value, const Json& position) {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const std::string time = std::format("{:%FT%T}Z", now);
  const auto axis = [&](const char* name) {
    const auto found = position.is_object() ? position.find(name) : position.end();
    return position.is_object() && found != position.end() && found->is_number() ? *found : Json(0);
  };
  const auto& readings = assets_.all(AssetKind::sensor_reading);
  // Ids made here fall, so the last one is the oldest of them; the account's own are older still.
  while (readings.size() >= max_sensor_readings)
    if (!assets_.remove(AssetKind::sensor_reading, readings.rbegin()->first)) break;
  (void)assets_.put(AssetKind::sensor_reading, {{"pin", sensor.pin},
                                                {"mode", mode},
                                                {"value", value},
                                                {"x", axis("x")},
                                                {"y", axis("y")},
                                                {"z", axis("z")},
                                                {"read_at", time},
                                                {"created_at", time}});
}

}  // namespace celeriac::vm
