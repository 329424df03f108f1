#pragma once
// The sequences in the code store, found by what an account calls them.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "console/client.hpp"

namespace celeriac::console {

struct StoredSequence {
  std::uint16_t code = 0;
  std::int64_t id = 0;  ///< of the document; 0: none
  std::string name;
  std::int64_t bytes = 0;
};

/// Those that have contents.
boost::asio::awaitable<protocol::Result<std::vector<StoredSequence>>> stored_sequences(Client& client);

/// The one with this id; for a document without an id, the one without an id that has its name. nullptr if
/// there is none. Of several the last, which is the one that runs.
const StoredSequence* find_sequence(const std::vector<StoredSequence>& stored, std::int64_t id,
                                    std::string_view name);

}  // namespace celeriac::console
