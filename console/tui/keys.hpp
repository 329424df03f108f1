#pragma once
// From the bytes of a terminal to keys.
//
// Terminals send escape sequences for keys that are no characters, and differ in them: VT100 application and
// cursor mode, xterm's modifiers, the Linux console's function keys. What is not known is a key all the same
// (`other`): in jog mode every key stops the machine.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::console::tui {

enum class KeyCode : std::uint8_t {
  character,  ///< one character, UTF-8, in `text`
  control,    ///< Ctrl with the small letter in `text`
  pasted,     ///< a bracketed paste, in `text`
  enter,
  tab,
  back_tab,
  backspace,
  remove,
  escape,
  up,
  down,
  left,
  right,
  home,
  end,
  page_up,
  page_down,
  focus_gained,
  focus_lost,
  other,
};

struct Key {
  KeyCode code = KeyCode::other;
  std::string text = {};
  bool operator==(const Key&) const = default;
};

/// As the tables of bindings and the screen write it: "j", "^X", "Esc", "PgUp".
std::string name_of(const Key& key);

/// Splits what a terminal sends into keys, wherever the bytes were cut.
class KeyReader {
 public:
  /// Bytes of an unfinished sequence that are kept; a longer one is no key of any terminal.
  static constexpr std::size_t longest_sequence = 32;
  /// Characters of a paste that are kept.
  static constexpr std::size_t longest_paste = 4096;
  /// An Escape that nothing follows for so long was the key itself: ssh may cut a sequence in two.
  static constexpr std::chrono::milliseconds escape_patience{50};

  std::vector<Key> feed(std::string_view bytes);
  /// Nothing came for `escape_patience`: what is pending is taken for what it is.
  std::vector<Key> flush();
  [[nodiscard]] bool pending() const noexcept { return !rest_.empty() && !pasting_; }

 private:
  bool take(std::vector<Key>& keys);
  bool take_sequence(std::vector<Key>& keys);
  bool take_paste(std::vector<Key>& keys);

  std::string rest_;
  std::string paste_;
  bool pasting_ = false;
};

}  // namespace celeriac::console::tui
