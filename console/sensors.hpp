#pragma once
// Sensors as people know them: by label, with a value in a unit.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

inline constexpr std::size_t longest_unit = 20;  ///< bytes

/// Raw value and what it means, as a person has measured both.
struct CalibrationPoint {
  double raw = 0, value = 0;
};
/// "230=0". Status::malformed.
protocol::Result<CalibrationPoint> parse_point(std::string_view text);

/// value = raw × scale + offset.
struct Calibration {
  double scale = 1, offset = 0;
  std::string unit = {};

  [[nodiscard]] std::string shown(double raw) const;  ///< "31.5 %", to a hundredth
  [[nodiscard]] double of(double raw) const { return raw * scale + offset; }
};
/// The line through two points. Status::malformed for another number of them, or two of the same raw value.
protocol::Result<Calibration> calibration_through(const std::vector<CalibrationPoint>& points);

/// The calibration of a pin among assets `sensor_calibration`; of several, the newest: its id is the lowest.
struct StoredCalibration {
  std::int64_t id = 0;
  Calibration calibration;
};
std::optional<StoredCalibration> calibration_of(const std::vector<protocol::Json>& stored, std::int64_t pin);

/// A sensor by label, in any case, or by id. Status::not_found naming those that there are; malformed where
/// several have the label.
protocol::Result<protocol::Json> find_sensor(const std::vector<protocol::Json>& sensors,
                                             std::string_view name);

/// Sensors with their last reading: id, label, pin, mode, raw, value, time, place.
std::string sensor_table(const std::vector<protocol::Json>& sensors,
                         const std::vector<protocol::Json>& calibrations,
                         const std::vector<protocol::Json>& readings);

}  // namespace celeriac::console
