#pragma once
// The shape of most commands: connect, make one call, say how it went.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "console/context.hpp"
#include "protocol/operations.hpp"

namespace celeriac::console {

/// Makes one call and prints `sentence`, or with --json `{operation, ok: true, value}` and the fields.
boost::asio::awaitable<Exit> perform(Context& context, const protocol::Operation& operation,
                                     protocol::Json fields, std::string sentence);

/// The same for a move: prints where the bot is afterwards, and how long it took.
boost::asio::awaitable<Exit> perform_motion(Context& context, const protocol::Operation& operation,
                                            protocol::Json fields, std::string sentence);

/// Number of an axis by its name; the parser has let only names of the table through.
int axis_number(const std::string& name);

}  // namespace celeriac::console
