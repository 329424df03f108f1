#pragma once
// GuestLimits as a manifest and GUEST.START have them: {"memory_pages", "table", "depth", "fuel"}.

#include <nlohmann/json.hpp>

#include "protocol/error.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::wasm {

/// What is not among `given` has its default, and what is no limit of the code is passed over; so is
/// everything if `given` is no object. Errors: malformed, naming the limit and its range.
protocol::Result<GuestLimits> guest_limits(const nlohmann::json& given);

}  // namespace celeriac::wasm
