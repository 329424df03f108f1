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

inline Outcome outcome_of(const protocol::Result<void>& result) {
  return result ? Outcome(Done{}) : Outcome(std::unexpected(result.error()));
}
/// The number becomes the return value.
inline Outcome outcome_of(const protocol::Result<int>& result) {
  return result ? Outcome(Done{.value = static_cast<std::uint16_t>(*result)})
                : Outcome(std::unexpected(result.error()));
}

/// Who holds a motion or an output: a session, or one of the many for whom it speaks (the VM's programs and
/// clients); 0 is the session itself.
struct Holder {
  std::uint64_t session = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Holder&) const = default;
};

/// The request of a stream: its session's number, the channel, and for whom it is.
struct Owner {
  std::uint64_t session = 0;
  protocol::Channel channel{};
  std::uint64_t holder = 0;

  [[nodiscard]] Holder who() const noexcept { return {session, holder}; }
};

/// A holder, or all of a session's.
struct Holders {
  std::uint64_t session = 0;
  std::optional<std::uint64_t> number = {};

  [[nodiscard]] bool contains(const Holder& holder) const noexcept {
    return holder.session == session && (!number || holder.number == *number);
  }
};

}  // namespace celeriac::hal
