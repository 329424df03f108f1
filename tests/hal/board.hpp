#pragma once
// What can be at the other end of a port of memory.

#include <functional>
#include <string>
#include <string_view>

#include "hal/timers.hpp"

namespace celeriac::hal::testing {

class BoardDouble {
 public:
  virtual ~BoardDouble() = default;
  /// The port was opened.
  virtual void opened(Instant now) = 0;
  /// Bytes of the host's.
  virtual void receive(std::string_view bytes, Instant now) = 0;
  /// When something happens by itself next; Instant::max() for never.
  [[nodiscard]] virtual Instant next() const = 0;
  virtual void advance(Instant now) = 0;

  /// Sends to the host; set by the port.
  std::function<void(std::string_view)> send = [](std::string_view) {};
};

}  // namespace celeriac::hal::testing
