#pragma once
// In which order the axes of a move travel: an order such as "xy,z;high" as a list of legs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::vm {

/// The word that means: up to the safe height, across, down. Its legs are not axis groups.
inline constexpr std::string_view safe_z_route = "safe_z";

/// A leg's axes, such as "xy".
using Route = std::vector<std::string>;

/// The legs of an order `grouping;route`. `goes_up`: the target's z is nearer to 0 than where z is. With
/// `high` the axes travel at the higher of the two heights: z is first on the way up and last on the way
/// down; `low` is the mirror image; `in_order` is as written. A grouping without z is kept. nullopt: no such
/// order.
std::optional<Route> route(std::string_view order, bool goes_up);

}  // namespace celeriac::vm
