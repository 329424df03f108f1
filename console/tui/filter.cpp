#include "console/tui/filter.hpp"

#include <algorithm>
#include <cctype>

namespace celeriac::console::tui {
namespace {

bool contains(std::string_view text, std::string_view word) {
  return !std::ranges::search(
              text, word, {}, [](char c) { return std::tolower(static_cast<unsigned char>(c)); },
              [](char c) { return std::tolower(static_cast<unsigned char>(c)); })
              .empty();
}

}  // namespace

bool matches(std::string_view text, std::string_view filter) {
  while (!filter.empty()) {
    const auto end = std::min(filter.find(' '), filter.size());
    const std::string_view word = filter.substr(0, end);
    filter.remove_prefix(std::min(end + 1, filter.size()));
    if (word.empty() || word == "-") continue;
    const bool unwanted = word.front() == '-';
    if (contains(text, unwanted ? word.substr(1) : word) == unwanted) return false;
  }
  return true;
}

std::size_t Scroll::visible(const std::vector<std::uint64_t>& shown) const {
  if (!last) return shown.size();
  // Of what has given way to newer entries, the oldest that is left stands in its place.
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(shown, *last) - shown.begin());
  return std::max<std::size_t>(above, std::min<std::size_t>(1, shown.size()));
}

void Scroll::move(const std::vector<std::uint64_t>& shown, std::int64_t by) {
  if (shown.empty()) return last.reset();
  const auto at = static_cast<std::int64_t>(visible(shown)) - 1 + by;
  if (at >= static_cast<std::int64_t>(shown.size()) - 1) return last.reset();
  last = shown[static_cast<std::size_t>(std::max<std::int64_t>(at, 0))];
}

}  // namespace celeriac::console::tui
