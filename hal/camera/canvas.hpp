#pragma once
// Pixels, and the few shapes that a drawing of a garden needs.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace celeriac::hal::camera {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

/// A place in the picture: 0, 0 is its upper left corner.
struct Pixel {
  int x = 0, y = 0;
  bool operator==(const Pixel&) const = default;
};

class Canvas {
 public:
  /// Letters are 3 × 5 dots of so many pixels.
  static constexpr int dot = 2;
  static constexpr int letter_width = 4 * dot;
  static constexpr int line_height = 7 * dot;

  Canvas(int width, int height, Colour ground);

  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int height() const noexcept { return height_; }
  [[nodiscard]] Colour at(Pixel pixel) const;
  /// Red, green, blue, row by row from the top.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

  /// Shapes are cut off at the edges. Both corners belong to the rectangle.
  void fill(Pixel corner, Pixel opposite, Colour colour);
  void disc(Pixel middle, int radius, Colour colour);
  /// Letters of the Latin alphabet come out as capitals; what has no shape is a gap.
  void text(Pixel corner, std::string_view words, Colour colour);

 private:
  void row(int y, int from, int to, Colour colour);

  int width_, height_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace celeriac::hal::camera
