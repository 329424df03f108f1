#include "vm/assets/sensor_unit.hpp"

#include <cmath>
#include <format>

namespace celeriac::vm {

std::string SensorUnit::shown(double raw) const {
  constexpr double hundredths = 100;
  return std::format("{}{}{}", std::round(of(raw) * hundredths) / hundredths, unit.empty() ? "" : " ", unit);
}

std::optional<SensorUnit> sensor_unit(const Assets& assets, int pin) {
  // Ids made here fall: the first is the newest.
  for (const auto& [id, item] : assets.all(AssetKind::sensor_calibration)) {
    if (item.at("pin") != pin) continue;
    const auto text = item.find("unit");
    const auto offset = item.find("offset");
    return SensorUnit{
        .scale = item.at("scale").get<double>(),
        .offset = offset != item.end() && offset->is_number() ? offset->get<double>() : 0,
        .unit = text != item.end() && text->is_string() ? text->get<std::string>() : std::string()};
  }
  return std::nullopt;
}

}  // namespace celeriac::vm
