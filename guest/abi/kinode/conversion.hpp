#pragma once
// Between the values of kinode:process/standard and the messages of the wire.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/abi/canonical/value.hpp"
#include "protocol/document.hpp"
#include "protocol/envelope.hpp"

namespace celeriac::guest::kinode {

using canonical::Arena;
using canonical::Value;

/// Seconds within which a response may be expected; more is taken for this: 68 years.
inline constexpr std::uint64_t max_expects_seconds = std::uint64_t{1} << 31;

// ---- from a guest ----

/// "process:package:publisher", whatever the names are: the kernel judges them.
std::string process_text(const Value& process_id);
/// "node@process:package:publisher".
std::string address_text(const Value& address);
std::vector<protocol::Capability> capabilities(const Value& list);
/// What a request has but for its body, target and blob.
protocol::Outgoing outgoing_request(const Value& request);
protocol::Outgoing outgoing_response(const Value& response);
inline const Value& body_of_request(const Value& request) {
  return request[2];
}
inline const Value& body_of_response(const Value& response) {
  return response[1];
}

// ---- to a guest; texts view what they are made from ----

/// Trap if it is none: the kernel only names processes so.
Value process_value(Arena& arena, std::string_view process);
Value address_value(Arena& arena, std::string_view address);
Value capability_list(Arena& arena, const std::vector<protocol::Capability>& capabilities);
/// `request`, of a message that was received or is kept to be sent.
Value request_value(Arena& arena, const protocol::Content& content, bool inherit,
                    std::optional<std::int64_t> expects);
/// What came, or what failed, as `message`. A response has its context inside; in an error there is none.
Value message_value(Arena& arena, const protocol::Item& item, bool with_context);
/// offline, or timeout for everything else.
Value error_kind(protocol::Failure failure);

}  // namespace celeriac::guest::kinode
