#pragma once
// What is known of the host at one moment: pure state, fed by changes of registers. Documents of the daemons
// are read without trust in their shape; texts in here are printable.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "console/output_status.hpp"
#include "console/process_status.hpp"
#include "protocol/document.hpp"

namespace celeriac::console::tui {

inline constexpr std::array<const char*, 3> axis_names{"x", "y", "z"};

struct Axis {
  std::optional<double> mm = {};
  std::string trust = {};  ///< "known", "stale", "unknown"; "" if the host does not tell
  std::string state = {};  ///< as the board reports it: "idle", "cruising"; "" if unknown
  std::optional<double> encoder = {};
  std::optional<std::int64_t> min = {}, max = {};  ///< raw levels of the end stops

  [[nodiscard]] bool operator==(const Axis&) const = default;
};

struct Pin {
  int number = 0;
  std::string value = {};
};

/// The hypervisor's status tree.
struct Machine {
  std::array<Axis, 3> axes = {};
  std::vector<OutputStatus> outputs = {};  ///< by pin
  std::vector<Pin> pins = {};              ///< of known value, by number; those of `outputs` left out
  bool locked = false;
  bool busy = false;
  std::string firmware_state = {}, firmware_reason = {}, board = {}, version = {}, port = {};

  static Machine of(const protocol::Json& status);
};

/// A stream to a daemon.
struct LinkState {
  bool connected = false;
  bool ever = false;         ///< has been connected once
  std::string problem = {};  ///< why not, a sentence
};

enum class Level : std::uint8_t { debug, info, warn, error };
/// Of the words that daemons and sequences use; `info` for those that are not known.
Level level_of(std::string_view word);
std::string_view name_of(Level level);

struct LogEntry {
  std::int64_t time = 0;  ///< ms since 1970
  Level level = Level::info;
  std::string word = {};    ///< the level as the entry has it: "success"
  std::string source = {};  ///< "hal", "process 3"; "" for this console
  std::string text = {};
  bool own = false;  ///< a command of this console, or what it printed
};

/// Where a line of the raw view was seen.
enum class Tap : std::uint8_t { vm, hypervisor, wire };
std::string_view name_of(Tap tap);

struct RawEntry {
  std::int64_t time = 0;
  Tap tap = Tap::vm;
  bool outward = false;  ///< to a client, to the board
  bool routine = false;  ///< keep-alives and such that repeat for ever
  std::string text = {};
};

/// The last entries, the oldest giving way; entries are numbered from 0 for ever.
template <class Entry, std::size_t most>
class Ring {
 public:
  static constexpr std::size_t bound = most;
  void add(Entry entry) {
    if (entries_.size() == most) entries_.pop_front();
    entries_.push_back(std::move(entry));
    ++count_;
  }
  void clear() { entries_.clear(); }
  [[nodiscard]] const std::deque<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::deque<Entry> entries_;
  std::uint64_t count_ = 0;
};

inline constexpr std::size_t most_log_entries = 2000;
inline constexpr std::size_t most_raw_entries = 5000;
/// Processes that are kept for the screen; a host may have more.
inline constexpr std::size_t most_processes = 200;

struct Model {
  Machine machine = {};
  bool machine_known = false;  ///< a status tree has come since the hypervisor was connected
  LinkState vm = {}, hypervisor = {};
  std::vector<ProcessStatus> processes = {};  ///< living ones first, then those that ended last
  std::size_t processes_beyond = 0;           ///< not kept
  Ring<LogEntry, most_log_entries> log = {};
  Ring<RawEntry, most_raw_entries> raw = {};
  std::uint64_t raw_missed = 0;  ///< came while the raw view was paused

  void machine_changed(const protocol::Json& status);
  /// The answer of PROC.LIST.
  void processes_listed(const protocol::Json& processes);
  /// A change of process.N.
  void process_changed(const protocol::Json& stat);
  void log_arrived(const protocol::Json& entry);
  void frame_arrived(Tap tap, const protocol::Json& entry);
  void serial_arrived(const protocol::Json& entry);
  /// A line of this console's own.
  void say(std::int64_t now_ms, Level level, std::string_view text);
};

}  // namespace celeriac::console::tui
