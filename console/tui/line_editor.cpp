#include "console/tui/line_editor.hpp"

#include <utility>

#include "console/text.hpp"

namespace celeriac::console::tui {
namespace {

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

void LineEditor::begin(std::string text, std::vector<std::string> history) {
  text_ = std::move(text);
  cursor_ = text_.size();
  history_ = std::move(history);
  at_ = history_.size();
  typed_.clear();
}

void LineEditor::replace(std::string text, std::size_t cursor) {
  if (text.size() > longest) return;
  text_ = std::move(text);
  cursor_ = std::min(cursor, text_.size());
}

std::size_t LineEditor::before(std::size_t at) const {
  while (at > 0 && continues(text_[--at])) {
  }
  return at;
}

std::size_t LineEditor::behind(std::size_t at) const {
  if (at < text_.size()) ++at;
  while (at < text_.size() && continues(text_[at])) ++at;
  return at;
}

void LineEditor::insert(std::string_view text) {
  const std::string safe = printable(text);
  if (text_.size() + safe.size() > longest) return;
  text_.insert(cursor_, safe);
  cursor_ += safe.size();
}

void LineEditor::browse(int by) {
  if ((by < 0 && at_ == 0) || (by > 0 && at_ >= history_.size())) return;
  if (at_ == history_.size()) typed_ = text_;
  at_ = by < 0 ? at_ - 1 : at_ + 1;
  text_ = at_ < history_.size() ? history_[at_] : typed_;
  cursor_ = text_.size();
}

bool LineEditor::press(const Key& key) {
  if (key.code == KeyCode::control) return edit_control(key.text.empty() ? ' ' : key.text[0]);
  return edit(key);
}

bool LineEditor::edit(const Key& key) {
  switch (key.code) {
    case KeyCode::character:
    case KeyCode::pasted:
      insert(key.text);
      return true;
    case KeyCode::backspace: {
      const auto from = before(cursor_);
      text_.erase(from, cursor_ - from);
      cursor_ = from;
      return true;
    }
    case KeyCode::remove:
      text_.erase(cursor_, behind(cursor_) - cursor_);
      return true;
    case KeyCode::left:
      cursor_ = before(cursor_);
      return true;
    case KeyCode::right:
      cursor_ = behind(cursor_);
      return true;
    case KeyCode::home:
      cursor_ = 0;
      return true;
    case KeyCode::end:
      cursor_ = text_.size();
      return true;
    case KeyCode::up:
      browse(-1);
      return true;
    case KeyCode::down:
      browse(1);
      return true;
    default:
      return false;
  }
}

// As readline has them; Ctrl-X is not among them on purpose: it is the emergency stop.
bool LineEditor::edit_control(char letter) {
  switch (letter) {
    case 'a':
      return edit({KeyCode::home});
    case 'e':
      return edit({KeyCode::end});
    case 'b':
      return edit({KeyCode::left});
    case 'f':
      return edit({KeyCode::right});
    case 'p':
      return edit({KeyCode::up});
    case 'n':
      return edit({KeyCode::down});
    case 'd':
      return edit({KeyCode::remove});
    case 'k':
      text_.erase(cursor_);
      return true;
    case 'u':
      text_.erase(0, std::exchange(cursor_, 0));
      return true;
    case 'w': {
      auto from = cursor_;
      while (from > 0 && text_[from - 1] == ' ') --from;
      while (from > 0 && text_[from - 1] != ' ') --from;
      text_.erase(from, cursor_ - from);
      cursor_ = from;
      return true;
    }
    default:
      return false;
  }
}

}  // namespace celeriac::console::tui
