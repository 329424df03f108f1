#pragma once
// Runs what farm events, regimens and the boot sequence make due, one thing at a time, by due time.
//
//     planned ── its time has come, nothing runs ──► noted in the image ──► running ──► ended
//        │ more than 900 s late: missed, with a warning in the log              │
//        │ to be skipped: left out                                              └ failed: in the log
//        └ a farm event that is overdue several times runs once, for the last of them
//
// A farm event's mark is how far it has come. It moves in the image before a sequence is started, so that a
// restart never runs a thing twice; what was running when the host stopped is named in the log, and not begun
// anew. A farm event that we hear of for the first time gets a mark two minutes ago: what lies before it was
// somebody else's.
//
// The clock may jump. Forward: what was jumped over is overdue, and the 900 s decide. Backward: what has run
// stays done, until a mark is more than a day in the future; then the clock was wrong before, and the mark
// moves to now. A clock before 2024 has not been set: farm events wait until it has been.

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "vm/assets/assets.hpp"
#include "vm/schedule/calendar.hpp"
#include "vm/schedule/journal.hpp"
#include "vm/schedule/schedule_world.hpp"

namespace celeriac::vm {

/// What is later than this is dropped, says FarmBot OS.
inline constexpr std::chrono::milliseconds max_lateness{900'000};
/// A mark that is further in the future was made by a clock that was wrong.
inline constexpr std::chrono::hours max_step_back{24};
/// 1 January 2024: no host of this program has lived before.
inline constexpr WallTime first_believable_time{std::chrono::milliseconds{1'704'067'200'000}};
/// Entries of a list of what is due.
inline constexpr std::size_t max_listed = 500;

enum class Prospect : std::uint8_t { due, waiting, running, skipped };
[[nodiscard]] std::string_view name(Prospect prospect) noexcept;

/// A row of the list.
struct Entry {
  Due due;
  bool is_regimen = false;
  std::int64_t sequence_id = 0;
  std::string name;  ///< "Water all", "Tomatoes: Water all" of a regimen
  Prospect prospect = Prospect::due;
  std::uint16_t process = 0;  ///< of a running one
};

class Scheduler {
 public:
  using Skipped = std::move_only_function<void(protocol::Result<Due>)>;

  /// `state` is what world.save() was given last, "" in the beginning. Follows the assets from now on.
  Scheduler(ScheduleWorld& world, Assets& assets, const std::string& state);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Starts what is due. Called when a time has come that the world was asked to wake us at.
  void look();
  /// The machine can be moved: the boot sequence, the first time.
  void machine_ready();

  /// What comes next, the earliest first; at most max_listed. `event_id`: only of that one.
  [[nodiscard]] std::vector<Entry> upcoming(std::size_t count,
                                            std::optional<std::int64_t> event_id = std::nullopt) const;
  /// Leaves out one moment of a farm event: the one at the time, or the next that is not left out already.
  /// not_found: there is no such event or moment; out_of_resources beyond max_skips.
  void skip(std::int64_t event_id, std::optional<WallTime> at, Skipped skipped);
  [[nodiscard]] bool clock_is_set() const { return world_.now() >= first_believable_time; }
  [[nodiscard]] const std::chrono::time_zone& zone() const noexcept { return *zone_; }

 private:
  struct Plan {
    Timetable timetable;
    std::optional<Moment> next;  ///< as it stands in the queue
  };
  struct Running {
    std::optional<Due> due = std::nullopt;  ///< nullopt: the boot sequence
    bool is_regimen = false;
    std::int64_t sequence_id = 0;
    std::string name;
    std::uint16_t process = 0;
  };

  void asset_changed(AssetKind kind, std::int64_t id, const nlohmann::json* now);
  void plan_all();
  void plan(std::int64_t event_id);
  void forget(std::int64_t event_id);
  /// Puts the event's next moment into the queue.
  void queue_next(std::int64_t event_id);
  void mark(std::int64_t event_id, Moment moment);
  void mark_new_events(WallTime now);
  void correct_marks(WallTime now);
  void wake();

  void begin_boot();
  /// True if something runs now.
  bool begin_due(WallTime now);
  /// Marks what is overdue and does not run any more. False if there was nothing of it.
  bool pass_over(const Due& due, WallTime now);
  void begin(const Due& due);
  void run(nlohmann::json applications);
  void ended(protocol::Result<void> result);
  void save(ScheduleWorld::Saved saved);
  [[nodiscard]] std::string name_of(const Timetable& timetable, Moment moment) const;
  void warn(std::string message) { world_.log("warn", 1, std::move(message)); }

  ScheduleWorld& world_;
  Assets& assets_;
  Journal journal_;
  const std::chrono::time_zone* zone_ = nullptr;
  std::string zone_name_;
  std::map<std::int64_t, Plan> plans_;
  std::set<Due> queue_;         // the next moment of each event
  std::set<std::int64_t> new_;  // events without a mark: the clock was not set when they came
  std::optional<Running> running_;
  bool booted_ = false;
  std::optional<std::int64_t> boot_sequence_;  // to be run
  std::optional<WallTime> last_look_;
  bool told_of_clock_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may outlive us
};

}  // namespace celeriac::vm
