#pragma once
// Times as the web API writes them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace celeriac::vm {

/// Milliseconds since 1970 of "2025-04-01T00:00:00.000Z" (fraction and zone may be absent, the zone may be
/// "+02:00"; UTC if absent) or of a date alone; nullopt of anything else.
[[nodiscard]] std::optional<std::int64_t> milliseconds_of(std::string_view iso_time);

}  // namespace celeriac::vm
