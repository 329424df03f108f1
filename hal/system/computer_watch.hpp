#pragma once
// Looks at the computer now and then, keeps what it saw for the status tree, and tells people once when
// something becomes bad, and once when it is well again.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hal/firmware/link.hpp"
#include "hal/settings/store.hpp"
#include "hal/system/readings.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::system {

/// Somebody has to see an under-voltage; nobody needs it every second.
inline constexpr std::chrono::seconds watch_period{30};
/// A reading as old as this is shown to who asks; an older one is made anew first.
inline constexpr std::chrono::seconds fresh_for{10};
/// Who waits for a reading at once; more are answered with the last one.
inline constexpr std::size_t max_reading_waiters = 256;

/// Below this the disk is nearly full: an image of photos and logs fills it within days.
inline constexpr std::uint64_t low_disk_bytes = 500ull * 1024 * 1024;
/// From 80 °C on a Pi slows itself down (Raspberry Pi documentation, "Frequency management and thermal
/// control"); below 75 °C it is cool again.
inline constexpr double hot_c = 80, cool_c = 75;
/// A clock is set within a minute after the network is there; until then it is no news.
inline constexpr double clock_patience_s = 180;
/// A card that has so much of its life behind it should be replaced.
inline constexpr int worn_percent_bound = 90;

/// Something that people should hear of once.
struct Finding {
  std::string code;     ///< "disk_nearly_full": names it while it lasts
  std::string message;  ///< for the log
};
/// What is bad in these readings. `known`: what was bad before, for bounds that differ on the way back.
std::vector<Finding> findings(const Readings& readings, const std::set<std::string>& known);
/// "The disk has room again.": the sentence when it has gone.
std::string_view relief(std::string_view code);

class ComputerWatch {
 public:
  struct Parts {
    Timers& timers;
    settings::Background background;  ///< reads there
    std::function<Readings()> read;
    std::function<void(firmware::Severity, std::string)> say;
    std::function<void()> changed;  ///< document() is another than before
  };
  using Fresh = std::move_only_function<void(const protocol::Json&)>;

  explicit ComputerWatch(Parts parts);
  ~ComputerWatch();
  ComputerWatch(const ComputerWatch&) = delete;
  ComputerWatch& operator=(const ComputerWatch&) = delete;

  /// The first reading now, then one every watch_period.
  void start();
  /// As it was last seen; null before the first reading.
  [[nodiscard]] const protocol::Json& document() const noexcept { return document_; }
  /// Calls with the document when it is not older than fresh_for: at once, or after a new reading.
  void ask(Fresh fresh);
  /// Codes of what is bad at present.
  [[nodiscard]] const std::set<std::string>& bad() const noexcept { return bad_; }

 private:
  void look();
  void seen(const Readings& readings);

  Parts parts_;
  std::unique_ptr<Timer> timer_;
  protocol::Json document_;
  Instant seen_at_{};
  bool looking_ = false;
  std::vector<Fresh> waiting_;
  std::set<std::string> bad_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::system
