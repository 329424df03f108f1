#pragma once
// Carries out a line of the console: an operation on the console's own connections, or a command of the
// command line, whose output becomes lines.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "console/client.hpp"
#include "console/context.hpp"
#include "console/tui/model.hpp"
#include "console/tui/suggestions.hpp"

namespace celeriac::console::tui {

/// Whom operations go to. What they hold (an output, a motion) lives as long as the connection.
struct Hosts {
  std::shared_ptr<Client> vm = {}, hypervisor = {};  ///< nullptr: not connected
};

/// Lines that a line of the console may print; the rest is counted, not shown.
inline constexpr std::size_t most_output_lines = 500;

using Say = std::function<void(Level level, std::string_view text)>;

boost::asio::awaitable<void> run_line(World& world, GlobalOptions options, Hosts hosts, Names names,
                                      std::string line, Say say);

}  // namespace celeriac::console::tui
