// celeriac: the command line.

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "console/command_line.hpp"

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);          // a daemon that goes away is an error to report, not our end
  spdlog::set_level(spdlog::level::off);  // what a person should know, commands say themselves
  boost::asio::io_context io(1);
  auto world = celeriac::console::real_world(io);
  return static_cast<int>(
      celeriac::console::run_command_line(world, std::vector<std::string>(words + 1, words + count)));
}
