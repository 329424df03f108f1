#pragma once
// " Did you mean …?" for a name that is not in a table.

#include <algorithm>
#include <format>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::hal {

/// Longest name of a client's that is quoted back at it.
inline constexpr std::size_t max_quoted_name = 60;

inline std::string shortened(std::string_view text) {
  return text.size() <= max_quoted_name ? std::string(text)
                                        : std::string(text.substr(0, max_quoted_name)) + "…";
}

/// Insertions, removals and replacements that lead from one to the other.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// A sentence with a leading space, or "" if no name is near: within a third of its letters.
template <class Table, class Projection>
std::string did_you_mean(std::string_view text, const Table& table, Projection projection) {
  if (text.size() > max_quoted_name) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const auto& row : table) {
    const std::string_view candidate = std::invoke(projection, row);
    const auto distance = edit_distance(text, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best.empty() ? std::string() : std::format(" Did you mean \"{}\"?", best);
}

}  // namespace celeriac::hal
