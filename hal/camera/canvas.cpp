#include "hal/camera/canvas.hpp"

#include <algorithm>
#include <cmath>

namespace celeriac::hal::camera {
namespace {

constexpr std::size_t channels = 3;

/// Five rows of three dots, each row an octal digit, the left dot its highest bit.
struct Glyph {
  char letter;
  std::uint16_t rows;
};
constexpr Glyph glyphs[] = {
    {'0', 075557}, {'1', 026227}, {'2', 071747}, {'3', 071717}, {'4', 055711}, {'5', 074717}, {'6', 074757},
    {'7', 071111}, {'8', 075757}, {'9', 075717}, {'A', 025755}, {'B', 065656}, {'C', 034443}, {'D', 065556},
    {'E', 074647}, {'F', 074644}, {'G', 034553}, {'H', 055755}, {'I', 072227}, {'J', 011152}, {'K', 055655},
    {'L', 044447}, {'M', 057755}, {'N', 065555}, {'O', 025552}, {'P', 065644}, {'Q', 025563}, {'R', 065655},
    {'S', 034216}, {'T', 072222}, {'U', 055557}, {'V', 055552}, {'W', 055775}, {'X', 055255}, {'Y', 055222},
    {'Z', 071247}, {'.', 000002}, {',', 000024}, {':', 002020}, {'-', 000700}, {'+', 002720}, {'/', 011244},
    {'_', 000007},
};
constexpr int glyph_rows = 5, glyph_columns = 3;

unsigned rows_of(char letter) {
  const char capital = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  const auto* const found = std::ranges::find(glyphs, capital, &Glyph::letter);
  return found == std::end(glyphs) ? 0U : found->rows;
}

}  // namespace

Canvas::Canvas(int width, int height, Colour ground)
    : width_(width),
      height_(height),
      bytes_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels) {
  fill({0, 0}, {width - 1, height - 1}, ground);
}

Colour Canvas::at(Pixel pixel) const {
  const auto* const byte = &bytes_.at((static_cast<std::size_t>(pixel.y) * static_cast<std::size_t>(width_) +
                                       static_cast<std::size_t>(pixel.x)) *
                                      channels);
  return {byte[0], byte[1], byte[2]};
}

void Canvas::row(int y, int from, int to, Colour colour) {
  if (y < 0 || y >= height_) return;
  from = std::max(from, 0);
  to = std::min(to, width_ - 1);
  for (int x = from; x <= to; ++x) {
    auto* const byte = &bytes_[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                                static_cast<std::size_t>(x)) *
                               channels];
    byte[0] = colour.red;
    byte[1] = colour.green;
    byte[2] = colour.blue;
  }
}

void Canvas::fill(Pixel corner, Pixel opposite, Colour colour) {
  const auto [left, right] = std::minmax(corner.x, opposite.x);
  const auto [top, bottom] = std::minmax(corner.y, opposite.y);
  for (int y = std::max(top, 0); y <= std::min(bottom, height_ - 1); ++y) row(y, left, right, colour);
}

void Canvas::disc(Pixel middle, int radius, Colour colour) {
  for (int y = std::max(-radius, -middle.y); y <= std::min(radius, height_ - 1 - middle.y); ++y) {
    const double half = std::sqrt(static_cast<double>(radius) * radius - static_cast<double>(y) * y);
    row(middle.y + y, middle.x - static_cast<int>(half), middle.x + static_cast<int>(half), colour);
  }
}

void Canvas::text(Pixel corner, std::string_view words, Colour colour) {
  for (const char letter : words) {
    if (corner.x >= width_) return;
    const unsigned rows = rows_of(letter);
    for (int y = 0; y < glyph_rows; ++y)
      for (int x = 0; x < glyph_columns; ++x) {
        const int bit = (glyph_rows - 1 - y) * glyph_columns + (glyph_columns - 1 - x);
        if ((rows >> bit & 1U) == 0) continue;
        const Pixel at{corner.x + x * dot, corner.y + y * dot};
        fill(at, {at.x + dot - 1, at.y + dot - 1}, colour);
      }
    corner.x += letter_width;
  }
}

}  // namespace celeriac::hal::camera
