#pragma once
// What of a long list is shown: a filter of words, and a place that stays while entries arrive.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::console::tui {

/// True if the text has every word of the filter, capitals or not, and none of those that begin with "-".
bool matches(std::string_view text, std::string_view filter);

/// The lower end of what is shown: the entry of this number (Ring::count), or the newest for ever.
struct Scroll {
  std::optional<std::uint64_t> last = {};

  /// Moves by entries, down being positive; `shown` are the numbers of entries that pass the filter, rising.
  /// Down from the newest follows it again.
  void move(const std::vector<std::uint64_t>& shown, std::int64_t by);
  /// How many of `shown` are above the lower end, the last of them included.
  [[nodiscard]] std::size_t visible(const std::vector<std::uint64_t>& shown) const;
};

}  // namespace celeriac::console::tui
