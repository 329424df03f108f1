#pragma once
// How long the board takes for a move: its ramp (linear in distance), its step timer and its fixed pauses.

#include <chrono>

#include "hal/firmware/axis.hpp"
#include "hal/firmware/parameters.hpp"

namespace celeriac::hal::motion {

/// One axis' part of a segment.
struct Ramp {
  double steps;       ///< distance
  double min_speed;   ///< steps/s, at both ends
  double max_speed;   ///< steps/s
  double ramp_steps;  ///< length of each ramp
};

/// Pauses of a segment beside its steps: 0.32 to 0.34 s (measured on all boards).
inline constexpr double segment_overhead_s = 0.33;

/// First to last step, in seconds; within a few percent of what boards do (measured on RAMPS 1.4).
double ramp_seconds(const Ramp& ramp) noexcept;

/// Speed words for percent of the axis' maximum, in steps/s.
PerAxis<double> speeds_of(const firmware::ParameterSet& parameters, const PerAxis<double>& percent) noexcept;

/// A whole move: its slowest axis, and the pauses.
std::chrono::milliseconds move_duration(const firmware::ParameterSet& parameters,
                                        const PerAxis<double>& from_mm, const PerAxis<double>& to_mm,
                                        const PerAxis<double>& speeds) noexcept;

/// The coordinate to write for `mm`: the board cuts off fractions of a step in 32-bit arithmetic, and where a
/// whole step is meant this finds the two decimals that survive it.
double coordinate_for(double mm, double steps_per_mm) noexcept;

}  // namespace celeriac::hal::motion
