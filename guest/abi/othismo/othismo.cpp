// The life of an object: start, then one run for each message.

#include "guest/abi/othismo/othismo.hpp"

#include <cstring>
#include <format>

#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/canonical/names.hpp"
#include "guest/abi/mail.hpp"
#include "protocol/crossing.hpp"

namespace celeriac::guest {

using protocol::Format;
using protocol::Item;
using protocol::ItemType;
using protocol::OthismoMessage;
using protocol::Result;

namespace {

/// Where a reply to a source on another node would go, if it did not go by its number.
std::string path_of(const Item& item) {
  if (!item.source_path.empty()) return item.source_path;
  return "/node/" + (item.source.empty() ? std::string("unknown") : item.source);
}

/// Nothing more will come of a request: an object has ended its run without a reply.
bool is_no_reply(const Item& item) {
  return item.type == ItemType::response && item.format == Format::othismo && item.body.empty() &&
         !item.error;
}

std::optional<std::int64_t> id_in(const std::optional<std::string>& context) {
  std::int64_t id = 0;
  if (!context || context->size() != sizeof id) return std::nullopt;
  std::memcpy(&id, context->data(), sizeof id);
  return id;
}

}  // namespace

void Othismo::serve(Guest& guest) {
  start(guest);
  for (;;) {
    auto item = mail::receive(guest);
    if (!item) throw Trap{item.error().message};
    deliver(guest, std::move(*item));
  }
}

void Othismo::start(Guest& guest) {
  if (guest.identity().restored) {
    // Handles of an earlier life may come back in replies: the new ones begin somewhere else.
    preview1().random(std::as_writable_bytes(std::span(&last_handle_, 1)));
    return;
  }
  canonical::initialise(guest);
  if (!guest.exports("_othismo_start")) return;
  guest.call("_othismo_start", {});
  commit(guest, 0);
}

void Othismo::deliver(Guest& guest, Item item) {
  if (is_no_reply(item)) return finish(guest, item);
  const auto message = document_of(guest, item);
  if (message.parts.empty()) return finish(guest, item);
  current_ = item.type == ItemType::request ? item.request : 0;
  const auto handle =
      item.type == ItemType::request ? 0 : static_cast<std::uint32_t>(message.response_id.value_or(0));
  enter(guest, protocol::write_othismo(message), handle);
  finish(guest, item);
}

/// Commits what the run has changed; what it was about is dealt with.
void Othismo::finish(Guest& guest, const Item& item) {
  if (!is_third() && current_ != 0 && !requests_.empty() && requests_.back().number == current_) {
    // In generation 1 nothing happens between two runs: who waits is told that no reply will come.
    if (requests_.back().format == Format::othismo) {
      protocol::Outgoing nothing;
      nothing.format = Format::othismo;
      nothing.request = current_;
      static_cast<void>(hold(guest, std::move(nothing)));
    }
    requests_.pop_back();
  }
  current_ = 0;
  // Something has been dealt with, if only a message without a number: the kernel keeps each until it hears
  // so.
  commit(guest, item.request != 0 ? item.request : 1);
}

void Othismo::commit(Guest& guest, std::uint64_t answered) {
  guest.commit(std::exchange(outbox_, {}), answered);
  for (const auto handle : std::exchange(outbox_blobs_, {})) wire::free_blob(guest, handle);
  outbox_bytes_ = 0;
}

/// The item as the object is to get it. Without parts: it was refused, and is not for the object.
OthismoMessage Othismo::document_of(Guest& guest, const Item& item) {
  OthismoMessage routing{
      .send_to = guest.identity().path, .reply_to = {}, .request_id = {}, .response_id = {}, .parts = {}};
  if (item.type == ItemType::request) {
    routing.reply_to = path_of(item);
    if (item.request != 0) routing.request_id = static_cast<std::int64_t>(item.request);
  } else {
    routing.response_id = id_in(item.context);
  }
  auto message = convert(guest, item, routing);
  if (!message && item.type == ItemType::request) {
    if (item.request == 0) return routing;
    auto reply = protocol::reply_from_othismo({.send_to = path_of(item),
                                               .reply_to = {},
                                               .request_id = {},
                                               .response_id = {},
                                               .parts = {protocol::othismo_error(message.error())}},
                                              item.format);
    reply.request = item.request;
    static_cast<void>(hold(guest, std::move(reply)));
    return routing;
  }
  if (!message) {
    routing.parts = {protocol::othismo_error(message.error())};
    message = std::move(routing);
  }
  if (item.type != ItemType::request && !message->response_id && item.request != 0)
    message->response_id = static_cast<std::int64_t>(item.request);
  if (item.type == ItemType::request && item.request != 0) remember(item, *message);
  return std::move(*message);
}

Result<OthismoMessage> Othismo::convert(Guest& guest, const Item& item, OthismoMessage routing) {
  if (protocol::drops_capabilities(item, Format::othismo))
    mail::print(guest, 1,
                std::format("{} capabilities of {} were left out: an object holds none.",
                            item.capabilities.size(), item.source));
  std::optional<std::string> blob;
  if (protocol::needs_blob(item, Format::othismo) && item.blob->size <= protocol::max_othismo_document)
    blob = mail::read_blob(guest, item.blob->size);
  return protocol::to_othismo(item, std::move(routing), std::move(blob));
}

void Othismo::remember(const Item& item, const OthismoMessage& message) {
  if (requests_.size() == max_unanswered_requests) requests_.pop_front();
  Request request{.number = item.request,
                  .reply_to = message.reply_to.value_or(""),
                  .request_id = {},
                  .format = item.format,
                  .name = message.parts.front().name};
  if (item.format == Format::othismo)
    if (const auto own = protocol::read_othismo(item.body)) request.request_id = own->request_id;
  requests_.push_back(std::move(request));
}

void Othismo::enter(Guest& guest, const std::string& document, std::uint32_t request_handle) {
  const Slot length = document.size();
  if (!is_third()) {
    place(guest, document, "prepare_inbox", std::array{length});
    guest.call("message_received", {});
    return;
  }
  Slot handle = 0;
  if (generation_ == Generation::three_note) {
    handle = fresh_handle(guest);
    place(guest, document, "_allocate_message", std::array<Slot, 3>{handle, length, request_handle});
  } else {
    handle = place(guest, document, "_allocate_message", std::array{length});
  }
  guest.call("_message_received", std::array{handle});
  if (guest.exports("_run")) guest.call("_run", {});
}

std::uint32_t Othismo::place(Guest& guest, const std::string& document, std::string_view allocator,
                             std::span<const Slot> arguments) {
  placing_ = true;
  const auto results = guest.call(allocator, arguments);
  placing_ = false;
  const auto pointer = static_cast<std::uint32_t>(results.at(0));
  const canonical::Memory memory(guest);
  if (!memory.holds(pointer, document.size()))
    throw Trap{
        std::format("{}({}) returned {}, where there is no room for a message: the memory has {} bytes.",
                    allocator, document.size(), pointer, memory.size())};
  std::memcpy(memory.at(pointer, document.size()).data(), document.data(), document.size());
  return pointer;
}

}  // namespace celeriac::guest
