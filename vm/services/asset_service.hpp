#pragma once
// ASSET.*: from frames to the assets.

#include "protocol/dispatcher.hpp"
#include "vm/assets/asset_store.hpp"
#include "vm/assets/assets.hpp"

namespace celeriac::vm {

/// Bytes, as JSON, of the items in one answer of ASSET.LIST, before the last one.
inline constexpr std::size_t asset_list_bytes = 256 * 1024;

void serve_assets(protocol::Dispatcher& dispatcher, Assets& assets, AssetStore& store);

}  // namespace celeriac::vm
