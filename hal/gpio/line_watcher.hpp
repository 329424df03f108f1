#pragma once
// The seam to a GPIO line that is read: its level, and each change of it.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

/// Longest debounce time that is taken: a stop that comes later is none.
inline constexpr std::chrono::milliseconds longest_debounce{100};

/// Which line, and how it is wired.
struct LineSpec {
  std::string chip;  ///< label, name ("gpiochip0") or path of the chip
  std::string line;  ///< name or number
  /// The level that stops. The line is biased toward it, so that a broken wire stops as well: high is pulled
  /// up, for a normally closed button to ground.
  bool active_high = true;
  std::chrono::milliseconds debounce{5};

  /// "GPIO17 of pinctrl-bcm2711"
  [[nodiscard]] std::string name() const { return line + " of " + chip; }
};

/// `CHIP:LINE[,active=high|low][,debounce=MS]`. Status::malformed with a sentence.
protocol::Result<LineSpec> parse_line_spec(std::string_view text);

/// A line that is being read. Destroying it ends that; nothing is called afterwards.
class WatchedLine {
 public:
  virtual ~WatchedLine() = default;
  /// True if the line has its active level now.
  [[nodiscard]] virtual protocol::Result<bool> active() = 0;
};

class LineWatcher {
 public:
  virtual ~LineWatcher() = default;
  /// Calls `changed` after each edge, and `lost` once if the line goes away; neither from inside this call.
  /// Errors are sentences: which chips there are, which line is missing, who has it.
  virtual protocol::Result<std::unique_ptr<WatchedLine>> watch(const LineSpec& spec,
                                                               std::function<void()> changed,
                                                               std::function<void(std::string)> lost) = 0;
};

/// Lines of the kernel's GPIO character devices.
std::unique_ptr<LineWatcher> make_line_watcher(boost::asio::io_context& io);

}  // namespace celeriac::hal::gpio
