#pragma once
// From an FTXUI screen to the bytes that make a terminal look like it: only what has changed since the last
// time, so that a slow line carries little.

#include <ftxui/screen/screen.hpp>
#include <string>
#include <vector>

namespace celeriac::console::tui {

/// What the terminal can show.
struct Look {
  bool colour = false;
  bool unicode = true;       ///< other characters become "?"
  bool line_drawing = true;  ///< rules and ellipses; else "-", "|", "."
};

class Painter {
 public:
  explicit Painter(Look look) : look_(look) {}

  /// Bytes from what was painted last to this screen. The cursor is left anywhere.
  std::string paint(const ftxui::Screen& screen);
  /// The terminal shows anything: the next screen is painted whole.
  void forget() { rows_.clear(); }

 private:
  struct Cell {
    std::string glyph = {};  // "" is the right half of a wide one
    std::string style = {};  // SGR parameters
    bool operator==(const Cell&) const = default;
  };
  using Row = std::vector<Cell>;

  [[nodiscard]] Cell cell_of(const ftxui::Pixel& pixel) const;
  void paint_row(std::string& out, std::size_t y, const Row& row, const Row& before) const;

  Look look_;
  std::vector<Row> rows_;
};

/// The screen as text, one line a row, blanks at the ends cut off: for tests and the documentation.
std::string plain_text(const ftxui::Screen& screen);

}  // namespace celeriac::console::tui
