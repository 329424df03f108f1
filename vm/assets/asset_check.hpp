#pragma once
// Whether an item is what its kind needs.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/error.hpp"
#include "vm/assets/kinds.hpp"

namespace celeriac::vm {

/// Levels of objects and arrays in an asset: with what goes around it on the wire, still a document.
inline constexpr int max_asset_depth = 56;

/// malformed: the message names the field, `path` is the JSON pointer to it in the item. out_of_resources: it
/// is larger than an asset may be.
protocol::Result<void> check_asset(AssetKind kind, const nlohmann::json& item);

/// The id that an item brings; 0: none, or null. malformed: it is no whole number, or 0.
protocol::Result<std::int64_t> asset_id_of(AssetKind kind, const nlohmann::json& item);

/// An asset as it is kept: JSON on one line, bytes that are not UTF-8 replaced.
std::string asset_text(const nlohmann::json& item);

}  // namespace celeriac::vm
