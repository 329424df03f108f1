#pragma once
// Words in messages: what a misspelt one may have meant, and how text that a stranger wrote is quoted.

#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>

namespace celeriac::protocol {

/// Letters to insert, remove, replace or swap with a neighbour to make `b` from `a`, upper and lower
/// case being the same; `limit + 1` if it is more than `limit`. Words over 64 bytes are far from everything.
[[nodiscard]] std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) noexcept;

/// How far off a word of this length may be and still count as misspelt: a third of it, 1 to 3.
[[nodiscard]] constexpr std::size_t tolerance(std::string_view word) noexcept {
  return word.size() < 6 ? 1 : word.size() < 9 ? 2 : 3;
}

/// The nearest of `candidates` within the tolerance, "" if there is none; of equals the first. The result
/// views the candidate, so a container must be one that outlives the call; a view may be made for it.
template <std::ranges::input_range Candidates>
  requires std::is_lvalue_reference_v<Candidates> || std::ranges::view<std::remove_cvref_t<Candidates>>
[[nodiscard]] std::string_view closest(std::string_view word, Candidates&& candidates) {
  std::string_view best;
  std::size_t best_distance = tolerance(word) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t d = distance(word, candidate, best_distance - 1);
    // A word of which nothing is left is not a misspelling.
    if (d < best_distance && d < candidate.size()) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

/// A word of the document as it stands in a sentence: cut after `most` code points, control characters
/// shown as `?`, never invalid UTF-8.
[[nodiscard]] std::string shown(std::string_view word, std::size_t most = 60);

/// Appends one code point of `text` at `position` and moves on; control characters become `control`,
/// bytes that are not UTF-8 become U+FFFD one by one.
void append_code_point(std::string& to, std::string_view text, std::size_t& position, char control);

/// `a, b, c`; a list of more than 12 is cut: `a, b, … and 30 more`.
[[nodiscard]] std::string joined(std::ranges::sized_range auto&& words) {
  constexpr std::size_t most = 12;
  std::string text;
  for (const std::string_view word : words | std::views::take(most)) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  const auto count = static_cast<std::size_t>(std::ranges::size(words));
  if (count > most) text += ", … and " + std::to_string(count - most) + " more";
  return text;
}

}  // namespace celeriac::protocol
