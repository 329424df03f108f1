#pragma once
// The kinds of assets, as a table: names in the web API, and what an item must have.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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
  sensor_calibration,  ///< of this host alone: what the raw values of a pin mean
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

inline constexpr std::size_t asset_kind_count = static_cast<std::size_t>(AssetKind::log) + 1;

enum class AssetFieldType : std::uint8_t {
  number,
  whole,
  boolean,
  text,
  scalar,  ///< text, number or boolean
  list,
  whole_numbers,  ///< a list of them
  object,
};

/// A field that the host reads, so that its type matters. Others may hold what they like.
struct AssetField {
  std::string_view name;
  AssetFieldType type;
  bool required = false;  ///< false: it may be absent or null
  /// What a text may be; empty: anything.
  std::span<const std::string_view> choices = {};
};

struct AssetKindRow {
  AssetKind kind;
  std::string_view name;        ///< "point_group"
  std::string_view collection;  ///< "point_groups": the key of an account's export
  std::string_view sync_name;   ///< "PointGroup": in topics of the broker
  std::string_view path;        ///< "/api/point_groups"; "": the account knows nothing of them
  bool singleton;               ///< there is one, with id 0 here
  std::span<const AssetField> fields;
};

/// All kinds, in the order of the enumeration. Whoever loads an account in this order finds each reference's
/// target there.
std::span<const AssetKindRow> asset_kinds() noexcept;

[[nodiscard]] const AssetKindRow& row_of(AssetKind kind) noexcept;

/// By any of its names, in any spelling: "point_group", "PointGroups", "point-groups".
[[nodiscard]] std::optional<AssetKind> find_asset_kind(std::string_view name);

/// "device, fbos_config, …": for sentences.
[[nodiscard]] std::string asset_kind_names();

}  // namespace celeriac::vm
