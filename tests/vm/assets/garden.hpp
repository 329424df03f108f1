#pragma once
// A small account: what the tests of assets and of their store begin with.

#include <nlohmann/json.hpp>

#include "vm/assets/assets.hpp"

namespace celeriac::vm::testing {

inline nlohmann::json plant(std::int64_t id, double x, double y, const char* stage = "planted") {
  return {{"id", id},
          {"pointer_type", "Plant"},
          {"name", "Beet"},
          {"x", x},
          {"y", y},
          {"z", -200},
          {"radius", 25},
          {"plant_stage", stage},
          {"openfarm_slug", "beet"},
          {"meta", nlohmann::json::object()}};
}

inline nlohmann::json soil_sample(std::int64_t id, double x, double y, double z,
                                  const char* updated_at = nullptr) {
  nlohmann::json made{
      {"id", id}, {"pointer_type", "GenericPointer"},   {"name", "Soil height"}, {"x", x}, {"y", y},
      {"z", z},   {"meta", {{"at_soil_level", "true"}}}};
  if (updated_at != nullptr) made["updated_at"] = updated_at;
  return made;
}

/// A group of what `criteria` finds.
inline nlohmann::json group_of(nlohmann::json criteria, const char* sort_type = "xy_ascending",
                               std::vector<std::int64_t> point_ids = {}) {
  return {{"id", 40},
          {"name", "Group"},
          {"sort_type", sort_type},
          {"point_ids", std::move(point_ids)},
          {"criteria", std::move(criteria)}};
}

}  // namespace celeriac::vm::testing
