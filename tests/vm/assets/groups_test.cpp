// Point groups: criteria and orders.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "tests/vm/assets/garden.hpp"
#include "vm/assets/iso_time.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;
using Ids = std::vector<std::int64_t>;

namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// Two planted, one planned, one weed, one point of the map.
Assets bed() {
  Assets assets;
  json weed = plant(54, 620, 310, "active");
  weed["pointer_type"] = "Weed";
  weed["radius"] = 12;
  weed["meta"] = {{"color", "red"}};
  json corner = plant(57, 100, 100);
  corner["pointer_type"] = "GenericPointer";
  corner.erase("plant_stage");
  corner["meta"] = {{"color", "blue"}};
  for (const json& point :
       {plant(51, 500, 200), plant(52, 500, 400), plant(53, 800, 300, "planned"), weed, corner})
    REQUIRE(assets.put(AssetKind::point, point));
  return assets;
}

Ids members(Assets& assets, const json& group, std::int64_t now_ms = 0) {
  REQUIRE(assets.put(AssetKind::point_group, group));
  return assets.members(40, now_ms, 1).value();
}

Ids found(const json& criteria) {
  Assets assets = bed();
  return members(assets, group_of(criteria));
}

/// Points with ids 1, 2, 3, … at these places, sorted.
Ids sorted(const std::vector<std::pair<double, double>>& places, const char* sort_type,
           std::uint64_t random = 1) {
  Assets assets;
  Ids ids;
  for (const auto& [x, y] : places) {
    ids.push_back(static_cast<std::int64_t>(ids.size()) + 1);
    REQUIRE(assets.put(AssetKind::point, plant(ids.back(), x, y)));
  }
  return assets.sorted(ids, sort_type, random).value();
}

}  // namespace

// ---- criteria ------------------------------------------------------------------------------------

TEST_CASE("a group without criteria has the points that were chosen") {
  Assets assets = bed();
  CHECK(members(assets, group_of(json::object(), "xy_ascending", {52, 57})) == Ids{57, 52});
  CHECK(members(assets, group_of(nullptr, "xy_ascending", {52})) == Ids{52});
  json bare{{"id", 40}, {"name", "Bare"}};
  CHECK(members(assets, bare).empty());
}

TEST_CASE("points that are chosen and found are members once, and those that are gone are none") {
  Assets assets = bed();
  const json criteria{{"string_eq", {{"plant_stage", {"planted"}}}}};
  CHECK(members(assets, group_of(criteria, "xy_ascending", {51, 57, 99})) == Ids{57, 51, 52});
}

TEST_CASE("criteria must all hold") {
  CHECK(found({{"string_eq", {{"pointer_type", {"Plant"}}}}}) == Ids{51, 52, 53});
  CHECK(found({{"string_eq", {{"pointer_type", {"Plant"}}, {"plant_stage", {"planted"}}}}}) == Ids{51, 52});
  CHECK(found({{"string_eq", {{"pointer_type", {"Plant", "Weed"}}}}, {"number_gt", {{"x", 600}}}}) ==
        Ids{54, 53});
}

TEST_CASE("numbers are compared: equal to one of a list, greater, less") {
  CHECK(found({{"number_eq", {{"x", {500, 620}}}}}) == Ids{51, 52, 54});
  CHECK(found({{"number_gt", {{"y", 300}}}}) == Ids{52, 54});
  CHECK(found({{"number_lt", {{"radius", 25}}}}) == Ids{54});
  CHECK(found({{"number_gt", {{"y", 200}}}, {"number_lt", {{"y", 400}}}}) == Ids{54, 53});
}

TEST_CASE("meta narrows what other criteria find, and finds nothing by itself") {
  CHECK(found({{"string_eq", {{"meta.color", {"red"}}}}}).empty());
  CHECK(found({{"string_eq", {{"meta.color", {"red"}}, {"pointer_type", {"Weed", "Plant"}}}}}) == Ids{54});
}

TEST_CASE("empty lists, null and 0 days are no criteria") {
  const json nothing{{"string_eq", {{"name", json::array()}}},
                     {"number_eq", json::object()},
                     {"number_gt", {{"x", nullptr}}},
                     {"day", {{"op", "<"}, {"days_ago", 0}}}};
  CHECK(found(nothing).empty());
}

TEST_CASE("plants are as old as they have been planted, others as they have been made") {
  Assets assets;
  const std::int64_t now = milliseconds_of("2025-05-11T00:00:00Z").value();
  json young = plant(1, 1, 0), old = plant(2, 2, 0), unknown = plant(3, 3, 0), weed = plant(4, 4, 0);
  young["planted_at"] = "2025-05-09T00:00:00.000Z";
  old["planted_at"] = "2025-04-01T00:00:00.000Z";
  old["created_at"] = "2025-05-10T00:00:00.000Z";
  unknown["planted_at"] = nullptr;
  unknown["created_at"] = "2025-05-10T00:00:00.000Z";
  weed["pointer_type"] = "Weed";
  weed["created_at"] = "2025-05-10T00:00:00.000Z";
  for (const json& point : {young, old, unknown, weed}) REQUIRE(assets.put(AssetKind::point, point));
  CHECK(members(assets, group_of({{"day", {{"op", "<"}, {"days_ago", 10}}}}), now) == Ids{1, 4});
  CHECK(members(assets, group_of({{"day", {{"op", ">"}, {"days_ago", 10}}}}), now) == Ids{2});
  CHECK(members(assets, group_of({{"day", {{"op", "<"}, {"days_ago", 10}}}}), now + 30 * day_ms).empty());
}

TEST_CASE("a group that is missing is named") {
  const auto missing = Assets().members(7, 0, 1);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().status == Status::not_found);
  CHECK(missing.error().message.starts_with("Point group not found: 7"));
}

// ---- orders --------------------------------------------------------------------------------------

TEST_CASE("points are sorted by x, then y, or by y, then x") {
  const std::vector<std::pair<double, double>> places{{2, 1}, {1, 2}, {1, 1}, {2, 0}};
  CHECK(sorted(places, "xy_ascending") == Ids{3, 2, 4, 1});
  CHECK(sorted(places, "") == Ids{3, 2, 4, 1});
  CHECK(sorted(places, "xy_descending") == Ids{1, 4, 2, 3});
  CHECK(sorted(places, "yx_ascending") == Ids{4, 3, 1, 2});
  CHECK(sorted(places, "yx_descending") == Ids{2, 1, 3, 4});
}

TEST_CASE("alternating orders turn round at the end of each row") {
  const std::vector<std::pair<double, double>> grid{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1},
                                                    {1, 2}, {2, 0}, {2, 1}, {2, 2}};
  CHECK(sorted(grid, "xy_alternating") == Ids{1, 2, 3, 6, 5, 4, 7, 8, 9});
  CHECK(sorted(grid, "yx_alternating") == Ids{1, 4, 7, 8, 5, 2, 3, 6, 9});
}

TEST_CASE("rows are of exactly equal coordinates") {
  CHECK(sorted({{0, 0}, {0, 1}, {0.001, 0}, {0.001, 1}}, "xy_alternating") == Ids{1, 2, 4, 3});
}

TEST_CASE("nn goes from the origin to the nearest, and on from there") {
  CHECK(sorted({{10, 10}, {1, 1}, {9, 9}, {2, 2}, {-3, 0}}, "nn") == Ids{2, 4, 5, 3, 1});
}

TEST_CASE("a random order has every point once, and is the same for the same seed") {
  std::vector<std::pair<double, double>> places;
  for (int i = 0; i < 50; ++i) places.emplace_back(i, 0);
  const auto one = sorted(places, "random", 1);
  CHECK(one == sorted(places, "random", 1));
  CHECK(one != sorted(places, "random", 2));
  Ids all(50);
  std::iota(all.begin(), all.end(), 1);
  CHECK(one != all);
  CHECK(std::ranges::is_permutation(one, all));
}

TEST_CASE("an order that is none is refused with those there are") {
  const auto refused = Assets().sorted({}, "zz_up", 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::malformed);
  CHECK(refused.error().message.contains("xy_alternating"));
}

TEST_CASE("ids that are unknown drop out of an order") {
  Assets assets = bed();
  CHECK(assets.sorted({99, 52, 51}, "xy_ascending", 1).value() == Ids{51, 52});
}

// ---- times ---------------------------------------------------------------------------------------

TEST_CASE("times of the web API are read, others are not") {
  CHECK(milliseconds_of("1970-01-01T00:00:00.000Z") == 0);
  CHECK(milliseconds_of("1970-01-02") == day_ms);
  CHECK(milliseconds_of("1970-01-01T00:00:01.5Z") == 1500);
  CHECK(milliseconds_of("1970-01-01 00:00:00.123456Z") == 123);
  CHECK(milliseconds_of("1970-01-01T02:00:00+02:00") == 0);
  CHECK(milliseconds_of("1969-12-31T19:30:00-0430") == 0);
  for (const char* text : {"", "today", "1970-13-01", "1970-01-01T", "1970-01-01T00:00:00Q", "1970-02-30",
                           "1970-01-01T00:61:00Z", "1970-01-01T00:00:00.Z"}) {
    CAPTURE(text);
    CHECK_FALSE(milliseconds_of(text));
  }
}
