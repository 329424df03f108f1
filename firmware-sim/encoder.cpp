#include "firmware-sim/encoder.hpp"

#include <cstdlib>

#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr int unscaled = 10'000;

}  // namespace

int Encoder::raw(std::int64_t motor_steps) const {
  if (kind_ == EncoderKind::none) return sign_ * copy_;
  const std::int64_t counts_per_scale = kind_ == EncoderKind::spi ? 40'000 : 10'000;
  const std::int64_t steps = motor_steps - origin_;
  // Away from zero, so that the default scaling, which truncates, gives back every step exactly.
  const std::int64_t counts = (std::abs(steps) * counts_per_scale + default_scaling - 1) / default_scaling;
  return sign_ * static_cast<int>(steps < 0 ? -counts : counts);
}

int Encoder::position(std::int64_t motor_steps) const {
  const int counts = raw(motor_steps);
  if (scaling_ == unscaled || scaling_ <= 0) return counts;
  const float divisor = kind_ == EncoderKind::spi ? 40'000.0F : 10'000.0F;
  return truncated(static_cast<float>(counts) * (static_cast<float>(scaling_) / divisor));
}

}  // namespace celeriac::firmware_sim
