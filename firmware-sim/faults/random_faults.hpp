#pragma once
// Faults for long runs: kinds and words drawn from a seed, every one of them over after a while.

#include <span>

#include "firmware-sim/faults/fault.hpp"
#include "firmware-sim/faults/random_source.hpp"

namespace celeriac::firmware_sim {

/// One of `kinds`, of all where there are none.
[[nodiscard]] Fault random_fault(RandomSource& random, std::span<const FaultKind> kinds);

}  // namespace celeriac::firmware_sim
