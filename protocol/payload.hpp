#pragma once
// Payloads, made and read as the operation table says.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "protocol/operations.hpp"

namespace celeriac::protocol {

/// The checked contents of a request's payload: required fields are there, every field of the table has
/// its type and lies in its range. Unknown fields are gone.
class Arguments {
 public:
  /// Status::malformed if the payload is not as the table says; the message names the field.
  static Result<Arguments> decode(const Operation& operation, std::string_view payload);

  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }
  /// The bytes of a `text` payload, or of an envelope; valid only while the handler runs.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] bool has(const char* field) const { return fields_.contains(field); }
  /// A number, integer, choice or boolean of the table; the table's fallback if it is absent.
  [[nodiscard]] double number(const char* field) const;
  [[nodiscard]] std::int64_t integer(const char* field) const;
  /// A text; "" if it is absent.
  [[nodiscard]] std::string string(const char* field) const;
  /// Any field as it came; null if it is absent.
  [[nodiscard]] const Json& value(const char* field) const;
  /// Whose request it is, where one stream carries those of many: the field `holder`, which every document
  /// may carry. 0 is the stream itself.
  [[nodiscard]] std::uint64_t holder() const noexcept { return holder_; }
  /// All fields of the document.
  [[nodiscard]] const Json& fields() const noexcept { return fields_; }

 private:
  const Operation* operation_ = nullptr;
  std::uint16_t id_ = 0;
  std::uint64_t holder_ = 0;
  std::string_view text_;
  Json fields_ = Json::object();
};

/// The payload of `operation` with these fields; the id of an id payload is the field "id", the bytes of a
/// text payload the field "text". Choices may be given by number or by name. Status::malformed with a
/// sentence that names the field if one is missing, unknown, mistyped or out of range.
Result<std::string> encode(const Operation& operation, const Json& fields);

/// The payload with the field `holder` in its document, which is made if there is none. A payload that is no
/// document stays as it is.
std::string with_holder(const Operation& operation, std::string_view payload, std::uint64_t holder);

/// u16 big endian, as id payloads are made.
std::string encode_id(std::uint16_t id);

}  // namespace celeriac::protocol
