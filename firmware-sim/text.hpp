#pragma once
// Numbers as the firmware's printing routines write them.

#include <string>

namespace celeriac::firmware_sim {

/// Two decimals, halves away from zero, in the 32-bit arithmetic of the board: `10.20`, `-0.04`.
[[nodiscard]] std::string two_decimals(float value);

/// Fraction dropped toward zero, held inside 32 bits: what assigning a float to a long does on the board.
[[nodiscard]] int truncated(float value);

}  // namespace celeriac::firmware_sim
