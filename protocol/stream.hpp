#pragma once
// What a session reads and writes: a connected socket, or standard input and output.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace celeriac::protocol {

/// Two ends of one stream of bytes; for a socket both are the same descriptor.
struct Stream {
  std::shared_ptr<boost::asio::posix::stream_descriptor> input;
  std::shared_ptr<boost::asio::posix::stream_descriptor> output;

  /// Gives bytes to the system without waiting and says how many it took; 0 when it takes none for now.
  /// Raises no SIGPIPE on sockets.
  std::expected<std::size_t, boost::system::error_code> write_some(std::string_view bytes) const;

  /// Takes over a connected socket (or one end of a socketpair).
  static Stream of_socket(boost::asio::io_context& io, int descriptor);
  /// Standard input and output. From then on the process ignores SIGPIPE, which a pipe cannot do without.
  static Stream of_stdio(boost::asio::io_context& io);
};

enum class Transport : std::uint8_t { unix_socket, tcp, stdio };

/// Who is at the other end.
struct Peer {
  Transport transport = Transport::unix_socket;
  std::string name;  ///< for logs: the client's own name once it said HELLO, else "pid 123" or an address
  uid_t uid = 0;     ///< unix sockets: the peer's credentials
  pid_t pid = 0;
  bool admitted = true;  ///< false: over TCP, until a HELLO with the token
};

}  // namespace celeriac::protocol
