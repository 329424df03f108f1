#pragma once
// For commands that need no host: their work is done before the first wait.

#include <boost/asio/awaitable.hpp>

#include "console/exit_status.hpp"

namespace celeriac::console {

/// An awaitable that has ended already.
boost::asio::awaitable<Exit> finished(Exit exit);

}  // namespace celeriac::console
