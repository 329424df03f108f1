#pragma once
// Documents: nlohmann::json in memory, BSON on the wire.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::protocol {

using Json = nlohmann::json;

/// Deepest nesting of a BSON document that is read.
inline constexpr int max_document_depth = 64;

/// BSON of a JSON object. Whole numbers become int32 or int64, unsigned ones beyond int64 doubles.
std::string to_bson(const Json& object);

/// Reads one BSON document; Status::malformed with a sentence if it is none, or nested too deep.
/// Types that JSON lacks come as: date-time → milliseconds since 1970, object id and decimal → text,
/// binary → text of its bytes, anything else → null.
Result<Json> from_bson(std::string_view bytes);

/// Milliseconds since 1970, as documents carry times.
std::int64_t now_milliseconds();

}  // namespace celeriac::protocol
