#pragma once
// What the scheduler remembers over a restart: how far each farm event has come, what is to be skipped, and
// what was running.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "protocol/error.hpp"
#include "vm/schedule/calendar.hpp"

namespace celeriac::vm {

/// Moments that are to be skipped, all farm events together.
inline constexpr std::size_t max_skips = 1000;

/// A moment of a farm event.
struct Due {
  Moment moment;
  std::int64_t event_id = 0;
  friend auto operator<=>(const Due&, const Due&) = default;
};

struct Journal {
  std::map<std::int64_t, Moment> marks;  ///< by farm event: all up to it is done with
  std::set<Due> skips;
  std::optional<Due> running;
  std::string running_name;

  [[nodiscard]] std::string text() const;
  /// malformed: it is none of ours.
  static protocol::Result<Journal> read(const std::string& text);
};

}  // namespace celeriac::vm
