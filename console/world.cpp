#include "console/world.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace celeriac::console {
namespace {

std::size_t columns_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::optional<std::string> variable_of_process(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

/// The locale's character set, by the variables that decide it in their order.
bool speaks_utf8(const World& world) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const auto value = world.variable(name))
      return value->contains("UTF-8") || value->contains("utf8") || value->contains("UTF8");
  return false;
}

}  // namespace

World real_world(boost::asio::io_context& io) {
  World world{.io = io, .out = std::cout, .err = std::cerr};
  world.environment = variable_of_process;
  world.input = STDIN_FILENO;
  const bool dumb = world.variable("TERM").value_or("dumb") == "dumb";
  world.terminal.interactive = isatty(STDOUT_FILENO) == 1 && !dumb;
  world.terminal.colour = world.terminal.interactive && !world.variable("NO_COLOR");
  world.terminal.unicode = speaks_utf8(world);
  world.terminal.columns = columns_of_terminal;
  world.service = "/run/celeriac";
  world.service_state = "/var/lib/celeriac/hal";
  std::error_code ignored;
  world.programs = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  return world;
}

}  // namespace celeriac::console
