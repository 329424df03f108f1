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

}  // namespace celeriac::firmware_sim
