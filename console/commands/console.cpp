// console: the full-screen terminal program.

#include <CLI/App.hpp>
#include <format>

#include "console/commands/declarations.hpp"
#include "console/tui/app.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Status;

namespace {

/// Why the terminal cannot show the console; a terminal that only prints can do all the same by commands.
std::optional<Error> unfit(const World& world) {
  const std::string name = world.variable("TERM").value_or("");
  if (!name.empty() && name != "dumb" && name != "unknown") return std::nullopt;
  return Error{
      .status = Status::wrong_state,
      .message = std::format("The console needs a terminal that can move its cursor, and TERM is \"{}\". "
                             "`celeriac status`, `celeriac ps` and `celeriac watch` print lines; `celeriac "
                             "estop` stops the machine.",
                             name)};
}

asio::awaitable<Exit> show_console(Context& context) {
  auto& world = context.world();
  if (const auto why = unfit(world)) co_return context.failed(*why);
  Target vm = context.vm(), hypervisor = context.hypervisor();
  if (context.remote()) {
    auto target = context.target();
    if (!target) co_return context.failed(target.error());
    vm = hypervisor = *target;
  }
  auto terminal = tui::TerminalDevice::open(world.io, tui::extended_terminal(world));
  if (!terminal) co_return context.failed(terminal.error());
  const auto history = tui::history_file([&world](const char* name) { return world.variable(name); });
  tui::App app(context, **terminal, std::move(vm), std::move(hypervisor), history);
  co_return co_await app.run();
}

}  // namespace

Action declare_console(CLI::App& app) {
  app.footer("Ctrl-X is the emergency stop, at any time. ? lists the keys, : takes commands.");
  return [](Context& context) { return show_console(context); };
}

}  // namespace celeriac::console
