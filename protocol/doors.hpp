#pragma once
// The ways into a daemon, as its command line names them: a unix socket always, TCP and standard input on
// request.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "protocol/listener.hpp"

namespace celeriac::protocol {

/// Shortest token that a TCP listener takes, in characters.
inline constexpr std::size_t shortest_token = 8;

struct Doors {
  std::filesystem::path socket;
  int listening = -1;                ///< a descriptor that listens on it already, systemd's; -1: none
  std::string tcp;                   ///< "127.0.0.1:7000", "[::1]:0" (the system chooses the port); "": none
  std::filesystem::path token_file;  ///< its first word is the token; needed with `tcp`
  bool stdio = false;
};

/// The doors while they are open; closed with the object.
struct OpenDoors {
  std::unique_ptr<Listener> unix_socket;
  std::unique_ptr<Listener> tcp;
  std::shared_ptr<Session> stdio;
};

/// The token for the dispatcher: "" without TCP; Status::failed with a sentence if the file has none.
Result<std::string> read_token(const Doors& doors);

/// Opens them all; the first that does not open is the error.
Result<OpenDoors> open(boost::asio::io_context& io, const Doors& doors, const Dispatcher& dispatcher);

}  // namespace celeriac::protocol
