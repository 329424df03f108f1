#pragma once
// CeleryScript on its way into the code store of the VM, and out of it.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "console/client.hpp"

namespace celeriac::console {

/// Puts a source into a new code; the id. What the VM refuses leaves nothing behind.
boost::asio::awaitable<protocol::Result<std::uint16_t>> upload(Client& client, std::string_view source);

/// Puts a source into a code that is there; what the VM refuses leaves the old contents.
boost::asio::awaitable<protocol::Result<void>> replace(Client& client, std::uint16_t code,
                                                       std::string_view source);

/// The source of a code, as it was written.
boost::asio::awaitable<protocol::Result<std::string>> read_code(Client& client, std::uint16_t code);

/// Removes codes, as well as it goes: one that is gone already is no error.
boost::asio::awaitable<void> remove(Client& client, const std::vector<std::uint16_t>& codes);

}  // namespace celeriac::console
