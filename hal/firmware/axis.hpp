#pragma once
// The three axes, and a value for each of them.

#include <array>
#include <cstddef>
#include <cstdint>

namespace celeriac::hal {

enum class Axis : std::uint8_t { x, y, z };

inline constexpr std::array all_axes{Axis::x, Axis::y, Axis::z};
/// The order in which a request for all axes goes: up first, so that nothing is dragged through the plants.
inline constexpr std::array up_first{Axis::z, Axis::y, Axis::x};

template <class T>
struct PerAxis {
  std::array<T, 3> values{};

  constexpr T& operator[](Axis axis) noexcept { return values[static_cast<std::size_t>(axis)]; }
  constexpr const T& operator[](Axis axis) const noexcept { return values[static_cast<std::size_t>(axis)]; }
  bool operator==(const PerAxis&) const = default;
};

/// 'x', 'y' or 'z', for a person.
constexpr char name(Axis axis) noexcept {
  return static_cast<char>('x' + static_cast<int>(axis));
}
/// 'X', 'Y' or 'Z', for the board.
constexpr char letter(Axis axis) noexcept {
  return static_cast<char>('X' + static_cast<int>(axis));
}

}  // namespace celeriac::hal
