#pragma once
// What a command's lines told on the way, beside its answer: the same for commands that failed.

#include <optional>

#include "hal/firmware/axis.hpp"

namespace celeriac::hal::firmware {

struct Traces {
  bool started = false;          ///< R01 was there: what failed may have moved
  int retries = 0;               ///< R07: the board began again this often by itself
  PerAxis<bool> timed_out{};     ///< R71 to R73
  PerAxis<bool> missed_steps{};  ///< "deactivate motor X due to …": it stood still although it was driven
  PerAxis<bool>
      driver_reset{};  ///< "reset motor X": its driver reported an error (boards with Trinamic drivers)
  bool pressed_at_start = false;  ///< calibration: an end stop was active before it began
  bool bumped_too_often = false;  ///< calibration: the total of bumps was reached
  /// Homing that ended well: how much farther from home the axis was believed than it was, in mm; negative
  /// where home lay beyond 0.
  std::optional<double> displacement_mm = {};

  bool operator==(const Traces&) const = default;
};

}  // namespace celeriac::hal::firmware
