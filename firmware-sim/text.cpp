#include "firmware-sim/text.hpp"

#include <cmath>
#include <cstdlib>
#include <format>
#include <limits>

namespace celeriac::firmware_sim {

std::string two_decimals(float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return "inf";
  if (std::abs(value) > 4294967040.0F) return "ovf";  // the limit of the board's own routine
  // The product is rounded to a float again, as on the board: 0.005 becomes a whole half.
  constexpr float exact_below = 100'000.0F;
  const long long hundredths = std::abs(value) < exact_below
                                   ? std::llround(value * 100.0F)
                                   : std::llround(static_cast<double>(value) * 100.0);
  const long long size = std::llabs(hundredths);
  return std::format("{}{}.{:02}", std::signbit(value) ? "-" : "", size / 100, size % 100);
}

int truncated(float value) {
  constexpr float limit = 2147483520.0F;  // the largest float below 2^31
  if (std::isnan(value)) return 0;
  if (value >= limit) return std::numeric_limits<int>::max();
  if (value <= -limit) return std::numeric_limits<int>::min();
  return static_cast<int>(value);
}

}  // namespace celeriac::firmware_sim
