#pragma once
// The status codes of the wire protocol: the one list of what can go wrong between two parts.

#include <cstdint>
#include <string_view>

namespace celeriac::protocol {

/// Status of a response. The numbers are the wire's.
enum class Status : std::uint16_t {
  ok = 0,
  unknown_operation = 1,
  malformed = 2,
  not_found = 3,
  channel_busy = 4,
  overloaded = 5,
  denied = 6,
  invalid_code = 7,
  wrong_state = 8,
  locked = 9,
  offline = 10,
  timeout = 11,
  hardware_fault = 12,
  cancelled = 13,
  failed = 14,
  out_of_resources = 15,
  internal = 16,
};

/// Name as the contract spells it, `not_found`; "unknown" for a number outside the table.
std::string_view name(Status status) noexcept;

/// What the status means, for documents and help: one phrase without a full stop.
std::string_view meaning(Status status) noexcept;

/// Number of rows: statuses are 0 … status_count - 1.
inline constexpr std::uint16_t status_count = 17;

}  // namespace celeriac::protocol
