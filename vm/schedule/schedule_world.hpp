#pragma once
// What the scheduler needs of everything around it: clocks, the image, and somebody who runs sequences.

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "vm/schedule/calendar.hpp"

namespace celeriac::vm {

class ScheduleWorld {
 public:
  using Started = std::move_only_function<void(std::uint16_t process)>;
  using Ended = std::move_only_function<void(protocol::Result<void>)>;
  using Saved = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~ScheduleWorld() = default;

  /// Runs a stored sequence. `applications`: parameter_application nodes, of which the later win. `ended`
  /// runs once: when it has ended, or with the reason why it cannot be started.
  virtual void start(std::int64_t sequence_id, nlohmann::json applications, std::string name, Started started,
                     Ended ended) = 0;
  /// "" if there is no such sequence.
  [[nodiscard]] virtual std::string sequence_name(std::int64_t sequence_id) const = 0;

  [[nodiscard]] virtual WallTime now() const = 0;
  /// Calls Scheduler::look() soon after that time has come, in the past: soon; and soon after the wall clock
  /// has been set. Replaces what was asked before; nullopt: only when the clock is set.
  virtual void wake_at(std::optional<WallTime> time) = 0;

  /// Keeps the text over restarts; a later one replaces it.
  virtual void save(std::string state, Saved saved) = 0;
  /// A line of the log: its type as in `send_message`, and a sentence.
  virtual void log(std::string_view type, int verbosity, std::string message) = 0;
};

}  // namespace celeriac::vm
