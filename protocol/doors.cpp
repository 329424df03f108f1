#include "protocol/doors.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <format>
#include <fstream>

namespace celeriac::protocol {
namespace {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Result<Address> parse_address(const std::string& text) {
  const auto wrong = [&] {
    return fail(Status::failed,
                std::format("--tcp wants ADDRESS:PORT, as in 127.0.0.1:7000, not \"{}\".", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  Address address{.host = text.substr(0, colon)};
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(begin, end, address.port);
  if (read.ec != std::errc() || read.ptr != end) return wrong();
  return address;
}

}  // namespace

Result<std::string> read_token(const Doors& doors) {
  if (doors.tcp.empty()) return std::string();
  std::ifstream file(doors.token_file);
  std::string token;
  if (!(file >> token) || token.size() < shortest_token)
    return fail(Status::failed,
                std::format("--tcp needs --token-file with a token of at least {} characters; "
                            "{} has none.",
                            shortest_token, doors.token_file.string()));
  return token;
}

Result<OpenDoors> open(boost::asio::io_context& io, const Doors& doors, const Dispatcher& dispatcher) {
  OpenDoors opened;
  auto unix_socket = doors.listening >= 0 ? Listener::on_inherited(io, doors.listening, dispatcher)
                                          : Listener::on_unix(io, doors.socket, dispatcher);
  if (!unix_socket) return std::unexpected(std::move(unix_socket.error()));
  opened.unix_socket = std::move(*unix_socket);
  if (!doors.tcp.empty()) {
    const auto address = parse_address(doors.tcp);
    if (!address) return std::unexpected(address.error());
    auto tcp = Listener::on_tcp(io, address->host, address->port, dispatcher);
    if (!tcp) return std::unexpected(std::move(tcp.error()));
    opened.tcp = std::move(*tcp);
    spdlog::info("Clients with the token may connect to TCP port {}.", opened.tcp->port());
  }
  if (doors.stdio) opened.stdio = serve_stdio(io, dispatcher);
  return opened;
}

}  // namespace celeriac::protocol
