#include "vm/schedule/calendar.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <format>
#include <iterator>
#include <stdexcept>

#include "vm/assets/iso_time.hpp"

namespace celeriac::vm {

namespace chrono = std::chrono;
using chrono::days;
using chrono::local_days;
using chrono::milliseconds;
using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;
using LocalTime = chrono::local_time<milliseconds>;

namespace {

struct UnitRow {
  TimeUnit unit;
  std::string_view name;
  double average_ms;  ///< length of one, to begin a search with
};
constexpr double minute_ms = 60e3, day_ms = 86'400e3;
constexpr std::array<UnitRow, 7> units = {{
    {TimeUnit::never, "never", 0},
    {TimeUnit::minutely, "minutely", minute_ms},
    {TimeUnit::hourly, "hourly", 60 * minute_ms},
    {TimeUnit::daily, "daily", day_ms},
    {TimeUnit::weekly, "weekly", 7 * day_ms},
    {TimeUnit::monthly, "monthly", 30.436875 * day_ms},
    {TimeUnit::yearly, "yearly", 365.2425 * day_ms},
}};

const UnitRow& row_of(TimeUnit unit) {
  return units[static_cast<std::size_t>(unit)];
}

WallTime on_the_wall(LocalTime local, const chrono::time_zone& zone) {
  return zone.to_sys(local, chrono::choose::earliest);
}

LocalTime local_of(WallTime time, const chrono::time_zone& zone) {
  return zone.to_local(time);
}

/// The same day so many months later, or the last one of a month that is too short.
LocalTime months_later(LocalTime start, std::int64_t months) {
  const auto day = chrono::floor<days>(start);
  chrono::year_month_day date{day};
  const chrono::day wanted = date.day();
  const auto month = chrono::year_month(date.year(), date.month()) + chrono::months(months);
  const chrono::year_month_day_last last{month.year(), chrono::month_day_last(month.month())};
  return local_days(month / std::min(wanted, last.day())) + (start - day);
}

/// The one with this number, from 0 on.
WallTime occurrence(const Recurrence& recurrence, std::int64_t number, const chrono::time_zone& zone) {
  const std::int64_t steps = number * recurrence.repeat;
  const auto later = [&](auto move) { return on_the_wall(move(local_of(recurrence.start, zone)), zone); };
  if (number == 0) return recurrence.start;
  switch (recurrence.unit) {
    case TimeUnit::never:
      break;
    case TimeUnit::minutely:
      return recurrence.start + chrono::minutes(steps);
    case TimeUnit::hourly:
      return recurrence.start + chrono::hours(steps);
    case TimeUnit::daily:
      return later([&](LocalTime start) { return start + days(steps); });
    case TimeUnit::weekly:
      return later([&](LocalTime start) { return start + days(7 * steps); });
    case TimeUnit::monthly:
      return later([&](LocalTime start) { return months_later(start, steps); });
    case TimeUnit::yearly:
      return later([&](LocalTime start) { return months_later(start, 12 * steps); });
  }
  return recurrence.start;
}

/// Number of the first one after a time, whatever the end.
std::int64_t number_after(const Recurrence& recurrence, WallTime time, const chrono::time_zone& zone) {
  if (time < recurrence.start) return 0;
  if (recurrence.unit == TimeUnit::never) return 1;
  const double passed = static_cast<double>((time - recurrence.start).count());
  const double period = row_of(recurrence.unit).average_ms * static_cast<double>(recurrence.repeat);
  auto number = static_cast<std::int64_t>(passed / period);
  // Months and clock changes make the guess wrong by one or two.
  while (number > 0 && occurrence(recurrence, number, zone) > time) --number;
  while (occurrence(recurrence, number, zone) <= time) ++number;
  return number;
}

std::int64_t number_until(const Recurrence& recurrence, WallTime until, const chrono::time_zone& zone) {
  const auto last = recurrence.end ? std::min(*recurrence.end, until) : until;
  return number_after(recurrence, last, zone);
}

// ---- reading --------------------------------------------------------------------------------------

std::unexpected<protocol::Error> bad(std::string_view what, std::string_view field, std::string_view why) {
  return std::unexpected(protocol::Error{.status = Status::malformed,
                                         .message = std::format("{}: {} {}.", what, field, why),
                                         .path = std::format("/{}", field)});
}

/// A whole number that JSON may hold as a double.
std::optional<std::int64_t> whole(const json& item, const char* name) {
  const auto found = item.find(name);
  if (found == item.end() || !found->is_number()) return std::nullopt;
  const double number = found->get<double>();
  if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
  return found->get<std::int64_t>();
}

std::optional<WallTime> time_of(const json& item, const char* name) {
  const auto found = item.find(name);
  if (found == item.end() || !found->is_string()) return std::nullopt;
  const auto ms = milliseconds_of(found->get_ref<const std::string&>());
  return ms ? std::optional(WallTime(milliseconds(*ms))) : std::nullopt;
}

bool is_given(const json& item, const char* name) {
  return item.contains(name) && !item.at(name).is_null();
}

json body_of(const json& item) {
  return is_given(item, "body") && item.at("body").is_array() ? item.at("body") : json::array();
}

}  // namespace

Zone zone_of(std::string_view name) {
  const auto& zones = chrono::get_tzdb();
  if (!name.empty()) {
    try {
      return {zones.locate_zone(name), true};
    } catch (const std::runtime_error&) {  // the only way in which the library says no
    }
  }
  return {zones.locate_zone("Etc/UTC"), name.empty()};
}

std::string shown(WallTime time, const chrono::time_zone& zone) {
  return std::format("{:%F %T %Z}", chrono::zoned_time(&zone, chrono::floor<chrono::seconds>(time)));
}

std::optional<WallTime> next_after(const Recurrence& recurrence, WallTime time,
                                   const chrono::time_zone& zone) {
  if (recurrence.end && time >= *recurrence.end) return std::nullopt;
  const auto number = number_after(recurrence, time, zone);
  if (number > 0 && recurrence.unit == TimeUnit::never) return std::nullopt;
  const auto at = occurrence(recurrence, number, zone);
  const bool is_over = recurrence.unit != TimeUnit::never && recurrence.end && at > *recurrence.end;
  return is_over ? std::nullopt : std::optional(at);
}

std::optional<WallTime> last_until(const Recurrence& recurrence, WallTime time,
                                   const chrono::time_zone& zone) {
  const auto number = number_until(recurrence, time, zone);
  return number > 0 ? std::optional(occurrence(recurrence, number - 1, zone)) : std::nullopt;
}

std::int64_t count_between(const Recurrence& recurrence, WallTime after, WallTime until,
                           const chrono::time_zone& zone) {
  return std::max<std::int64_t>(
      0, number_until(recurrence, until, zone) - number_until(recurrence, after, zone));
}

Result<FarmEvent> read_farm_event(const json& item) {
  const auto id = whole(item, "id");
  const std::string what = std::format("Farm event {}", id.value_or(0));
  FarmEvent event{.id = id.value_or(0), .when = {}, .body = body_of(item)};
  const auto executable = whole(item, "executable_id");
  if (!executable) return bad(what, "executable_id", "must be a whole number");
  event.executable_id = *executable;
  const std::string type = item.value("executable_type", json()).is_string()
                               ? item.at("executable_type").get<std::string>()
                               : std::string();
  if (type != "Sequence" && type != "Regimen")
    return bad(what, "executable_type", "must be Sequence or Regimen");
  event.is_regimen = type == "Regimen";
  const auto start = time_of(item, "start_time");
  if (!start) return bad(what, "start_time", "must be a time such as 2025-05-14T08:00:00.000Z");
  event.when.start = *start;
  // A regimen begins once; its items are what repeats.
  if (event.is_regimen) return event;

  if (is_given(item, "time_unit")) {
    const json& unit = item.at("time_unit");
    const auto found = std::ranges::find_if(units, [&](const UnitRow& row) { return unit == row.name; });
    if (found == units.end())
      return bad(what, "time_unit", "must be never, minutely, hourly, daily, weekly, monthly or yearly");
    event.when.unit = found->unit;
  }
  if (is_given(item, "repeat")) {
    const auto repeat = whole(item, "repeat");
    if (!repeat || *repeat < 1 || *repeat > max_repeat)
      return bad(what, "repeat", std::format("must be a whole number from 1 to {}", max_repeat));
    event.when.repeat = *repeat;
  }
  if (is_given(item, "end_time") && event.when.unit != TimeUnit::never) {
    event.when.end = time_of(item, "end_time");
    if (!event.when.end) return bad(what, "end_time", "must be a time such as 2025-05-14T08:00:00.000Z");
  }
  return event;
}

Result<Regimen> read_regimen(const json& item) {
  const std::string what = std::format("Regimen {}", whole(item, "id").value_or(0));
  Regimen regimen{.name = {}, .items = {}, .body = body_of(item)};
  if (is_given(item, "name") && item.at("name").is_string()) regimen.name = item.at("name");
  const json items = item.value("regimen_items", json::array());
  if (!items.is_array()) return bad(what, "regimen_items", "must be a list");
  for (const json& each : items) {
    const auto offset = each.is_object() ? whole(each, "time_offset") : std::nullopt;
    const auto sequence = each.is_object() ? whole(each, "sequence_id") : std::nullopt;
    constexpr std::int64_t ten_years_ms = std::int64_t{3653} * 86'400'000;
    if (!offset || *offset < 0 || *offset > ten_years_ms || !sequence)
      return bad(what, std::format("regimen_items/{}", regimen.items.size()),
                 "must have time_offset, milliseconds of up to ten years, and sequence_id");
    regimen.items.push_back({.offset = milliseconds(*offset), .sequence_id = *sequence});
  }
  std::ranges::stable_sort(regimen.items, {}, &RegimenItem::offset);
  return regimen;
}

// ---- timetables -----------------------------------------------------------------------------------

Timetable::Timetable(FarmEvent event, const chrono::time_zone& zone)
    : event_(std::move(event)), zone_(&zone) {}

Timetable::Timetable(FarmEvent event, Regimen regimen, const chrono::time_zone& zone)
    : event_(std::move(event)), regimen_(std::move(regimen)), zone_(&zone) {
  const auto midnight = chrono::floor<days>(local_of(event_.when.start, zone));
  for (std::size_t i = 0; i < regimen_.items.size(); ++i) {
    const auto at = on_the_wall(LocalTime(midnight) + regimen_.items[i].offset, zone);
    if (at + late_start_grace >= event_.when.start) moments_.push_back({at, static_cast<std::int32_t>(i)});
  }
  // Offsets ascend, but where the clocks go forward, several become one time: their order stays.
  std::ranges::stable_sort(moments_, {}, &Moment::at);
}

std::optional<Moment> Timetable::next(Moment after) const {
  if (event_.is_regimen) {
    const auto found = std::ranges::upper_bound(moments_, after);
    return found == moments_.end() ? std::nullopt : std::optional(*found);
  }
  const auto at = next_after(event_.when, after.at, *zone_);
  return at ? std::optional(Moment{*at, 0}) : std::nullopt;
}

std::optional<Moment> Timetable::last(WallTime until) const {
  if (event_.is_regimen) {
    const auto found = std::ranges::upper_bound(moments_, end_of(until));
    return found == moments_.begin() ? std::nullopt : std::optional(*std::prev(found));
  }
  const auto at = last_until(event_.when, until, *zone_);
  return at ? std::optional(Moment{*at, 0}) : std::nullopt;
}

std::int64_t Timetable::count(Moment after, WallTime until) const {
  if (!event_.is_regimen) return count_between(event_.when, after.at, until, *zone_);
  return std::max<std::int64_t>(
      0, std::ranges::upper_bound(moments_, end_of(until)) - std::ranges::upper_bound(moments_, after));
}

std::int64_t Timetable::sequence_at(Moment moment) const {
  return event_.is_regimen ? regimen_.items.at(static_cast<std::size_t>(moment.item)).sequence_id
                           : event_.executable_id;
}

json Timetable::applications() const {
  json made = regimen_.body;
  made.insert(made.end(), event_.body.begin(), event_.body.end());
  return made;
}

}  // namespace celeriac::vm
