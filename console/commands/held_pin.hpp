#pragma once
// Pins that are written for a person at the command line. A fail-safe output lives no longer than the command
// that switched it on; a plain pin keeps its value.

#include <boost/asio/awaitable.hpp>

#include "console/context.hpp"

namespace celeriac::console {

struct HeldPin {
  int number = 0;
  int value = 0;
  bool analog = false;
  double seconds = 0;  ///< then it is switched off; 0: no end
};

/// SYS.WRITE_PIN; for a fail-safe output that is switched on, or with an end, stays until then or Ctrl-C.
boost::asio::awaitable<Exit> write_pin(Context& context, HeldPin pin);
/// SYS.TOGGLE_PIN of a plain pin; a fail-safe output is written, the other way than it is.
boost::asio::awaitable<Exit> toggle_pin(Context& context, HeldPin pin);

}  // namespace celeriac::console
