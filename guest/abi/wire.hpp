#pragma once
// What every personality has to say over the wire: questions whose refusal ends the guest, blobs in pieces,
// messages whose parts are too long for one frame.

#include <cstdint>
#include <string>
#include <string_view>

#include "guest/abi/canonical/value.hpp"
#include "guest/abi/guest.hpp"
#include "protocol/document.hpp"
#include "protocol/envelope.hpp"
#include "protocol/operations.hpp"
#include "protocol/session.hpp"

namespace celeriac::guest::wire {

/// Bytes that are written with one request: a payload less what is around them.
inline constexpr std::size_t written_at_once = 60 * 1024;
/// Bytes that are read with one request. What is longer comes in several answers, so that a worker never
/// collects much.
inline constexpr std::size_t read_at_once = std::size_t{1024} * 1024;

/// The payload of an operation on this process: its number, then the fields, if there are any.
std::string payload(const Guest& guest, const protocol::Json& fields = protocol::Json::object());

/// Bytes as a field.
protocol::Json binary(std::string_view bytes);
/// The payload, if it fits into one frame; else a Trap.
std::string fitting(std::string payload);

/// Asks; an answer that is not good is a Trap with what it says.
protocol::Reply ask(Guest& guest, const protocol::Operation& operation, std::string payload);

/// Writes bytes as a blob, piece by piece, and returns its handle. A guest's memory may be elsewhere after
/// each piece, so its bytes come as a value.
std::uint16_t write_blob(Guest& guest, const canonical::Value& bytes);
/// The same for bytes of the host's.
inline std::uint16_t write_blob(Guest& guest, std::string_view bytes) {
  return write_blob(guest, canonical::Value::text(bytes));
}
void free_blob(Guest& guest, std::uint16_t handle);
/// Reads `length` bytes of a blob (a handle, 0 of the present message, -1 of the last that had one): at most
/// read_at_once. Trap if there are less.
std::string read_blob(Guest& guest, int blob, std::uint64_t offset, std::size_t length);
/// All bytes of a blob whose size nobody has told.
std::string read_whole_blob(Guest& guest, int blob);

/// Gives the message its body: inside the envelope, or as a blob if it is long.
void set_body(Guest& guest, protocol::Outgoing& message, const canonical::Value& body);
/// The same for the blob that goes along; after the body.
void set_blob(Guest& guest, protocol::Outgoing& message, const canonical::Value& bytes);
/// The payload of MESSAGE.SEND, AWAIT or RESPOND. What is too long for one frame is moved into blobs; Trap if
/// that does not help.
std::string envelope(Guest& guest, protocol::Outgoing& message);
/// Gives back the handles that the three above have made, when the message is on its way.
void free_blobs(Guest& guest, const protocol::Outgoing& message);

}  // namespace celeriac::guest::wire
