#include "console/tui/keys.hpp"

#include <algorithm>
#include <utility>

namespace celeriac::console::tui {
namespace {

using enum KeyCode;

constexpr char escape_byte = '\x1b';
constexpr char stop_byte = '\x18';  // Ctrl-X
constexpr std::string_view paste_begin = "\x1b[200~", paste_end = "\x1b[201~";

struct Sequence {
  std::string_view bytes;  // behind the Escape; modifiers (";5") have been taken out
  KeyCode code;
};

// VT100 and xterm, cursor and application mode; the Linux console and rxvt where they differ.
constexpr Sequence sequences[] = {
    {"[A", up},    {"[B", down},         {"[C", right},      {"[D", left},       {"OA", up},
    {"OB", down},  {"OC", right},        {"OD", left},       {"[H", home},       {"[F", end},
    {"OH", home},  {"OF", end},          {"[1~", home},      {"[4~", end},       {"[7~", home},
    {"[8~", end},  {"[3~", remove},      {"[5~", page_up},   {"[6~", page_down}, {"[Z", back_tab},
    {"OM", enter}, {"[I", focus_gained}, {"[O", focus_lost},
};

struct Named {
  KeyCode code;
  std::string_view name;
};
constexpr Named names[] = {
    {enter, "Enter"},
    {tab, "Tab"},
    {back_tab, "Shift-Tab"},
    {backspace, "Backspace"},
    {remove, "Del"},
    {escape, "Esc"},
    {up, "Up"},
    {down, "Down"},
    {left, "Left"},
    {right, "Right"},
    {home, "Home"},
    {KeyCode::end, "End"},
    {page_up, "PgUp"},
    {page_down, "PgDn"},
    {focus_gained, "focus"},
    {focus_lost, "no focus"},
    {pasted, "a paste"},
    {other, "?"},
};

/// Length of a character by its first byte; 1 for what is not UTF-8.
std::size_t length_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

/// "[1;5A" is "[A" with Ctrl held; "[5;2~" is "[5~".
std::string without_modifiers(std::string_view sequence) {
  const auto semicolon = sequence.find(';');
  if (semicolon == std::string_view::npos) return std::string(sequence);
  std::string bare(sequence.substr(0, semicolon));
  if (sequence.back() != '~' && bare == "[1") bare = "[";
  return bare + sequence.back();
}

KeyCode code_of(std::string_view sequence) {
  const std::string bare = without_modifiers(sequence);
  const auto row = std::ranges::find(sequences, bare, &Sequence::bytes);
  return row != std::end(sequences) ? row->code : other;
}

/// Length of a control sequence at the beginning of the bytes, the Escape included; 0 if it is not whole.
std::size_t length_of_sequence(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[1] == 'O') return bytes.size() < 3 ? 0 : 3;
  if (bytes[1] != '[') return 2;
  if (bytes.size() > 2 && bytes[2] == '[') return bytes.size() < 4 ? 0 : 4;  // F1 to F5 of the Linux console
  for (std::size_t i = 2; i < bytes.size(); ++i)
    if (bytes[i] >= 0x40 && bytes[i] <= 0x7e) return i + 1;
  return 0;
}

Key key_of_byte(char byte) {
  switch (byte) {
    case '\r':
    case '\n':
      return {enter};
    case '\t':
      return {tab};
    case '\x7f':
    case '\b':
      return {backspace};
    default:
      break;
  }
  if (byte >= 1 && byte <= 26) return {control, std::string(1, static_cast<char>('a' + byte - 1))};
  return {other};
}

}  // namespace

std::string name_of(const Key& key) {
  if (key.code == character) return key.text == " " ? "Space" : key.text;
  if (key.code == control)
    return "^" + std::string(1, static_cast<char>(key.text.empty() ? '?' : key.text[0] - 'a' + 'A'));
  const auto row = std::ranges::find(names, key.code, &Named::code);
  return row != std::end(names) ? std::string(row->name) : std::string("?");
}

std::vector<Key> KeyReader::feed(std::string_view bytes) {
  rest_ += bytes;
  std::vector<Key> keys;
  while (!rest_.empty() && (pasting_ ? take_paste(keys) : take(keys))) {
  }
  return keys;
}

std::vector<Key> KeyReader::flush() {
  std::vector<Key> keys;
  if (!pending()) return keys;
  // "\x1b" alone is the key; "\x1b[" was Alt with a bracket, and half a character is nothing.
  keys.push_back({rest_ == std::string(1, escape_byte) ? escape : other});
  rest_.clear();
  return keys;
}

bool KeyReader::take(std::vector<Key>& keys) {
  const char first = rest_.front();
  if (first == escape_byte) return take_sequence(keys);
  if (static_cast<unsigned char>(first) < 0x20 || first == '\x7f') {
    keys.push_back(key_of_byte(first));
    rest_.erase(0, 1);
    return true;
  }
  const std::size_t length = length_of(first);
  if (rest_.size() < length) return false;
  keys.push_back({character, rest_.substr(0, length)});
  rest_.erase(0, length);
  return true;
}

bool KeyReader::take_sequence(std::vector<Key>& keys) {
  if (rest_.starts_with(paste_begin)) {
    rest_.erase(0, paste_begin.size());
    pasting_ = true;
    paste_.clear();
    return true;
  }
  // Two Escapes: the first was the key.
  if (rest_.size() > 1 && rest_[1] == escape_byte) {
    keys.push_back({escape});
    rest_.erase(0, 1);
    return true;
  }
  std::size_t length = length_of_sequence(rest_);
  // A control character in the middle of a sequence breaks it off, and counts: it may be the emergency stop.
  const auto broken = std::find_if(rest_.begin() + 1, rest_.end(),
                                   [](char byte) { return static_cast<unsigned char>(byte) < 0x20; });
  const auto whole = static_cast<std::size_t>(broken - rest_.begin());
  if (whole > 1 && whole < (length == 0 ? rest_.size() : length)) {
    keys.push_back({other});
    rest_.erase(0, whole);
    return true;
  }
  if (length == 0) {
    if (rest_.size() < longest_sequence) return false;
    length = rest_.size();
  }
  // Alt with Ctrl-X must stop the machine as Ctrl-X does.
  if (length == 2 && rest_[1] >= 1 && rest_[1] <= 26)
    keys.push_back(key_of_byte(rest_[1]));
  else
    keys.push_back({code_of(std::string_view(rest_).substr(1, length - 1))});
  rest_.erase(0, length);
  return true;
}

bool KeyReader::take_paste(std::vector<Key>& keys) {
  // No paste swallows the emergency stop: neither one whose end was lost, nor one that has the key in it.
  const auto end = std::min(rest_.find(paste_end), rest_.find(stop_byte));
  // The end may have been cut in two: its first bytes stay.
  const std::size_t kept = end != std::string::npos ? 0 : std::min(rest_.size(), paste_end.size() - 1);
  const std::size_t text = end != std::string::npos ? end : rest_.size() - kept;
  paste_ += rest_.substr(0, std::min(text, longest_paste - paste_.size()));
  rest_.erase(0, text);
  if (end == std::string::npos) return false;
  if (rest_.starts_with(paste_end)) rest_.erase(0, paste_end.size());
  pasting_ = false;
  keys.push_back({pasted, std::exchange(paste_, {})});
  return true;
}

}  // namespace celeriac::console::tui
