// What an object sends: replies to what it was asked, and messages of its own.

#include <algorithm>
#include <format>

#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/mail.hpp"
#include "guest/abi/othismo/othismo.hpp"
#include "protocol/crossing.hpp"

namespace celeriac::guest {

using protocol::Format;
using protocol::Item;
using protocol::ItemType;
using protocol::OthismoMessage;
using protocol::Outgoing;
using protocol::Result;

namespace {

std::string context_of(std::int64_t id) {
  return {reinterpret_cast<const char*>(&id), sizeof id};
}

OthismoMessage to_self(const Guest& guest, std::int64_t id, const protocol::Error& error) {
  return {.send_to = guest.identity().path,
          .reply_to = {},
          .request_id = {},
          .response_id = id,
          .parts = {protocol::othismo_error(error)}};
}

/// A reply to somebody who waits for none is a message of its own, and nobody replies to it.
bool is_reply(const OthismoMessage& message) {
  const auto& name = message.parts.front().name;
  return message.response_id || name == "othismo.error" || name.ends_with(".response");
}

protocol::Error deadlock() {
  protocol::Error error{.status = protocol::Status::wrong_state,
                        .message = "An object that waits for its own reply would wait for ever."};
  error.code = "deadlock";
  return error;
}

}  // namespace

std::uint32_t Othismo::fresh_handle(Guest&) {
  // Never 0, and never negative: generation 3 keeps it in an i32.
  last_handle_ = (last_handle_ & 0x7fff'ffff) == 0x7fff'ffff ? 1 : (last_handle_ & 0x7fff'ffff) + 1;
  return last_handle_;
}

Result<OthismoMessage> Othismo::read(Guest& guest, std::uint32_t pointer, std::uint32_t length) {
  if (placing_) throw Trap{"A message was sent from inside the function that makes room for one."};
  const canonical::Memory memory(guest);
  if (!memory.holds(pointer, length))
    throw Trap{std::format("The message at {} with {} bytes is not inside the memory of {} bytes.", pointer,
                           length, memory.size())};
  if (length > protocol::max_othismo_document) {
    protocol::Error error{.status = protocol::Status::out_of_resources,
                          .message = std::format("The message has {} bytes; {} are allowed.", length,
                                                 protocol::max_othismo_document)};
    error.code = "too_large";
    return std::unexpected(std::move(error));
  }
  const auto bytes = memory.at(pointer, length);
  return protocol::read_othismo({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// The request that the message is a reply to; end() if it is none.
std::deque<Othismo::Request>::iterator Othismo::answered_by(const OthismoMessage& message) {
  return std::ranges::find_if(requests_, [&](const Request& request) {
    if (request.reply_to != message.send_to) return false;
    if (message.response_id) return static_cast<std::uint64_t>(*message.response_id) == request.number;
    // The seed's guests know no numbers: what they send to who asked, under the reply's name, is the reply.
    const auto& name = message.parts.front().name;
    return request.number == current_ &&
           (name == "othismo.error" || name == protocol::response_name(request.name));
  });
}

Result<void> Othismo::answer(Guest& guest, std::deque<Request>::iterator request, OthismoMessage message) {
  message.response_id = request->request_id ? request->request_id : message.response_id;
  auto out = protocol::reply_from_othismo(message, request->format);
  out.request = request->number;
  auto held = hold(guest, std::move(out));
  if (held) requests_.erase(request);
  return held;
}

/// A message that is no reply, in form 1, as its receiver is to read it.
Outgoing Othismo::outgoing(Guest& guest, OthismoMessage message, std::int64_t id) {
  Outgoing out;
  out.format = Format::othismo;
  out.to = message.send_to;
  if (message.reply_to && *message.reply_to != guest.identity().path) out.rsvp = message.reply_to;
  if (!message.reply_to) message.reply_to = guest.identity().path;
  if (!message.request_id) message.request_id = id;
  out.body = protocol::write_othismo(message);
  return out;
}

Result<void> Othismo::hold(Guest& guest, Outgoing message) {
  auto entry = mail::letter(guest, message);
  if (!entry) return std::unexpected(std::move(entry.error()));
  for (const auto handle : {message.body_blob, message.blob})
    if (handle != 0) outbox_blobs_.push_back(handle);
  outbox_bytes_ += entry->size();
  if (outbox_.size() == max_run_outbox || outbox_bytes_ > max_run_outbox_bytes)
    throw Trap{
        std::format("One run may send {} messages and {} bytes.", max_run_outbox, max_run_outbox_bytes)};
  outbox_.push_back(std::move(*entry));
  return {};
}

std::uint32_t Othismo::queue(Guest& guest, std::uint32_t pointer, std::uint32_t length, bool wants_reply) {
  auto message = read(guest, pointer, length);
  const std::int64_t handle = fresh_handle(guest);
  Result<void> held;
  std::int64_t id = handle;
  if (!message) {
    held = std::unexpected(message.error());
  } else if (const auto request = answered_by(*message); request != requests_.end()) {
    held = answer(guest, request, std::move(*message));
  } else {
    id = message->request_id.value_or(handle);
    const bool replies = is_reply(*message);
    auto out = outgoing(guest, std::move(*message), id);
    if (wants_reply && !replies) {
      out.expects = protocol::othismo_deadline_ms;
      out.context = context_of(id);
    }
    held = hold(guest, std::move(out));
  }
  if (!held) {
    // What is wrong with a message comes like a reply to it.
    Outgoing out;
    out.format = Format::othismo;
    out.to = guest.identity().path;
    out.body = protocol::write_othismo(to_self(guest, id, held.error()));
    static_cast<void>(hold(guest, std::move(out)));
  }
  return static_cast<std::uint32_t>(handle);
}

std::uint32_t Othismo::send_and_wait(Guest& guest, std::uint32_t pointer, std::uint32_t length) {
  auto message = read(guest, pointer, length);
  const std::int64_t handle = fresh_handle(guest);
  const auto give = [&](const OthismoMessage& reply) {
    const auto document = protocol::write_othismo(reply);
    place(guest, document, "prepare_inbox", std::array<Slot, 1>{document.size()});
    return static_cast<std::uint32_t>(document.size());
  };
  if (!message) return give(to_self(guest, handle, message.error()));
  const std::int64_t id = message->request_id.value_or(handle);
  if (const auto request = answered_by(*message); request != requests_.end()) {
    const auto held = answer(guest, request, std::move(*message));
    return held ? 0 : give(to_self(guest, id, held.error()));
  }
  const bool replies = is_reply(*message);
  auto out = outgoing(guest, std::move(*message), id);
  if (replies || out.rsvp) {
    // Nothing will come back here: it leaves with the run.
    if (!replies) out.expects = protocol::othismo_deadline_ms;
    const auto held = hold(guest, std::move(out));
    return held ? 0 : give(to_self(guest, id, held.error()));
  }
  if (out.to == guest.identity().path) return give(to_self(guest, id, deadlock()));
  out.expects = protocol::othismo_deadline_ms;
  const auto item = mail::await(guest, std::move(out));
  if (!item) return give(to_self(guest, id, item.error()));
  if (item->type == ItemType::response && item->format == Format::othismo && item->body.empty()) return 0;
  auto reply = convert(
      guest, *item,
      {.send_to = guest.identity().path, .reply_to = {}, .request_id = {}, .response_id = id, .parts = {}});
  return give(reply ? *reply : to_self(guest, id, reply.error()));
}

}  // namespace celeriac::guest
