#pragma once
// Assets: what an account knows of the garden and the machine, as the JSON of the web API, whole.
// In memory only: an AssetStore keeps them in the image. Unknown fields are kept; an id is the account's own
// where the asset came from one. A change is in force when its call returns.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "celeryscript/values.hpp"
#include "protocol/error.hpp"
#include "vm/assets/kinds.hpp"

namespace celeriac::vm {

/// Assets of all kinds that are kept; bytes of one, as JSON text.
inline constexpr std::size_t max_assets = 100'000;
inline constexpr std::size_t max_asset_bytes = 60'000;
/// Variables of the user environment: they are looked for by key, one after the other. An account has 300.
inline constexpr std::size_t max_user_envs = 1024;

/// A peripheral or sensor: the pin behind a name.
struct NamedPin {
  std::int64_t id = 0;
  int pin = 0;
  int mode = 0;  ///< 0 digital, 1 analog
  std::string label;
};

/// The parking place of a tool.
struct ToolSlot {
  std::int64_t id = 0;  ///< of the point
  celeryscript::Coordinate place;
  bool gantry_mounted = false;  ///< its x is where the gantry is
  int pullout_direction = 0;    ///< 0 none, 1 +x, 2 -x, 3 +y, 4 -y
};

struct SoilHeight {
  double z = 0;              ///< mm
  bool interpolated = true;  ///< false: fewer than three samples, z is the setting `soil_height`
};

/// What has come of several assets that were put at once.
struct PutOutcome {
  std::size_t added = 0;
  std::size_t changed = 0;
  std::size_t same = 0;           ///< they were there already, as they are
  std::vector<std::int64_t> ids;  ///< of the items, in their order
};

class Assets {
 public:
  using Items = std::map<std::int64_t, nlohmann::json>;  ///< by id; that of a singleton is 0
  /// What has become of an asset; nullptr: it is gone.
  using Changed = std::function<void(AssetKind kind, std::int64_t id, const nlohmann::json* now)>;

  // ---- questions ----

  /// By id, the smallest first.
  [[nodiscard]] const Items& all(AssetKind kind) const;
  /// nullptr: there is none.
  [[nodiscard]] const nlohmann::json* find(AssetKind kind, std::int64_t id) const;
  /// A field of a singleton (device, fbos_config, firmware_config); null where it is unknown.
  [[nodiscard]] nlohmann::json field(AssetKind singleton, std::string_view name) const;
  /// A number of fbos_config, or the fallback.
  [[nodiscard]] double setting(std::string_view name, double fallback) const;
  [[nodiscard]] bool setting(std::string_view name, bool fallback) const;
  /// A variable of the user environment (kind farmware_env), by its key.
  [[nodiscard]] std::optional<std::string> user_env(std::string_view key) const;

  /// not_found: "Plant 7 not found".
  [[nodiscard]] protocol::Result<celeryscript::Coordinate> place_of(
      const celeryscript::PointReference& point) const;
  /// not_found: "Could not find point for tool by id: 7".
  [[nodiscard]] protocol::Result<ToolSlot> slot_of_tool(std::int64_t tool_id) const;
  /// not_found: "Could not find peripheral by id: 7" (the text is the same for a sensor).
  [[nodiscard]] protocol::Result<NamedPin> named_pin(AssetKind peripheral_or_sensor, std::int64_t id) const;
  [[nodiscard]] std::optional<NamedPin> on_pin(AssetKind peripheral_or_sensor, int pin) const;
  /// The members of a group in its order. `now_ms` since 1970, for criteria of age; `random` seeds the order
  /// `random`. not_found: "Point group not found: 7".
  [[nodiscard]] protocol::Result<std::vector<std::int64_t>> members(std::int64_t group_id,
                                                                    std::int64_t now_ms,
                                                                    std::uint64_t random) const;
  /// Ids of points in the order of a sort type (xy_ascending …); unknown ids drop out. malformed: no such
  /// order.
  [[nodiscard]] protocol::Result<std::vector<std::int64_t>> sorted(std::vector<std::int64_t> ids,
                                                                   std::string_view sort_type,
                                                                   std::uint64_t random) const;
  [[nodiscard]] SoilHeight soil_height(double x, double y) const;

  // ---- changes ----

  /// Makes or replaces an asset; its id (a new one, below 0, if it brings none, so that it cannot collide
  /// with the account's). malformed: the item is not what the kind needs; the message names the field.
  protocol::Result<std::int64_t> put(AssetKind kind, nlohmann::json item);
  /// All of them or none; the path of an error begins with the place in the list ("/3/pin"). `dry_run`: only
  /// tells what would come of it. A farmware_env takes the place of the one with its key.
  protocol::Result<PutOutcome> put_all(AssetKind kind, std::vector<nlohmann::json> items,
                                       bool dry_run = false);
  /// Merges top-level fields into an asset, `meta` one level deeper. A singleton is made if it is not there.
  /// not_found, malformed.
  protocol::Result<void> update(AssetKind kind, std::int64_t id, const nlohmann::json& fields);
  protocol::Result<void> remove(AssetKind kind, std::int64_t id);
  protocol::Result<void> set_user_env(std::string_view key, std::string_view value);
  /// Hooks hear of every change after it, in order.
  void on_changed(Changed hook) { hooks_.push_back(std::move(hook)); }

 private:
  /// What an item that is to be put replaces, and the id it gets.
  struct Place {
    std::int64_t id = 0;
    std::optional<std::int64_t> displaced;  ///< a farmware_env with the same key and another id
  };
  [[nodiscard]] static std::int64_t key_of(AssetKind kind, std::int64_t id);
  [[nodiscard]] Place place_for(AssetKind kind, const nlohmann::json& item, std::int64_t& next_id) const;
  [[nodiscard]] Items& items(AssetKind kind) { return items_[static_cast<std::size_t>(kind)]; }
  protocol::Result<PutOutcome> store(AssetKind kind, std::vector<nlohmann::json> items, bool dry_run);
  void erase(AssetKind kind, std::int64_t id);
  void tell(AssetKind kind, std::int64_t id, const nlohmann::json* now) const;

  std::array<Items, asset_kind_count> items_;
  std::size_t count_ = 0;  // of all kinds
  std::vector<Changed> hooks_;
};

}  // namespace celeriac::vm
