#pragma once
// When things are due: pure arithmetic of dates, from the account's farm events and regimens.
//
// A farm event begins at a moment and repeats every so many units. Minutes and hours are counted as they
// pass. Days, weeks, months and years keep the clock on the wall: what is due at 8:00 is due at 8:00 after
// the clocks have changed. A time that a day does not have, because the clocks go forward over it, is when
// they do; of a time that comes twice it is the first. The 31st of a month without one is its last day, and
// so is 29 February; the months after it have the 31st again.
//
// The numbers of FarmBot OS: it takes every unit for so many seconds, a month for 30 days, a year for 365.

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Of the wall clock.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Largest `repeat`: the web API takes up to 100.
inline constexpr std::int64_t max_repeat = 1000;
/// Regimen items that are later than this when their regimen begins are not scheduled, says FarmBot OS; and
/// what was due before we heard of it may be as late.
inline constexpr std::chrono::milliseconds late_start_grace{120'000};

enum class TimeUnit : std::uint8_t { never, minutely, hourly, daily, weekly, monthly, yearly };

struct Zone {
  const std::chrono::time_zone* zone = nullptr;
  bool known = false;  ///< false: there is no such zone, so it is UTC
};
/// By its name, "Europe/Berlin"; an empty name is UTC.
[[nodiscard]] Zone zone_of(std::string_view name);
/// "2025-05-14 21:37:00 CEST"
[[nodiscard]] std::string shown(WallTime time, const std::chrono::time_zone& zone);

struct Recurrence {
  WallTime start;
  std::optional<WallTime> end = std::nullopt;  ///< what is due just then is still due
  TimeUnit unit = TimeUnit::never;
  std::int64_t repeat = 1;  ///< every so many units
};

/// The first one after a time.
[[nodiscard]] std::optional<WallTime> next_after(const Recurrence& recurrence, WallTime time,
                                                 const std::chrono::time_zone& zone);
/// The last one up to and with a time.
[[nodiscard]] std::optional<WallTime> last_until(const Recurrence& recurrence, WallTime time,
                                                 const std::chrono::time_zone& zone);
/// How many lie after `after`, up to and with `until`.
[[nodiscard]] std::int64_t count_between(const Recurrence& recurrence, WallTime after, WallTime until,
                                         const std::chrono::time_zone& zone);

/// One thing that is due: several items of a regimen may be due at the same time.
struct Moment {
  WallTime at;
  std::int32_t item = 0;  ///< place in the regimen, by time; 0 of a farm event with a sequence
  friend auto operator<=>(const Moment&, const Moment&) = default;
};
/// After everything that is due at the time.
[[nodiscard]] constexpr Moment end_of(WallTime at) {
  return {at, std::numeric_limits<std::int32_t>::max()};
}

struct FarmEvent {
  std::int64_t id = 0;
  bool is_regimen = false;
  std::int64_t executable_id = 0;
  Recurrence when;
  nlohmann::json body = nlohmann::json::array();  ///< parameter_application nodes
};
/// malformed: a field that is not what it must be, by name.
protocol::Result<FarmEvent> read_farm_event(const nlohmann::json& item);

struct RegimenItem {
  std::chrono::milliseconds offset;  ///< since the start day's local midnight
  std::int64_t sequence_id = 0;
};
struct Regimen {
  std::string name;
  std::vector<RegimenItem> items;  ///< by offset, and else in their own order
  nlohmann::json body = nlohmann::json::array();
};
protocol::Result<Regimen> read_regimen(const nlohmann::json& item);

/// Everything that a farm event makes due.
class Timetable {
 public:
  Timetable(FarmEvent event, const std::chrono::time_zone& zone);
  Timetable(FarmEvent event, Regimen regimen, const std::chrono::time_zone& zone);

  [[nodiscard]] const FarmEvent& event() const noexcept { return event_; }
  [[nodiscard]] const Regimen& regimen() const noexcept { return regimen_; }
  [[nodiscard]] std::optional<Moment> next(Moment after) const;
  /// The last one up to and with the time.
  [[nodiscard]] std::optional<Moment> last(WallTime until) const;
  /// How many lie after `after`, up to and with the time.
  [[nodiscard]] std::int64_t count(Moment after, WallTime until) const;
  [[nodiscard]] std::int64_t sequence_at(Moment moment) const;
  /// The parameter applications: the regimen's, then the event's, of which the later win.
  [[nodiscard]] nlohmann::json applications() const;

 private:
  FarmEvent event_;
  Regimen regimen_;
  const std::chrono::time_zone* zone_;
  std::vector<Moment> moments_;  // of a regimen, ascending
};

}  // namespace celeriac::vm
