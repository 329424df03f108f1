#pragma once
// The three axes of the bot, and one value for each of them.

#include <array>
#include <cstddef>

namespace celeriac::firmware_sim {

enum class AxisName : unsigned char { x, y, z };

inline constexpr std::array<AxisName, 3> all_axes = {AxisName::x, AxisName::y, AxisName::z};

[[nodiscard]] constexpr std::size_t index(AxisName axis) {
  return static_cast<std::size_t>(axis);
}

/// 'X', 'Y' or 'Z', as the firmware's lines have it.
[[nodiscard]] constexpr char letter(AxisName axis) {
  return "XYZ"[index(axis)];
}

template <class T>
using PerAxis = std::array<T, 3>;

}  // namespace celeriac::firmware_sim
