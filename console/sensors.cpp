#include "console/sensors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <format>

#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

bool read_number(std::string_view text, double& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
}

std::string lowered(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](unsigned char c) { return std::tolower(c); });
  return made;
}

std::int64_t whole(const Json& item, const char* field) {
  const auto found = item.find(field);
  return found != item.end() && found->is_number() ? static_cast<std::int64_t>(found->get<double>()) : 0;
}

double number(const Json& item, const char* field, double fallback) {
  const auto found = item.find(field);
  return found != item.end() && found->is_number() ? found->get<double>() : fallback;
}

/// The reading of a pin that was made last; times of the web API sort as texts.
const Json* last_reading(const std::vector<Json>& readings, std::int64_t pin) {
  const Json* last = nullptr;
  for (const auto& reading : readings)
    if (whole(reading, "pin") == pin &&
        (last == nullptr || text_of(reading, "read_at") >= text_of(*last, "read_at")))
      last = &reading;
  return last;
}

}  // namespace

Result<CalibrationPoint> parse_point(std::string_view text) {
  const auto equals = text.find('=');
  CalibrationPoint point;
  if (equals == std::string_view::npos || !read_number(text.substr(0, equals), point.raw) ||
      !read_number(text.substr(equals + 1), point.value))
    return protocol::fail(Status::malformed,
                          std::format("\"{}\" is no point of a calibration: write RAW=VALUE, as --at 230=0.",
                                      printable(text.substr(0, 40))));
  return point;
}

std::string Calibration::shown(double raw) const {
  constexpr double hundredths = 100;
  return std::format("{}{}{}", std::round(of(raw) * hundredths) / hundredths, unit.empty() ? "" : " ",
                     printable(unit));
}

Result<Calibration> calibration_through(const std::vector<CalibrationPoint>& points) {
  if (points.size() != 2)
    return protocol::fail(Status::malformed,
                          "A calibration needs two points, --at RAW=VALUE twice, or --scale and --offset.");
  const auto& [one, other] = std::pair(points[0], points[1]);
  if (one.raw == other.raw)
    return protocol::fail(Status::malformed, "The two points of a calibration need different raw values.");
  const double scale = (other.value - one.value) / (other.raw - one.raw);
  return Calibration{.scale = scale, .offset = one.value - one.raw * scale};
}

std::optional<StoredCalibration> calibration_of(const std::vector<Json>& stored, std::int64_t pin) {
  std::optional<StoredCalibration> found;
  for (const auto& item : stored) {
    const auto id = whole(item, "id");
    if (whole(item, "pin") != pin || (found && found->id < id)) continue;
    found = {id,
             {.scale = number(item, "scale", 1),
              .offset = number(item, "offset", 0),
              .unit = text_of(item, "unit")}};
  }
  return found;
}

Result<Json> find_sensor(const std::vector<Json>& sensors, std::string_view name) {
  std::vector<const Json*> found;
  std::string labels;
  for (const auto& sensor : sensors) {
    const auto label = text_of(sensor, "label");
    labels += std::format("{}\"{}\"", labels.empty() ? "" : ", ", printable(label));
    if (lowered(label) == lowered(name) || std::to_string(whole(sensor, "id")) == name)
      found.push_back(&sensor);
  }
  if (found.size() == 1) return *found.front();
  if (found.size() > 1)
    return protocol::fail(Status::malformed,
                          std::format("{} sensors are called \"{}\": name one by its id, which `celeriac "
                                      "sensor list` shows.",
                                      found.size(), printable(name)));
  return protocol::fail(
      Status::not_found,
      labels.empty()
          ? std::string("There is no sensor: `celeriac asset import FILE --kind sensors` makes some.")
          : std::format("There is no sensor \"{}\": there are {}.", printable(name), labels));
}

std::string sensor_table(const std::vector<Json>& sensors, const std::vector<Json>& calibrations,
                         const std::vector<Json>& readings) {
  std::vector<std::vector<std::string>> rows{{"ID", "SENSOR", "PIN", "MODE", "RAW", "VALUE", "READ", "AT"}};
  for (const auto& sensor : sensors) {
    const auto pin = whole(sensor, "pin");
    const auto calibrated = calibration_of(calibrations, pin);
    const Json* const last = last_reading(readings, pin);
    const double raw = last != nullptr ? number(*last, "value", 0) : 0;
    rows.push_back({std::to_string(whole(sensor, "id")), printable(text_of(sensor, "label")),
                    std::to_string(pin), whole(sensor, "mode") == 1 ? "analog" : "digital",
                    last != nullptr ? brief(Json(raw)) : "-",
                    last == nullptr ? "-"
                    : calibrated    ? calibrated->calibration.shown(raw)
                                    : "-",
                    last != nullptr ? printable(text_of(*last, "read_at")) : "-",
                    last != nullptr ? position(*last) : "-"});
  }
  return table(rows);
}

}  // namespace celeriac::console
