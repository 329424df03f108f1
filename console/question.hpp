#pragma once

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "console/context.hpp"

namespace celeriac::console {

/// Whether there is a person who can be asked.
bool can_ask(Context& context);

/// Asks a question that is answered with y or n; anything but y is no. The error `interrupted` on Ctrl-C.
boost::asio::awaitable<protocol::Result<bool>> ask_person(Context& context, std::string_view question);

}  // namespace celeriac::console
