#pragma once
// Watches a homing for where home turns out to be.
//
//   from ──────────► 0 ───► end stop            the way of the axis, as it counts
//           early ◄──┘ └──► beyond
//
// An end stop that closes before 0 sets the count to 0 at once (R82 jumps): how far it was is told by the
// last reports before. One that closes beyond 0 the firmware measures itself: "homing displaced". Pure.

#include <optional>

#include "hal/firmware/axis.hpp"
#include "hal/firmware/reply.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::firmware {

class HomingWitness {
 public:
  /// `from_mm`: where the axis stands by its count, where that is known.
  HomingWitness(Axis axis, std::optional<double> from_mm) : axis_(axis), from_mm_(from_mm) {}

  /// Every line of the command after R01.
  void take(const Reply& reply, Instant now);
  /// As Traces::displacement_mm. Early ones are estimated between two reports, 0.3 to 0.6 s apart.
  [[nodiscard]] double displacement_mm() const noexcept;

 private:
  struct Sample {
    double mm;
    Instant time;
  };
  [[nodiscard]] double early(Instant stopped) const noexcept;

  Axis axis_;
  std::optional<double> from_mm_;
  std::optional<Sample> before_, last_;  // of the first segment
  bool approached_ = false;              // the first segment is over
  double early_mm_ = 0, beyond_mm_ = 0;
};

}  // namespace celeriac::hal::firmware
