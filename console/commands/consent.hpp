#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "console/context.hpp"

namespace celeriac::console {

/// nullopt: a person said yes, or `yes` did so in advance. Else the error to end with.
boost::asio::awaitable<std::optional<protocol::Error>> consent(Context& context, std::string question,
                                                               bool yes);

}  // namespace celeriac::console
