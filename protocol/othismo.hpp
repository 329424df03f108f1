#pragma once
// Othismo's documents: one BSON document is one message, with its routing inside. Two forms are read, the
// first is written:
//
//   1  {"othismo": {send_to, reply_to?, request_id?, response_id?}, "acme.water": …, "acme.log": …}
//   2  {"/shed/pump/acme.water": …}            = message acme.water for /shed/pump; //name is a message for /
//   and of a later note, read only: {"othismo.send_to": "/shed/pump", "acme.water": …}
//
// Kernel objects and guests share this: what is routing, what is content, and what is wrong with a document.
// Contents are kept byte for byte, in their order.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/envelope.hpp"
#include "protocol/error.hpp"

namespace celeriac::protocol {

/// Messages for one receiver in one document.
inline constexpr std::size_t max_othismo_parts = 64;
/// Bytes of a segment of a path, and of a whole path.
inline constexpr std::size_t max_path_segment = 255;
inline constexpr std::size_t max_path = 4096;
/// An Othismo request waits so long for its reply: the documents name no deadline.
inline constexpr std::int64_t othismo_deadline_ms = 30'000;

struct OthismoMessage {
  /// One message: its name, "acme.water", and its value as it stood in the document.
  struct Part {
    std::string name;
    std::uint8_t type = 0x03;  ///< BSON's type byte; 0x03 is a document
    std::string value;         ///< the bytes of a BSON value of that type

    static Part of(std::string name, const Json& value);
    /// As from_bson has it.
    [[nodiscard]] Json json() const;
    /// The bytes, if the value is binary.
    [[nodiscard]] std::optional<std::string_view> binary() const;
    friend bool operator==(const Part&, const Part&) = default;
  };

  std::string send_to;                      ///< a path
  std::optional<std::string> reply_to;      ///< a path; the sender's if absent
  std::optional<std::int64_t> request_id;   ///< what a reply is to name in response_id
  std::optional<std::int64_t> response_id;  ///< the request that this is a reply to
  std::vector<Part> parts;                  ///< at least one

  /// The part of that name; nullptr if there is none.
  [[nodiscard]] const Part* find(std::string_view name) const noexcept;
  friend bool operator==(const OthismoMessage&, const OthismoMessage&) = default;
};

/// Reads either form. Status::malformed with code `bad_message` and a sentence if the bytes are not one BSON
/// document of the types that Othismo has (double, string, document, array, binary, bool, date-time, null,
/// int32, int64), are nested deeper than max_document_depth, name no receiver, or carry no message.
Result<OthismoMessage> read_othismo(std::string_view bson);

/// Form 1: routing first, then the parts in their order.
std::string write_othismo(const OthismoMessage& message);

/// `/`, or one or more `/segment`; a segment is UTF-8, not empty, not `.` or `..`, without NUL.
/// Status::malformed with code `bad_message` if it is not.
Result<void> check_path(std::string_view path);

/// "acme.water.response"
std::string response_name(std::string_view request);

/// {"othismo.error": {code, message}}
OthismoMessage::Part othismo_error(std::string_view code, std::string_view message);
/// The same of an error of the protocol; its own code wins over its status.
OthismoMessage::Part othismo_error(const Error& error);
/// What othismo.error says of a message that failed: `object_does_not_exist`, `guest_trap` …
std::string_view othismo_code(Failure failure) noexcept;

/// The reply to a request: to its reply_to (or `sender`, where it has none), naming its request_id.
OthismoMessage othismo_reply(const OthismoMessage& request, std::string_view sender,
                             OthismoMessage::Part part);

}  // namespace celeriac::protocol
