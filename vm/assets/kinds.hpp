#pragma once
// The kinds of assets, as a table: names in the web API, and what an item must have.

#include <cstdint>
#include <span>
#include <string_view>

namespace celeriac::vm {

enum class AssetKind : std::uint8_t {
  device,
  fbos_config,
  firmware_config,
  point,  ///< plants, weeds, tool slots and points of the map, by `pointer_type`
  point_group,
  tool,
  peripheral,
  sensor,
  sensor_reading,
  regimen,
  farm_event,
  farmware_env,
  image,
  curve,
  pin_binding,
  folder,
  saved_garden,
  plant_template,
  webcam_feed,
  log,
};

}  // namespace celeriac::vm
