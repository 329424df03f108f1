// The height of the soil anywhere, from samples here and there.

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "vm/assets/assets.hpp"
#include "vm/assets/iso_time.hpp"

namespace celeriac::vm {

using nlohmann::json;

namespace {

constexpr std::size_t fewest_samples = 3;
/// Samples whose places round to the same are one: mm.
constexpr double sample_raster = 10;

struct Sample {
  double x = 0, y = 0, z = 0;
  std::int64_t updated_ms = 0;
};

bool at_soil_level(const json& point) {
  const auto meta = point.find("meta");
  return meta != point.end() && meta->is_object() && meta->value("at_soil_level", json()) == "true";
}

/// A sample that says nothing of its time is older than those that do.
std::int64_t updated_at(const json& point) {
  const auto found = point.find("updated_at");
  if (found == point.end() || !found->is_string()) return std::numeric_limits<std::int64_t>::min();
  return milliseconds_of(found->get_ref<const std::string&>())
      .value_or(std::numeric_limits<std::int64_t>::min());
}

}  // namespace

SoilHeight Assets::soil_height(double x, double y) const {
  std::map<std::pair<double, double>, Sample> samples;
  for (const auto& [id, point] : all(AssetKind::point)) {
    if (!at_soil_level(point)) continue;
    const Sample sample{.x = point.at("x").get<double>(),
                        .y = point.at("y").get<double>(),
                        .z = point.at("z").get<double>(),
                        .updated_ms = updated_at(point)};
    const std::pair place(std::round(sample.x / sample_raster), std::round(sample.y / sample_raster));
    const auto [kept, is_new] = samples.try_emplace(place, sample);
    if (!is_new && sample.updated_ms >= kept->second.updated_ms) kept->second = sample;
  }
  if (samples.size() < fewest_samples) return {.z = setting("soil_height", 0.0), .interpolated = false};

  double sum = 0, weights = 0;
  for (const auto& [place, sample] : samples) {
    const double distance = std::hypot(sample.x - x, sample.y - y);
    if (distance == 0) return {.z = sample.z};
    const double weight = std::pow(distance, -4);
    sum += weight * sample.z;
    weights += weight;
  }
  return {.z = std::round(sum / weights * 100) / 100};
}

}  // namespace celeriac::vm
