#include "guest/abi/wire.hpp"

#include <algorithm>
#include <format>

#include "protocol/frame.hpp"
#include "protocol/payload.hpp"

namespace celeriac::guest::wire {
namespace {

using namespace protocol::literals;
using canonical::Value;
using protocol::Json;
using protocol::Outgoing;

// Looked up once: a message should cost a microsecond.
const auto& blob_write = "BLOB.WRITE"_op;
const auto& blob_read = "BLOB.READ"_op;
const auto& blob_free = "BLOB.FREE"_op;

protocol::Reply read_piece(Guest& guest, int blob, std::uint64_t offset, std::size_t length) {
  return ask(guest, blob_read, payload(guest, {{"blob", blob}, {"offset", offset}, {"length", length}}));
}

/// Moves bytes out of the envelope into a blob.
void move_out(Guest& guest, std::string& bytes, std::uint16_t& handle) {
  handle = write_blob(guest, bytes);
  bytes.clear();
}

}  // namespace

std::string payload(const Guest& guest, const Json& fields) {
  auto made = protocol::encode_id(guest.identity().process);
  if (!fields.empty()) made += protocol::to_bson(fields);
  return made;
}

Json binary(std::string_view bytes) {
  return Json::binary(Json::binary_t::container_type(bytes.begin(), bytes.end()));
}

std::string fitting(std::string payload) {
  if (payload.size() > protocol::max_payload)
    throw Trap{std::format("what it passes has {} bytes; {} fit into one request.", payload.size(),
                           protocol::max_payload)};
  return payload;
}

protocol::Reply ask(Guest& guest, const protocol::Operation& operation, std::string payload) {
  auto reply = guest.ask(operation, fitting(std::move(payload)));
  if (!reply.ok()) throw Trap{reply.error().message};
  return reply;
}

std::uint16_t write_blob(Guest& guest, const Value& bytes) {
  std::uint16_t handle = 0;
  std::size_t done = 0;
  do {
    const auto piece = bytes.text().substr(done, written_at_once);
    Json fields{{"data", binary(piece)}};
    if (handle != 0) fields["blob"] = handle;
    done += piece.size();
    handle = ask(guest, blob_write, payload(guest, fields)).value;
  } while (done < bytes.size());
  return handle;
}

void free_blob(Guest& guest, std::uint16_t handle) {
  guest.tell(blob_free, payload(guest, {{"blob", handle}}));
}

std::string read_blob(Guest& guest, int blob, std::uint64_t offset, std::size_t length) {
  auto reply = read_piece(guest, blob, offset, length);
  if (reply.data.size() != length)
    throw Trap{std::format("{} bytes of a blob were asked for, from {} on, and {} came.", length, offset,
                           reply.data.size())};
  return std::move(reply.data);
}

std::string read_whole_blob(Guest& guest, int blob) {
  std::string whole;
  for (;;) {
    const auto piece = read_piece(guest, blob, whole.size(), read_at_once).data;
    whole += piece;
    if (piece.size() < read_at_once || whole.size() > protocol::max_blob) return whole;
  }
}

void set_body(Guest& guest, Outgoing& message, const Value& body) {
  if (body.size() <= protocol::max_inline_body)
    message.body = body.text();
  else
    message.body_blob = write_blob(guest, body);
}

void set_blob(Guest& guest, Outgoing& message, const Value& bytes) {
  if (message.body.size() + bytes.size() <= protocol::max_inline_body)
    message.blob_bytes = bytes.text();
  else
    message.blob = write_blob(guest, bytes);
}

std::string envelope(Guest& guest, Outgoing& message) {
  for (;;) {
    auto made = protocol::encode_id(guest.identity().process) + protocol::encode(message);
    if (made.size() <= protocol::max_payload) return made;
    if (!message.body.empty()) {
      move_out(guest, message.body, message.body_blob);
    } else if (message.blob_bytes) {
      move_out(guest, *message.blob_bytes, message.blob);
      message.blob_bytes.reset();
    } else {
      throw Trap{std::format(
          "the context, the metadata and the capabilities of the message have {} bytes; {} can be sent.",
          made.size(), protocol::max_payload)};
    }
  }
}

void free_blobs(Guest& guest, const Outgoing& message) {
  if (message.body_blob != 0) free_blob(guest, message.body_blob);
  if (message.blob != 0) free_blob(guest, message.blob);
}

}  // namespace celeriac::guest::wire
