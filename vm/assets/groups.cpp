// Point groups: who belongs to them, and in which order.

#include <algorithm>
#include <format>
#include <limits>
#include <random>
#include <set>
#include <utility>

#include "protocol/words.hpp"
#include "vm/assets/assets.hpp"
#include "vm/assets/criteria.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Result;
using protocol::Status;

namespace {

struct Spot {
  std::int64_t id = 0;
  double x = 0, y = 0;
};
using Spots = std::vector<Spot>;

/// By the first coordinate, then by the second; what stands at the same spot keeps its order.
template <double Spot::* First, double Spot::* Second, bool Descending>
void sort_by(Spots& spots, std::uint64_t) {
  std::ranges::stable_sort(spots, [](const Spot& a, const Spot& b) {
    const auto key = [](const Spot& spot) { return std::pair(spot.*First, spot.*Second); };
    return Descending ? key(b) < key(a) : key(a) < key(b);
  });
}

/// Rows of equal First, ascending; the 2nd, 4th, … backwards.
template <double Spot::* First, double Spot::* Second>
void alternate(Spots& spots, std::uint64_t random) {
  sort_by<First, Second, false>(spots, random);
  bool backwards = false;
  for (auto row = spots.begin(); row != spots.end(); backwards = !backwards) {
    const auto end =
        std::find_if(row, spots.end(), [row](const Spot& spot) { return spot.*First != (*row).*First; });
    if (backwards) std::reverse(row, end);
    row = end;
  }
}

/// From (0, 0) to the nearest, from there to the nearest of the rest, and so on.
void nearest_neighbours(Spots& spots, std::uint64_t) {
  double x = 0, y = 0;
  for (auto next = spots.begin(); next != spots.end(); ++next) {
    const auto distance = [x, y](const Spot& spot) {  // squared: the order is the same
      return (spot.x - x) * (spot.x - x) + (spot.y - y) * (spot.y - y);
    };
    const auto nearest = std::min_element(
        next, spots.end(), [&](const Spot& a, const Spot& b) { return distance(a) < distance(b); });
    // The others keep their order, so that of equally near ones it is the first.
    std::rotate(next, nearest, std::next(nearest));
    x = next->x;
    y = next->y;
  }
}

/// Fisher and Yates, with draws of our own: the standard library's distributions differ between versions, and
/// a run must be repeatable.
void shuffle(Spots& spots, std::uint64_t random) {
  std::mt19937_64 generator(random);
  for (std::size_t left = spots.size(); left > 1; --left) {
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / left * left;
    std::uint64_t drawn = generator();
    while (drawn >= limit) drawn = generator();
    std::swap(spots[left - 1], spots[drawn % left]);
  }
}

struct Order {
  std::string_view sort_type;
  void (*sort)(Spots& spots, std::uint64_t random);
};
constexpr Order orders[] = {
    {"xy_ascending", sort_by<&Spot::x, &Spot::y, false>},
    {"xy_descending", sort_by<&Spot::x, &Spot::y, true>},
    {"yx_ascending", sort_by<&Spot::y, &Spot::x, false>},
    {"yx_descending", sort_by<&Spot::y, &Spot::x, true>},
    {"xy_alternating", alternate<&Spot::x, &Spot::y>},
    {"yx_alternating", alternate<&Spot::y, &Spot::x>},
    {"nn", nearest_neighbours},
    {"random", shuffle},
};

}  // namespace

Result<std::vector<std::int64_t>> Assets::sorted(std::vector<std::int64_t> ids, std::string_view sort_type,
                                                 std::uint64_t random) const {
  if (sort_type.empty()) sort_type = "xy_ascending";
  const auto order = std::ranges::find(orders, sort_type, &Order::sort_type);
  if (order == std::end(orders)) {
    std::vector<std::string_view> names;
    for (const auto& each : orders) names.push_back(each.sort_type);
    return protocol::fail(Status::malformed,
                          std::format("There is no order \"{}\": it is one of {}.",
                                      protocol::shown(sort_type), protocol::joined(names)));
  }
  Spots spots;
  spots.reserve(ids.size());
  for (const auto id : ids)
    if (const json* point = find(AssetKind::point, id); point != nullptr)
      spots.push_back({.id = id, .x = point->at("x").get<double>(), .y = point->at("y").get<double>()});
  order->sort(spots, random);
  ids.clear();
  for (const Spot& spot : spots) ids.push_back(spot.id);
  return ids;
}

Result<std::vector<std::int64_t>> Assets::members(std::int64_t group_id, std::int64_t now_ms,
                                                  std::uint64_t random) const {
  const json* group = find(AssetKind::point_group, group_id);
  if (group == nullptr)
    return protocol::fail(
        Status::not_found,
        std::format("Point group not found: {}. `celeriac asset list point_groups` shows which there are.",
                    group_id));
  std::set<std::int64_t> ids;
  if (const auto chosen = group->find("point_ids"); chosen != group->end() && chosen->is_array())
    for (const auto& id : *chosen) ids.insert(id.get<std::int64_t>());
  const auto criteria = group->value("criteria", json());
  if (finds_points(criteria))
    for (const auto& [id, point] : all(AssetKind::point))
      if (matches(criteria, point, now_ms)) ids.insert(id);
  const auto sort_type = group->find("sort_type");
  return sorted({ids.begin(), ids.end()},
                sort_type != group->end() && sort_type->is_string()
                    ? std::string_view(sort_type->get_ref<const std::string&>())
                    : std::string_view(),
                random);
}

}  // namespace celeriac::vm
