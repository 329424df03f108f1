#include "protocol/words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace celeriac::protocol {
namespace {

constexpr std::size_t longest_word = 64;
constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) noexcept {
  const std::size_t far = limit + 1;
  if (a.size() > longest_word || b.size() > longest_word) return far;
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return far;
  // Optimal string alignment, three rows at a time.
  using Row = std::array<std::size_t, longest_word + 1>;
  Row before{}, previous{}, current{};
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char p = lower(a[i - 1]), q = lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (p == q ? 0U : 1U)});
      if (i > 1 && j > 1 && p == lower(b[j - 2]) && lower(a[i - 2]) == q) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before = previous;
    previous = current;
  }
  return std::min(previous[b.size()], far);
}

void append_code_point(std::string& to, std::string_view text, std::size_t& position, char control) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(position);
  if (lead < 0x80) {
    to += lead < 0x20 || lead == 0x7F ? control : text[position];
    ++position;
    return;
  }
  const std::size_t size = lead >= 0xF0 && lead <= 0xF4  ? 4
                           : lead >= 0xE0 && lead < 0xF0 ? 3
                           : lead >= 0xC2 && lead < 0xE0 ? 2
                                                         : 0;
  bool good = size != 0 && position + size <= text.size();
  for (std::size_t i = 1; good && i < size; ++i) good = (byte(position + i) & 0xC0) == 0x80;
  if (good && size > 2) {
    // Neither longer than need be, nor half of a UTF-16 pair, nor beyond U+10FFFF.
    const std::uint8_t second = byte(position + 1);
    good = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
           !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
  }
  to += good ? text.substr(position, size) : replacement_character;
  position += good ? size : 1;
}

std::string shown(std::string_view word, std::size_t most) {
  std::string text;
  std::size_t position = 0;
  for (std::size_t count = 0; position < word.size(); ++count) {
    if (count == most) return text + "…";
    append_code_point(text, word, position, '?');
  }
  return text;
}

}  // namespace celeriac::protocol
