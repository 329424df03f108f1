#pragma once
// Ctrl-C, or SIGTERM, as a command hears of it.

#include <boost/asio/awaitable.hpp>

namespace celeriac::console {

/// True if the command that asks has been interrupted, however long ago. What it awaited at that moment tells
/// as well, unless it was over anyhow or nobody looked at its error: a command that repeats something asks
/// each time.
boost::asio::awaitable<bool> interrupted();

}  // namespace celeriac::console
