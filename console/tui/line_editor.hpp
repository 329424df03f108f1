#pragma once
// One line of text under a cursor, with the keys of readline, and the history behind it.

#include <cstddef>
#include <string>
#include <vector>

#include "console/tui/keys.hpp"

namespace celeriac::console::tui {

class LineEditor {
 public:
  static constexpr std::size_t longest = 1000;  ///< bytes; more is not taken

  /// Starts anew with a text and the lines that Up and Down go through, oldest first.
  void begin(std::string text, std::vector<std::string> history = {});
  /// Takes a key that edits; false if it is none of those.
  bool press(const Key& key);
  void replace(std::string text, std::size_t cursor);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// In bytes, at a border of characters.
  [[nodiscard]] std::size_t cursor() const noexcept { return cursor_; }

 private:
  void insert(std::string_view text);
  void browse(int by);
  bool edit(const Key& key);
  bool edit_control(char letter);
  [[nodiscard]] std::size_t before(std::size_t at) const;
  [[nodiscard]] std::size_t behind(std::size_t at) const;

  std::string text_;
  std::size_t cursor_ = 0;
  std::vector<std::string> history_;
  std::size_t at_ = 0;      // in history_; its size: the line being typed
  std::string typed_ = {};  // that line, while another is shown
};

}  // namespace celeriac::console::tui
