#include "vm/schedule/calendar.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/schedule/times.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr const char* berlin = "Europe/Berlin";

/// The first so many, as the clock on the wall of the zone shows them.
std::vector<std::string> first(const Recurrence& recurrence, int count,
                               const std::string& zone_name = "Etc/UTC") {
  const auto& zone = *zone_of(zone_name).zone;
  std::vector<std::string> made;
  auto time = recurrence.start - 1ms;
  for (int i = 0; i < count; ++i) {
    const auto next = next_after(recurrence, time, zone);
    if (!next) break;
    made.push_back(shown(*next, zone));
    time = *next;
  }
  return made;
}

using Texts = std::vector<std::string>;

json event(json fields) {
  json made = {{"id", 3},
               {"executable_type", "Sequence"},
               {"executable_id", 7},
               {"repeat", 2},
               {"time_unit", "daily"},
               {"start_time", "2025-05-14T08:00:00.000Z"},
               {"end_time", nullptr}};
  made.update(fields);
  return made;
}

}  // namespace

TEST_CASE("an event that never repeats is due once") {
  const Recurrence once{.start = at("2025-05-14 08:00")};
  CHECK(first(once, 5) == Texts{"2025-05-14 08:00:00 UTC"});
  CHECK_FALSE(next_after(once, once.start, *zone_of("").zone));
}

TEST_CASE("minutes and hours are counted as they pass, over a change of the clocks too") {
  CHECK(first({.start = at("2025-05-14 08:00"), .unit = TimeUnit::minutely, .repeat = 20}, 3) ==
        Texts{"2025-05-14 08:00:00 UTC", "2025-05-14 08:20:00 UTC", "2025-05-14 08:40:00 UTC"});
  CHECK(first({.start = at("2025-03-30 01:00", berlin), .unit = TimeUnit::hourly}, 3, berlin) ==
        Texts{"2025-03-30 01:00:00 CET", "2025-03-30 03:00:00 CEST", "2025-03-30 04:00:00 CEST"});
}

TEST_CASE("days keep the time on the wall when the clocks go forward, and back") {
  CHECK(first({.start = at("2025-03-29 08:00", berlin), .unit = TimeUnit::daily}, 3, berlin) ==
        Texts{"2025-03-29 08:00:00 CET", "2025-03-30 08:00:00 CEST", "2025-03-31 08:00:00 CEST"});
  CHECK(first({.start = at("2025-10-25 08:00", berlin), .unit = TimeUnit::daily}, 3, berlin) ==
        Texts{"2025-10-25 08:00:00 CEST", "2025-10-26 08:00:00 CET", "2025-10-27 08:00:00 CET"});
}

TEST_CASE("a time that the day does not have is when the clocks go forward over it") {
  CHECK(first({.start = at("2025-03-29 02:30", berlin), .unit = TimeUnit::daily}, 3, berlin) ==
        Texts{"2025-03-29 02:30:00 CET", "2025-03-30 03:00:00 CEST", "2025-03-31 02:30:00 CEST"});
}

TEST_CASE("a time that comes twice is due once, the first time") {
  CHECK(first({.start = at("2025-10-25 02:30", berlin), .unit = TimeUnit::daily}, 3, berlin) ==
        Texts{"2025-10-25 02:30:00 CEST", "2025-10-26 02:30:00 CEST", "2025-10-27 02:30:00 CET"});
}

TEST_CASE("weeks keep the day of the week") {
  CHECK(first({.start = at("2025-03-24 07:00", berlin), .unit = TimeUnit::weekly, .repeat = 2}, 3, berlin) ==
        Texts{"2025-03-24 07:00:00 CET", "2025-04-07 07:00:00 CEST", "2025-04-21 07:00:00 CEST"});
}

TEST_CASE("the 31st is the last day of a shorter month, and the 31st again after it") {
  CHECK(first({.start = at("2025-01-31 08:00"), .unit = TimeUnit::monthly}, 4) ==
        Texts{"2025-01-31 08:00:00 UTC", "2025-02-28 08:00:00 UTC", "2025-03-31 08:00:00 UTC",
              "2025-04-30 08:00:00 UTC"});
}

TEST_CASE("months pass over the end of the year") {
  CHECK(first({.start = at("2025-11-15 08:00"), .unit = TimeUnit::monthly, .repeat = 3}, 3) ==
        Texts{"2025-11-15 08:00:00 UTC", "2026-02-15 08:00:00 UTC", "2026-05-15 08:00:00 UTC"});
}

TEST_CASE("29 February is the 28th where the year has none") {
  CHECK(first({.start = at("2024-02-29 08:00"), .unit = TimeUnit::yearly}, 5) ==
        Texts{"2024-02-29 08:00:00 UTC", "2025-02-28 08:00:00 UTC", "2026-02-28 08:00:00 UTC",
              "2027-02-28 08:00:00 UTC", "2028-02-29 08:00:00 UTC"});
}

TEST_CASE("what is due at the end is due, what is after it is not") {
  Recurrence daily{.start = at("2025-05-14 08:00"), .end = at("2025-05-16 08:00"), .unit = TimeUnit::daily};
  CHECK(first(daily, 9).size() == 3);
  daily.end = at("2025-05-16 07:59");
  CHECK(first(daily, 9).size() == 2);
  daily.end = at("2025-05-13 08:00");
  CHECK(first(daily, 9).empty());
}

TEST_CASE("counting agrees with going from one to the next, for every unit, zone and time of the year") {
  for (const auto unit : {TimeUnit::minutely, TimeUnit::hourly, TimeUnit::daily, TimeUnit::weekly,
                          TimeUnit::monthly, TimeUnit::yearly}) {
    for (const char* zone_name : {"Etc/UTC", berlin, "Australia/Lord_Howe", "America/St_Johns"}) {
      for (const std::int64_t repeat : {1, 3}) {
        const auto& zone = *zone_of(zone_name).zone;
        const Recurrence recurrence{.start = at("2024-01-31 02:30", zone_name),
                                    .end = at("2027-01-01 00:00"),
                                    .unit = unit,
                                    .repeat = repeat};
        auto time = recurrence.start - 1ms;
        std::int64_t passed = 0;
        while (passed < 400) {
          const auto next = next_after(recurrence, time, zone);
          if (!next) break;
          REQUIRE(*next > time);
          ++passed;
          REQUIRE(count_between(recurrence, recurrence.start - 1ms, *next, zone) == passed);
          REQUIRE(last_until(recurrence, *next, zone) == next);
          REQUIRE(last_until(recurrence, *next + 1s, zone) == next);
          time = *next;
        }
        CHECK(passed >= 1);
      }
    }
  }
}

TEST_CASE("years of minutes are counted without walking through them") {
  const Recurrence minutely{.start = at("2004-01-01 00:00"), .unit = TimeUnit::minutely};
  const auto& utc = *zone_of("").zone;
  CHECK(count_between(minutely, at("2004-01-01 00:00"), at("2024-01-01 00:00"), utc) == 7305 * 1440);
  CHECK(next_after(minutely, at("2024-01-01 00:00"), utc) == at("2024-01-01 00:01"));
}

TEST_CASE("a zone that does not exist is UTC, and says so") {
  CHECK(zone_of("Europe/Berlin").known);
  CHECK(zone_of("").known);
  const Zone zone = zone_of("Mars/Olympus");
  CHECK_FALSE(zone.known);
  CHECK(shown(at("2025-05-14 08:00"), *zone.zone) == "2025-05-14 08:00:00 UTC");
}

TEST_CASE("a farm event is read as the web API writes it") {
  const auto read = read_farm_event(event({{"end_time", "2025-06-01T00:00:00.000Z"}}));
  REQUIRE(read);
  CHECK(read->id == 3);
  CHECK(read->executable_id == 7);
  CHECK_FALSE(read->is_regimen);
  CHECK(read->when.start == at("2025-05-14 08:00"));
  CHECK(read->when.end == at("2025-06-01 00:00"));
  CHECK(read->when.unit == TimeUnit::daily);
  CHECK(read->when.repeat == 2);
}

TEST_CASE("a farm event that cannot be scheduled is refused by the field") {
  const std::pair<json, const char*> table[] = {
      {{{"executable_id", "x"}}, "/executable_id"},
      {{{"executable_type", "Lua"}}, "/executable_type"},
      {{{"start_time", "soon"}}, "/start_time"},
      {{{"time_unit", "fortnightly"}}, "/time_unit"},
      {{{"repeat", 0}}, "/repeat"},
      {{{"repeat", max_repeat + 1}}, "/repeat"},
      {{{"repeat", 1.5}}, "/repeat"},
      {{{"end_time", "never"}}, "/end_time"},
  };
  for (const auto& [fields, path] : table) {
    CAPTURE(path);
    const auto read = read_farm_event(event(fields));
    REQUIRE_FALSE(read);
    CHECK(read.error().status == Status::malformed);
    CHECK(read.error().path == path);
    CHECK(read.error().message.contains("Farm event 3"));
  }
}

TEST_CASE("a regimen's items are in the order of their time, and else in their own") {
  const auto regimen = read_regimen({{"id", 1},
                                     {"name", "Tomatoes"},
                                     {"regimen_items",
                                      {{{"time_offset", 2000}, {"sequence_id", 1}},
                                       {{"time_offset", 1000}, {"sequence_id", 2}},
                                       {{"time_offset", 2000}, {"sequence_id", 3}}}}});
  REQUIRE(regimen);
  REQUIRE(regimen->items.size() == 3);
  CHECK(regimen->items[0].sequence_id == 2);
  CHECK(regimen->items[1].sequence_id == 1);
  CHECK(regimen->items[2].sequence_id == 3);
}

TEST_CASE("a regimen's item without a sequence is refused by its place") {
  const auto regimen = read_regimen(
      {{"id", 1}, {"regimen_items", {{{"time_offset", 1}, {"sequence_id", 1}}, {{"time_offset", 1}}}}});
  REQUIRE_FALSE(regimen);
  CHECK(regimen.error().path == "/regimen_items/1");
}

TEST_CASE("a regimen's days begin at midnight where the device is, and keep the time on the wall") {
  const std::int64_t day = 86'400'000, hour = 3'600'000;
  const auto regimen = read_regimen({{"id", 1},
                                     {"regimen_items",
                                      {{{"time_offset", 8 * hour}, {"sequence_id", 1}},
                                       {{"time_offset", day + 8 * hour}, {"sequence_id", 2}},
                                       {{"time_offset", 2 * day + 8 * hour}, {"sequence_id", 3}}}}})
                           .value();
  auto farm_event = read_farm_event(event({{"executable_type", "Regimen"}})).value();
  farm_event.when.start = at("2025-03-29 00:30", berlin);  // 28 March in UTC
  const Timetable table(farm_event, regimen, *zone_of(berlin).zone);
  auto moment = table.next(end_of(WallTime{}));
  REQUIRE(moment);
  CHECK(moment->at == at("2025-03-29 08:00", berlin));
  CHECK(table.sequence_at(*moment) == 1);
  moment = table.next(*moment);
  CHECK(moment->at == at("2025-03-30 08:00", berlin));
  moment = table.next(*moment);
  CHECK(moment->at == at("2025-03-31 08:00", berlin));
  CHECK_FALSE(table.next(*moment));
}

TEST_CASE("items of the first day that are past when the regimen begins are left out") {
  const std::int64_t hour = 3'600'000;
  const auto regimen = read_regimen({{"id", 1},
                                     {"regimen_items",
                                      {{{"time_offset", 8 * hour}, {"sequence_id", 1}},
                                       {{"time_offset", 10 * hour - 120'000}, {"sequence_id", 2}},
                                       {{"time_offset", 11 * hour}, {"sequence_id", 3}}}}})
                           .value();
  auto farm_event = read_farm_event(event({{"executable_type", "Regimen"}})).value();
  farm_event.when.start = at("2025-05-14 10:00");
  const Timetable table(farm_event, regimen, *zone_of("").zone);
  CHECK(table.count(end_of(WallTime{}), at("2025-06-01 00:00")) == 2);
  CHECK(table.sequence_at(*table.next(end_of(WallTime{}))) == 2);
}

TEST_CASE("parameters of the event come after those of the regimen") {
  auto farm_event = read_farm_event(event({{"executable_type", "Regimen"}, {"body", {"event"}}})).value();
  const auto regimen = read_regimen({{"id", 1}, {"body", {"regimen"}}}).value();
  CHECK(Timetable(farm_event, regimen, *zone_of("").zone).applications() == json{"regimen", "event"});
}
