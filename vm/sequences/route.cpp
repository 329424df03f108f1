#include "vm/sequences/route.hpp"

#include <algorithm>
#include <ranges>

namespace celeriac::vm {
namespace {

bool has_z(const std::string& group) {
  return group.contains('z');
}

Route reversed(Route groups) {
  std::ranges::reverse(groups);
  return groups;
}

}  // namespace

std::optional<Route> route(std::string_view order, bool goes_up) {
  const auto semicolon = order.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  const auto way = order.substr(semicolon + 1);
  Route written;
  std::string seen;
  for (const auto part : order.substr(0, semicolon) | std::views::split(',')) {
    written.emplace_back(part.begin(), part.end());
    for (const char axis : written.back()) {
      if (!std::string_view("xyz").contains(axis) || seen.contains(axis)) return std::nullopt;
      seen += axis;
    }
    if (written.back().empty()) return std::nullopt;
  }
  if (way != "high" && way != "low" && way != "in_order") return std::nullopt;
  if (written.empty()) return std::nullopt;
  if (way == "in_order" || !seen.contains('z')) return written;

  const bool z_first = (way == "high") == goes_up;
  const auto fits = [&](const Route& groups) { return has_z(z_first ? groups.front() : groups.back()); };
  Route front = written;
  std::ranges::stable_partition(front, has_z);
  for (const Route& candidate : {written, reversed(written), front, reversed(front)}) {
    if (fits(candidate)) return candidate;
  }
  return written;
}

}  // namespace celeriac::vm
