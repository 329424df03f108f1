#pragma once
// A command: one row of the table that the parser, the help and the completion are made from.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "console/context.hpp"

namespace CLI {
class App;
}

namespace celeriac::console {

/// What runs once the line has been read. It holds the values of the options, and outlives the coroutine it
/// returns.
using Action = std::function<boost::asio::awaitable<Exit>(Context&)>;

/// What the arguments of a command are, for completion.
enum class Completes : std::uint8_t {
  nothing,
  files,
  operations,
  registers,
  axes,
  assets,      ///< by kind
  processes,   ///< by number; only a console that is connected knows them
  codes,       ///< the same
  parameters,  ///< the same
};

struct Command {
  std::string_view name;     ///< as typed: "ps"; "pin read" is a command of the group "pin"
  std::string_view summary;  ///< one sentence
  std::string_view example;  ///< one or more lines that work as they stand
  /// Declares the arguments, and returns what to do with them.
  Action (*declare)(CLI::App& app);
  Completes completes = Completes::nothing;
};

/// Two words share the first: what the group is about. The first alone may be a command as well; it stands
/// before the others in the table.
struct Group {
  std::string_view name;
  std::string_view summary;
};

/// All commands, in the order in which help lists them.
std::span<const Command> commands();
std::span<const Group> groups();

}  // namespace celeriac::console
