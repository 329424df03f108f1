#pragma once
// The seam to the computer's GPIO lines: inputs that are watched, outputs that are driven.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "hal/gpio/line_spec.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

/// An input that is being watched. Destroying it ends that; nothing is called afterwards. Not from inside one
/// of its own calls.
class WatchedLine {
 public:
  virtual ~WatchedLine() = default;
  /// True if the line has its active level now.
  [[nodiscard]] virtual protocol::Result<bool> active() = 0;
};

/// An output that is ours. Destroying it gives it back; what level it has then is the kernel's driver's
/// business.
class DrivenLine {
 public:
  virtual ~DrivenLine() = default;
  virtual protocol::Result<void> set(bool active) = 0;
};

/// What a watched line tells; never from inside watch().
struct LineEvents {
  std::function<void(bool active)> edge;         ///< each, after debouncing, with the level it led to
  std::function<void(std::string reason)> lost;  ///< once, if the line goes away
};

/// What is known of a line that nobody has to hold for it.
struct LineFacts {
  std::string chip;   ///< its label
  unsigned offset{};  ///< the line's number on it
  std::string owner;  ///< who has it, as the kernel knows them; "": nobody
};

class Chips {
 public:
  virtual ~Chips() = default;
  /// Errors are sentences: which chips there are, which line is missing, who has it.
  virtual protocol::Result<std::unique_ptr<WatchedLine>> watch(const LineSpec& spec, LineEvents events) = 0;
  /// Takes an output, with this value from the first moment on.
  virtual protocol::Result<std::unique_ptr<DrivenLine>> drive(const LineSpec& spec, bool active) = 0;
  /// Finds it and takes nothing.
  virtual protocol::Result<LineFacts> look(const LineSpec& spec) = 0;
};

/// The kernel's GPIO character devices.
std::unique_ptr<Chips> make_chips(boost::asio::io_context& io);

}  // namespace celeriac::hal::gpio
