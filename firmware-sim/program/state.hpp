#pragma once
// What the twin looks like from outside, as one line of JSON.

#include <string>

#include "firmware-sim/twin.hpp"

namespace celeriac::firmware_sim {

/// `{"time", "seed", "faults", "plugged", "powered", "locked", "board", "carriage": {x, y, z}, "counted":
/// {x, y, z}, "switches": {x: {min, max}, …}, "pins": {"8": 0, …}, "loads": {"water": {…}}, "litres", "soil":
/// {x, y, moisture, litres}}`. Lengths in mm, times in simulated seconds; `switches` are true where the
/// carriage presses, `soil` is what is under the tool.
[[nodiscard]] std::string state_line(Twin& twin, Instant now);

/// What a camera above the bed would see: `{"time", "carriage": {x, y, z}, "lengths": {x, y, z}, "square",
/// "wet":
/// [[x, y, litres], …], "plants": [{x, y, radius, name}, …], "on": [names], "tool"}`. Lengths in mm, null for
/// an axis without ends, where 10 m from home are shown; wet squares have sides of `square` and their middle
/// at x, y; `on` are loads, `tool` is whether one is mounted.
[[nodiscard]] std::string scene_line(Twin& twin, Instant now);

}  // namespace celeriac::firmware_sim
