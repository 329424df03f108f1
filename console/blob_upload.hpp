#pragma once
// Bytes on their way to the VM as a blob. A blob belongs to a process, so the stream becomes one first.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string_view>

#include "console/client.hpp"

namespace celeriac::console {

/// A blob of this client's, and the process that the client is.
struct Upload {
  std::uint16_t process = 0;
  std::uint16_t blob = 0;
};

/// Makes the client a process (MESSAGE.OPEN); its number.
boost::asio::awaitable<protocol::Result<std::uint16_t>> become_process(Client& client);

/// Makes the client a process and sends the bytes as a blob of it. The blob goes with the stream.
boost::asio::awaitable<protocol::Result<Upload>> upload_blob(Client& client, std::string_view bytes);

}  // namespace celeriac::console
