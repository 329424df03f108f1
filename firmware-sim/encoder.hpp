#pragma once
// The firmware's view of an axis' encoder: raw counts since it was last zeroed, and what scaling makes of
// them.

#include <cstdint>

#include "firmware-sim/profile.hpp"

namespace celeriac::firmware_sim {

/// Quadrature cycles for 10000 motor steps are 10000 * 10000 / 5556: a 360-line encoder on a motor of 200
/// steps, so that the default scaling (P115 = 5556) gives motor steps.
inline constexpr std::int64_t default_scaling = 5556;

class Encoder {
 public:
  Encoder(EncoderKind kind, std::int64_t motor_steps) : kind_(kind), origin_(motor_steps) {}

  /// P115 and P131 of the axis.
  void load(int scaling, bool inverted) {
    scaling_ = scaling;
    sign_ = inverted ? -1 : 1;
  }

  /// Counts, as R85 shows them. `motor_steps`: what the encoder on the motor has seen so far.
  [[nodiscard]] int raw(std::int64_t motor_steps) const;
  /// Motor steps, fraction dropped: R84 times steps per millimetre.
  [[nodiscard]] int position(std::int64_t motor_steps) const;

  void zero(std::int64_t motor_steps) {
    origin_ = motor_steps;
    copy_ = 0;
  }
  /// Express: the counter follows the axis counter.
  void copy(int axis_position) { copy_ = axis_position; }

 private:
  EncoderKind kind_;
  std::int64_t origin_;
  int copy_ = 0;
  int scaling_ = 10'000;
  int sign_ = 1;
};

}  // namespace celeriac::firmware_sim
