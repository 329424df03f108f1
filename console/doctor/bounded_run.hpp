#pragma once
// A program of the system that is asked something: without a shell, for a bounded time, its words bounded.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "console/world.hpp"
#include "protocol/error.hpp"

namespace celeriac::console::doctor {

struct Bounds {
  std::chrono::milliseconds time{5000};
  std::size_t bytes = 256 * 1024;  ///< of both outputs together; what comes later is not kept
};

/// What it said, and how it ended.
struct Said {
  int status = 0;
  std::string output, error;
  bool cut = false;  ///< it said more than was kept
};

/// Runs a program by its name, looked for on PATH, or by its path. Status::not_found: it is not installed;
/// timeout: it did not end in time and was killed; failed: a signal ended it; cancelled: Ctrl-C.
using Run = std::function<boost::asio::awaitable<protocol::Result<Said>>(std::vector<std::string> words,
                                                                         Bounds bounds)>;

/// The real one. `world` must outlive it.
Run real_run(World& world);

}  // namespace celeriac::console::doctor
