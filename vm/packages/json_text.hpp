#pragma once
// JSON that a stranger wrote: bounded, and without surprises.

#include <nlohmann/json.hpp>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Bytes of a manifest, of metadata, of a request to a service.
inline constexpr std::size_t max_json_bytes = std::size_t{1} << 20;
/// Objects and arrays inside each other.
inline constexpr int max_json_depth = 32;

/// Status::malformed with a sentence that begins with `what` ("manifest.json").
protocol::Result<nlohmann::json> read_json(std::string_view what, std::string_view text);

}  // namespace celeriac::vm
