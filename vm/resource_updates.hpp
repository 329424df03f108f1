#pragma once
// `update_resource`: marks plants, weeds, points, tool slots and the device.

#include <functional>
#include <string>

#include "celeryscript/tables.hpp"
#include "protocol/error.hpp"
#include "vm/assets/assets.hpp"
#include "vm/template_values.hpp"

namespace celeriac::vm {

/// What an update will change, worked out before anything is changed.
struct AssetChange {
  AssetKind kind{};
  std::int64_t id = 0;
  std::string name;                ///< "Plant.51", as errors say it
  std::vector<std::string> lines;  ///< for the log: `Setting plant 51 plant stage to "planted"`
  nlohmann::json fields = nlohmann::json::object();
};

/// Errors with FarmBot OS's texts: "Unknown resource: …", "… is not currently synced. Please re-sync.",
/// "Failed update (…): …", "MARK AS can only be used …". Property names that such a resource does not have
/// are left out. `values`: what the templates need; `microseconds`: since 1970.
protocol::Result<AssetChange> work_out(const Assets& assets, const celeryscript::DataValue& resource,
                                       const celeryscript::ResourceUpdate& update,
                                       const TemplateValues& values, std::int64_t microseconds);

}  // namespace celeriac::vm
