#pragma once
// Coroutines that nobody awaits: each has a name, and its defects reach the log.

#include <spdlog/spdlog.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <string>
#include <utility>

namespace celeriac::gateway {

/// Runs a coroutine on the loop. An exception ends it alone, and is logged with the name.
inline void spawn(boost::asio::io_context& io, std::string what, boost::asio::awaitable<void> coroutine) {
  boost::asio::co_spawn(io, std::move(coroutine), [what = std::move(what)](std::exception_ptr defect) {
    if (!defect) return;
    try {
      std::rethrow_exception(defect);
    } catch (const std::exception& exception) {
      spdlog::error("A defect ended {}: {}. Please report it with the log.", what, exception.what());
    }
  });
}

}  // namespace celeriac::gateway
