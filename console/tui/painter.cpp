#include "console/tui/painter.hpp"

#include <algorithm>
#include <format>
#include <utility>

namespace celeriac::console::tui {
namespace {

struct Replacement {
  std::string_view glyph, plain;
};
constexpr Replacement replacements[] = {{"─", "-"}, {"│", "|"}, {"…", "."}, {"°", "o"}};

}  // namespace

Painter::Cell Painter::cell_of(const ftxui::Pixel& pixel) const {
  Cell cell{.glyph = pixel.character, .style = "0"};
  if (!look_.line_drawing || !look_.unicode) {
    const auto row = std::ranges::find(replacements, pixel.character, &Replacement::glyph);
    if (row != std::end(replacements)) cell.glyph = row->plain;
  }
  if (!look_.unicode && !cell.glyph.empty() && static_cast<unsigned char>(cell.glyph[0]) >= 0x80)
    cell.glyph = "?";
  if (pixel.bold) cell.style += ";1";
  if (pixel.dim) cell.style += ";2";
  if (pixel.underlined) cell.style += ";4";
  if (pixel.inverted) cell.style += ";7";
  if (look_.colour && !(pixel.foreground_color == ftxui::Color()))
    cell.style += ';' + pixel.foreground_color.Print(false);
  if (look_.colour && !(pixel.background_color == ftxui::Color()))
    cell.style += ';' + pixel.background_color.Print(true);
  return cell;
}

void Painter::paint_row(std::string& out, std::size_t y, const Row& row, const Row& before) const {
  std::size_t x = 0;
  while (x < row.size()) {
    if (x < before.size() && row[x] == before[x]) {
      ++x;
      continue;
    }
    // From the left half of a wide character on, up to where the screen is right again.
    std::size_t from = x;
    while (from > 0 && row[from].glyph.empty()) --from;
    out += std::format("\x1b[{};{}H", y + 1, from + 1);
    std::string style;
    for (x = from; x < row.size(); ++x) {
      const bool same = x < before.size() && row[x] == before[x];
      if (same && x > from && !row[x].glyph.empty()) break;
      if (row[x].style != style && !row[x].glyph.empty()) {
        style = row[x].style;
        out += "\x1b[" + style + 'm';
      }
      out += row[x].glyph;
    }
    out += "\x1b[0m";
  }
}

std::string Painter::paint(const ftxui::Screen& screen) {
  const auto height = static_cast<std::size_t>(screen.dimy());
  const auto width = static_cast<std::size_t>(screen.dimx());
  std::vector<Row> rows(height, Row(width));
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      rows[y][x] = cell_of(screen.PixelAt(static_cast<int>(x), static_cast<int>(y)));
  std::string out;
  const bool anew = rows_.size() != height || (height > 0 && rows_[0].size() != width);
  if (anew) {
    out = "\x1b[0m\x1b[2J";
    rows_.assign(height, Row(width, Cell{.glyph = " ", .style = "0"}));
  }
  for (std::size_t y = 0; y < height; ++y)
    if (rows[y] != rows_[y]) paint_row(out, y, rows[y], rows_[y]);
  rows_ = std::move(rows);
  return out;
}

std::string plain_text(const ftxui::Screen& screen) {
  std::string text;
  for (int y = 0; y < screen.dimy(); ++y) {
    std::string line;
    for (int x = 0; x < screen.dimx(); ++x) line += screen.at(x, y);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace celeriac::console::tui
