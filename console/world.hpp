#pragma once
// What surrounds a run of the command line. Handed in, so that tests bring their own.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace celeriac::console {

/// The terminal behind standard output, if there is one.
struct Terminal {
  bool interactive = false;  ///< a person looks at it: lines may be redrawn
  bool colour = false;
  bool unicode = true;                             ///< may show more than ASCII
  std::function<std::size_t()> columns = nullptr;  ///< asked again for every drawing; nullptr: 80
};

struct World {
  boost::asio::io_context& io;
  std::ostream& out;
  std::ostream& err;
  Terminal terminal = {};
  std::function<std::optional<std::string>(const char* name)> environment = nullptr;
  /// Descriptor that a person types into; nullopt: nobody does.
  std::optional<int> input = std::nullopt;
  /// Where the daemons' programs lie: the directory of this one.
  std::filesystem::path programs = {};
  /// Where the installed service has its sockets; empty: there is none.
  std::filesystem::path service = {};
  /// Where its hypervisor keeps what it has recorded.
  std::filesystem::path service_state = {};
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;

  /// A variable of the environment; nullopt also where it is empty.
  [[nodiscard]] std::optional<std::string> variable(const char* name) const {
    if (!environment) return std::nullopt;
    auto value = environment(name);
    if (value && value->empty()) return std::nullopt;
    return value;
  }
};

/// The process' own streams, environment and terminal.
World real_world(boost::asio::io_context& io);

}  // namespace celeriac::console
