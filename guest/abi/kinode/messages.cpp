// send-request … send-and-await-response, receive, and the blobs.

#include <algorithm>
#include <format>

#include "guest/abi/canonical/call.hpp"
#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/kinode/conversion.hpp"
#include "guest/abi/kinode/process.hpp"
#include "guest/abi/wire.hpp"
#include "protocol/crossing.hpp"

namespace celeriac::guest::kinode {
namespace {

using namespace protocol::literals;
using canonical::Call;
using canonical::host_function;
using protocol::BlobInfo;
using protocol::Item;
using protocol::ItemType;
using protocol::Outgoing;

// Looked up once.
const auto& message_send = "MESSAGE.SEND"_op;
const auto& message_await = "MESSAGE.AWAIT"_op;
const auto& message_respond = "MESSAGE.RESPOND"_op;
const auto& message_receive = "MESSAGE.RECEIVE"_op;

/// BLOB.READ: the blob of the item that was received last, and the last that any item had.
constexpr int present_blob = 0;
constexpr int latest_blob = -1;

/// A blob of the kernel's, which goes into the guest's memory piece by piece.
class BlobStream final : public canonical::Stream {
 public:
  BlobStream(int blob, std::uint64_t size) : blob_(blob), size_(size) {}
  void copy_to(Guest& guest, std::uint32_t address) const override {
    for (std::uint64_t done = 0; done < size_;) {
      const auto piece =
          wire::read_blob(guest, blob_, done, std::min<std::uint64_t>(size_ - done, wire::read_at_once));
      const canonical::Memory memory(guest);
      std::ranges::copy(piece, memory.at(address + static_cast<std::uint32_t>(done), piece.size()).begin());
      done += piece.size();
    }
  }

 private:
  int blob_;
  std::uint64_t size_;
};

/// option<lazy-load-blob>; `stream` must be of the same blob, if there is one.
Value blob_value(Arena& arena, const std::optional<BlobInfo>& blob, const BlobStream& stream) {
  if (!blob) return Arena::none();
  return arena.some(arena.record({arena.optional_text(blob->mime), Value::stream(stream, blob->size)}));
}

BlobStream stream_of(int which, const std::optional<BlobInfo>& blob) {
  return {which, blob ? blob->size : 0};
}

// ---- sending ----

void add_blob(Guest& guest, Outgoing& message, const Value* blob) {
  if (blob == nullptr) return;
  if (const auto mime = (*blob)[0].optional_text()) message.mime = *mime;
  wire::set_blob(guest, message, (*blob)[1]);
}

Outgoing outgoing(Guest& guest, const Value& target, const Value& request, const Value* blob) {
  auto message = outgoing_request(request);
  message.to = address_text(target);
  wire::set_body(guest, message, body_of_request(request));
  add_blob(guest, message, blob);
  return message;
}

/// Nobody waits for an answer: what goes wrong comes as an item, to those who expect a response.
void send(Guest& guest, const Value& sent) {
  auto message = outgoing(guest, sent[0], sent[1], sent[3].some());
  if (const auto context = sent[2].optional_text()) message.context = *context;
  guest.tell(message_send, wire::envelope(guest, message));
  wire::free_blobs(guest, message);
}

void send_request(Process&, Call& call) {
  send(call.guest(), call.arguments());
}

void send_requests(Process&, Call& call) {
  for (const auto& sent : call[0].items()) send(call.guest(), sent);
}

void send_response(Process&, Call& call) {
  auto& guest = call.guest();
  auto message = outgoing_response(call[0]);
  wire::set_body(guest, message, body_of_response(call[0]));
  add_blob(guest, message, call[1].some());
  guest.tell(message_respond, wire::envelope(guest, message));
  wire::free_blobs(guest, message);
}

// ---- receiving ----

/// An answer of the kernel as an item in Kinode's terms, whoever has sent it.
Item item_of(const protocol::Reply& reply) {
  auto item = protocol::decode_item(reply.data);
  if (!item) throw Trap{item.error().message};
  return protocol::to_kinode(*std::move(item));
}

/// An item has been received: a message's blob is the present one from now on; an error has its own inside.
void note(Process::Blobs& blobs, const Item& item) {
  if (item.type == ItemType::error) {
    blobs.current.reset();
    return;
  }
  blobs.current = item.blob;
  if (item.blob) blobs.last = item.blob;
}

Value source_and_message(Arena& arena, const Item& item, bool with_context) {
  return arena.record({address_value(arena, item.source), message_value(arena, item, with_context)});
}

template <Version version>
Value send_error(Arena& arena, const Item& item, const BlobStream& stream) {
  const auto kind = error_kind(item.failure);
  const auto message = message_value(arena, item, false);
  const auto blob = blob_value(arena, item.blob, stream);
  if constexpr (version == Version::v0_7) return arena.record({kind, message, blob});
  return arena.record({kind, address_value(arena, item.target), message, blob});
}

template <Version version>
void receive(Process& process, Call& call) {
  auto& guest = call.guest();
  auto& arena = call.arena();
  const auto item = item_of(wire::ask(guest, message_receive, wire::payload(guest)));
  note(process.blobs, item);
  if (item.type != ItemType::error) return call.give(arena.ok(source_and_message(arena, item, true)));
  const auto stream = stream_of(present_blob, item.blob);
  call.give(arena.error(
      arena.record({send_error<version>(arena, item, stream), arena.optional_text(item.context)})));
}

/// True if the address is that of the process itself, which would wait for its own answer for ever.
bool is_ours(const Guest& guest, const Value& target) {
  const std::string_view own = guest.identity().address;
  const auto at = std::min(own.find('@'), own.size());
  const auto node = target[0].text();
  return (node == "our" || node == own.substr(0, at)) &&
         own.substr(std::min(at + 1, own.size())) == process_text(target[1]);
}

template <Version version>
void send_and_await_response(Process& process, Call& call) {
  auto& guest = call.guest();
  auto& arena = call.arena();
  if (call[1][1].some() == nullptr)
    throw Trap{"expects-response is none, so there would be nothing to wait for."};
  if (is_ours(guest, call[0]))
    throw Trap{"the request is for the process itself, which cannot answer while it waits."};
  auto message = outgoing(guest, call[0], call[1], call[2].some());
  const auto reply = wire::ask(guest, message_await, wire::envelope(guest, message));
  wire::free_blobs(guest, message);
  const auto item = item_of(reply);
  note(process.blobs, item);
  if (item.type != ItemType::error) return call.give(arena.ok(source_and_message(arena, item, false)));
  const auto stream = stream_of(present_blob, item.blob);
  call.give(arena.error(send_error<version>(arena, item, stream)));
}

// ---- blobs ----

void get_blob(Process& process, Call& call) {
  const auto& blob = process.blobs.current;
  call.give(blob_value(call.arena(), blob, stream_of(present_blob, blob)));
}

void last_blob(Process& process, Call& call) {
  const auto& blob = process.blobs.last;
  call.give(blob_value(call.arena(), blob, stream_of(latest_blob, blob)));
}

void has_blob(Process& process, Call& call) {
  call.give(Value::number(process.blobs.current.has_value()));
}

template <Version version>
std::vector<HostFunction> functions(std::string_view module) {
  std::vector<HostFunction> made{
      host_function<types::send_request, Process, send_request>(module),
      host_function<types::send_requests, Process, send_requests>(module),
      host_function<types::send_response, Process, send_response>(module),
      host_function<types::send_and_await_response<version>, Process, send_and_await_response<version>>(
          module),
      host_function<types::receive<version>, Process, receive<version>>(module),
      host_function<types::get_blob, Process, get_blob>(module),
  };
  if (version == Version::v1_0) {
    made.push_back(host_function<types::has_blob, Process, has_blob>(module));
    made.push_back(host_function<types::last_blob, Process, last_blob>(module));
  }
  return made;
}

}  // namespace

std::vector<HostFunction> message_functions(std::string_view module, Version version) {
  switch (version) {
    case Version::v0_7:
      return functions<Version::v0_7>(module);
    case Version::v0_8:
      return functions<Version::v0_8>(module);
    case Version::v1_0:
      return functions<Version::v1_0>(module);
  }
  return {};
}

}  // namespace celeriac::guest::kinode
