#pragma once
// CeleryScript on its way into the code store of the VM.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "console/client.hpp"

namespace celeriac::console {

/// Puts a source into a new code; the id. What the VM refuses leaves nothing behind.
boost::asio::awaitable<protocol::Result<std::uint16_t>> upload(Client& client, std::string_view source);

/// Removes codes, as well as it goes: one that is gone already is no error.
boost::asio::awaitable<void> remove(Client& client, const std::vector<std::uint16_t>& codes);

}  // namespace celeriac::console
