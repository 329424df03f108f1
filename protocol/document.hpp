#pragma once
// Documents: nlohmann::json in memory, BSON on the wire.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::protocol {

using Json = nlohmann::json;

/// Deepest nesting of a BSON document that is read or written.
inline constexpr int max_document_depth = 64;

/// BSON of a JSON object. Whole numbers become int32 or int64, unsigned ones beyond int64 doubles.
/// Bytes of a text that are not UTF-8 become U+FFFD, and what is nested too deep
/// becomes null, so that what goes out can always be read.
std::string to_bson(const Json& object);

/// True if the bytes are UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view bytes) noexcept;

/// The text with each byte that is not part of UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string_view bytes);

/// Reads one BSON document; Status::malformed with a sentence if it is none, or nested too deep.
/// Types that JSON lacks come as: date-time → milliseconds since 1970, object id and decimal → text,
/// binary → Json::binary (its subtype is dropped), anything else → null.
Result<Json> from_bson(std::string_view bytes);

/// Milliseconds since 1970, as documents carry times.
std::int64_t now_milliseconds();

}  // namespace celeriac::protocol
