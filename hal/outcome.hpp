#pragma once
// What a request ends with, and whose it is.

#include <cstdint>
#include <functional>
#include <optional>

#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "protocol/frame.hpp"

namespace celeriac::hal {

/// A good answer: the return value, or a document where there is more to say.
struct Done {
  std::uint16_t value = 0;
  std::optional<protocol::Json> document = {};
};
using Outcome = protocol::Result<Done>;
using Completion = std::move_only_function<void(Outcome)>;

/// The request of a stream: its session's number, and the channel.
struct Owner {
  std::uint64_t session = 0;
  protocol::Channel channel{};
  bool operator==(const Owner&) const = default;
};

}  // namespace celeriac::hal
