#pragma once
// What a sensor's raw value means: a calibration of the host's own, kept beside the account's sensors, which
// know nothing of it.
//
//     value = raw × scale + offset, in a unit

#include <optional>
#include <string>

#include "vm/assets/assets.hpp"

namespace celeriac::vm {

struct SensorUnit {
  double scale = 1, offset = 0;
  std::string unit = {};  ///< "%"; "" where it has none

  [[nodiscard]] double of(double raw) const noexcept { return raw * scale + offset; }
  /// "31.5 %": to a hundredth.
  [[nodiscard]] std::string shown(double raw) const;
};

/// The calibration of the sensor on a pin, if it has one. Of several the one made last is meant.
std::optional<SensorUnit> sensor_unit(const Assets& assets, int pin);

}  // namespace celeriac::vm
