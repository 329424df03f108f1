#include "guest/abi/mail.hpp"

#include <algorithm>
#include <format>

#include "protocol/payload.hpp"

namespace celeriac::guest::mail {

using namespace protocol::literals;
using protocol::Item;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;

namespace {

const auto& message_send = "MESSAGE.SEND"_op;
const auto& message_await = "MESSAGE.AWAIT"_op;
const auto& message_respond = "MESSAGE.RESPOND"_op;
const auto& message_receive = "MESSAGE.RECEIVE"_op;
const auto& message_print = "MESSAGE.PRINT"_op;

Result<void> check(std::size_t bytes, std::size_t limit, std::string_view what) {
  if (bytes <= limit) return {};
  protocol::Error error{
      .status = protocol::Status::out_of_resources,
      .message = std::format("The message's {} has {} bytes; {} are allowed.", what, bytes, limit)};
  error.code = "too_large";
  return std::unexpected(std::move(error));
}

Result<protocol::Reply> deliver(Guest& guest, const protocol::Operation& operation, Outgoing message) {
  auto payload = letter(guest, message);
  if (!payload) return std::unexpected(std::move(payload.error()));
  auto reply = guest.ask(operation, std::move(*payload));
  wire::free_blobs(guest, message);
  if (!reply.ok()) return std::unexpected(reply.error());
  return reply;
}

Result<void> only_whether(const Result<protocol::Reply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  return {};
}

}  // namespace

protocol::Reply ask(Guest& guest, const protocol::Operation& operation, Json fields) {
  fields["id"] = guest.identity().process;
  auto payload = protocol::encode(operation, fields);
  if (payload) return guest.ask(operation, std::move(*payload));
  return {.status = static_cast<std::uint16_t>(payload.error().status),
          .value = 1,
          .data = protocol::to_bson(payload.error().document())};
}

Result<std::string> letter(Guest& guest, Outgoing& message) {
  if (auto fits = check(message.body.size(), protocol::max_body, "body"); !fits)
    return std::unexpected(std::move(fits.error()));
  const std::size_t blob = message.blob_bytes ? message.blob_bytes->size() : 0;
  if (auto fits = check(blob, protocol::max_blob, "blob"); !fits)
    return std::unexpected(std::move(fits.error()));
  return wire::envelope(guest, message);
}

Result<void> send(Guest& guest, Outgoing message) {
  return only_whether(deliver(guest, message_send, std::move(message)));
}
Result<void> respond(Guest& guest, Outgoing message) {
  return only_whether(deliver(guest, message_respond, std::move(message)));
}
Result<Item> await(Guest& guest, Outgoing message) {
  const auto reply = deliver(guest, message_await, std::move(message));
  if (!reply) return std::unexpected(reply.error());
  return protocol::decode_item(reply->data);
}
Result<Item> receive(Guest& guest) {
  const auto reply = guest.ask(message_receive, wire::payload(guest));
  if (!reply.ok()) return std::unexpected(reply.error());
  return protocol::decode_item(reply.data);
}

std::string read_blob(Guest& guest, std::uint64_t size) {
  std::string bytes;
  while (bytes.size() < size)
    bytes += wire::read_blob(guest, 0, bytes.size(),
                             std::min<std::uint64_t>(size - bytes.size(), wire::read_at_once));
  return bytes;
}

void print(Guest& guest, int verbosity, std::string_view text) {
  guest.tell(message_print, wire::fitting(wire::payload(
                                guest, {{"verbosity", verbosity}, {"text", protocol::as_utf8(text)}})));
}

}  // namespace celeriac::guest::mail
