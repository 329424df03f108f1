#pragma once
// The recording on disk: DIR/trace/000017.trace and so on, files of lines, of which the oldest go.
//
//   append() ──► a bounded buffer ──when a line is due, or half full──► the background: write(2) ──► disk
//
// Nothing here waits for the disk. When it is full or slower than the machine, lines are dropped; the next
// line that is written says how many, and a person hears of it once.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/recording/record.hpp"
#include "hal/settings/store.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::recording {

/// Files of the ring, and their size: about six hours of a busy machine, days of an idle one.
inline constexpr std::size_t ring_segments = 16;
inline constexpr std::size_t segment_bytes = 2 * 1024 * 1024;
/// A file may grow to this while it waits for a quiet moment to end at.
inline constexpr std::size_t longest_segment_bytes = segment_bytes + segment_bytes / 2;
/// Bytes that wait for the disk; what comes on top is dropped.
inline constexpr std::size_t max_buffered_bytes = 1024 * 1024;
/// How long a line waits for the disk, at most, while anything is asked of the machine: a crash loses so
/// much.
inline constexpr std::chrono::milliseconds flush_period{500};
/// The same while it is at rest, and only its clock and the board's reports go on: the computer need not be
/// woken for each.
inline constexpr std::chrono::seconds idle_flush_period{10};

/// Where lines go.
class Lines {
 public:
  virtual ~Lines() = default;
  /// A whole line, with its line feed, that may wait `at_most` until it is safe.
  virtual void append(std::string_view line, Duration at_most) = 0;
  /// From here on in a new file.
  virtual void begin_segment() = 0;
  /// Bytes of the present file, those that wait included.
  [[nodiscard]] virtual std::size_t segment_size() const = 0;
};

class Ring final : public Lines {
 public:
  /// Says once that the disk takes nothing more, and once that it does again.
  using Report = std::function<void(bool good, std::string message)>;

  /// Files go to `directory`, which is made when the first is written. Goes on with the next number there.
  Ring(std::filesystem::path directory, Timers& timers, settings::Background background, Report report);
  ~Ring() override;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  void append(std::string_view line, Duration at_most = flush_period) override;
  /// The oldest file goes if there are too many.
  void begin_segment() override;
  [[nodiscard]] std::size_t segment_size() const override { return segment_size_; }
  /// Writes what waits, then calls; also if the disk takes nothing.
  void flush(std::move_only_function<void()> flushed = [] {});

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  class Writer;
  void write();
  void written(std::size_t lost_bytes, const std::string& trouble);
  /// Writes then, unless a write is under way.
  void arm(Instant due);

  std::filesystem::path directory_;
  Timers& timers_;
  settings::Background background_;
  Report report_;
  std::shared_ptr<Writer> writer_;  // only the background touches what is in it
  std::unique_ptr<Timer> timer_;
  Instant due_{};                            // of what waits
  std::string buffer_;                       // waits
  std::vector<std::size_t> segment_begins_;  // positions in it
  std::size_t on_its_way_ = 0;               // bytes that the background has
  std::size_t segment_size_ = 0;
  std::size_t dropped_lines_ = 0;
  bool in_trouble_ = false;
  std::vector<std::move_only_function<void()>> waiting_flushes_, flushes_on_their_way_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The files of a ring, oldest first. None if there is no such folder.
std::vector<std::filesystem::path> segments_of(const std::filesystem::path& directory);

/// What the ring has of the last `since` before `now_wall_ms` (milliseconds since 1970), everything without
/// `since`: whole lines, from the last snapshot or start before that time, so that it can be replayed. A file
/// that goes away meanwhile is left out.
std::string merged(const std::filesystem::path& directory, std::optional<std::chrono::milliseconds> since,
                   std::int64_t now_wall_ms);

}  // namespace celeriac::hal::recording
