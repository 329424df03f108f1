#pragma once
// What the shell sees at the end.

#include "protocol/error.hpp"

namespace celeriac::console {

enum class Exit : int {
  done = 0,
  failed = 1,         ///< it was tried, and did not succeed
  refused = 2,        ///< the command line or the code is wrong: nothing was tried
  unreachable = 3,    ///< nobody to talk to
  interrupted = 130,  ///< Ctrl-C: 128 + SIGINT, as shells have it
};

/// The exit status of a command that ends with this error.
Exit exit_of(const protocol::Error& error);

}  // namespace celeriac::console
