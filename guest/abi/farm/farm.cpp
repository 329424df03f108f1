#include "guest/abi/farm/farm.hpp"

#include <algorithm>
#include <cstring>
#include <format>

#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/canonical/names.hpp"
#include "guest/abi/mail.hpp"
#include "protocol/crossing.hpp"
#include "protocol/document.hpp"
#include "protocol/payload.hpp"

namespace celeriac::guest {

using namespace protocol::literals;
using protocol::Channel;
using protocol::Operation;
using protocol::RequestFrame;
using protocol::ResponseFrame;
using protocol::Status;

namespace {

constexpr auto i32 = wasm::NumberType::i32;
constexpr std::string_view module_name = "farm";

/// The answer to MESSAGE.RECEIVE, among those to the guest's own requests, whose numbers are channels.
constexpr std::uint64_t item_number = 0x1'0000;

/// What a guest may ask for. Everything else belongs to workers, or to a channel of the worker's own.
enum class Allowed : std::uint8_t { no, as_it_is, with_own_process };
Allowed allowed(const Operation& operation) {
  struct Row {
    std::string_view space;
    Allowed how;
  };
  static constexpr Row spaces[] = {{"SYS", Allowed::as_it_is},          {"CODE", Allowed::as_it_is},
                                   {"PROC", Allowed::as_it_is},         {"REGS", Allowed::as_it_is},
                                   {"MESG", Allowed::with_own_process}, {"TOPC", Allowed::with_own_process},
                                   {"BLOB", Allowed::with_own_process}, {"STAT", Allowed::with_own_process},
                                   {"CAPA", Allowed::with_own_process}, {"FILE", Allowed::with_own_process},
                                   {"GUST", Allowed::with_own_process}};
  // The stream is the worker's: these would be its own, or another guest's.
  static constexpr std::string_view not_these[] = {
      "CODE.OPEN",    "CODE.WRITE",   "CODE.CLOSE",    "REGISTER.WATCH", "REGISTER.SET",
      "MESSAGE.OPEN", "GUEST.MODULE", "GUEST.RESTORE", "GUEST.COMMIT",   "GUEST.ENDED"};
  if (operation.server == protocol::Server::guest || std::ranges::contains(not_these, operation.long_name))
    return Allowed::no;
  const auto row = std::ranges::find(spaces, operation.space, &Row::space);
  return row == std::end(spaces) ? Allowed::no : row->how;
}

bool names_process(const Operation& operation) {
  using protocol::Payload;
  return operation.payload == Payload::id || operation.payload == Payload::id_and_document ||
         operation.payload == Payload::id_and_envelope;
}

/// The names that a message of the header protocol gives, where they are legal.
std::pair<std::string, std::string> names_of(const protocol::Item& item) {
  const auto metadata =
      item.metadata ? protocol::Json::parse(*item.metadata, nullptr, false) : protocol::Json();
  const auto name = [&](const char* key, std::size_t width) {
    std::string text = metadata.is_object() && metadata.contains(key) && metadata[key].is_string()
                           ? metadata[key].get<std::string>()
                           : "";
    const auto size = text.size();
    text.resize(width, ' ');
    return size <= width && protocol::name_length(text.data(), width) == size ? text.substr(0, size)
                                                                              : std::string();
  };
  auto space = name("namespace", protocol::space_width), wire = name("operation", protocol::wire_width);
  if (item.format != protocol::Format::farm || space.empty() || wire.empty()) return {"MESG", "REQST"};
  return {std::move(space), std::move(wire)};
}

}  // namespace

// ---- what the guest sends ----

Status Farm::send(Guest& guest, std::string_view bytes) {
  if (bytes.size() == protocol::response_size && protocol::is_response(bytes.data()))
    return respond(guest, protocol::decode_response(bytes.data()));
  RequestFrame frame;
  if (bytes.size() < protocol::request_header_size || !protocol::decode_request_header(bytes.data(), frame) ||
      bytes.size() != protocol::request_header_size + frame.payload.size())
    return Status::malformed;
  if (frame.space == "SLCE" && frame.wire == "NEW") return take_slice(frame);
  return request(guest, frame);
}

Status Farm::request(Guest& guest, const RequestFrame& frame) {
  const auto channel = static_cast<std::uint16_t>(frame.channel);
  if (unanswered_.contains(channel)) return Status::channel_busy;
  if (unanswered_.size() == max_farm_requests) return Status::overloaded;
  unanswered_.insert(channel);
  const Operation* operation = protocol::find_operation(frame.space, frame.wire);
  const auto refuse = [&](Status status) {
    put_response(frame.channel, static_cast<std::uint16_t>(status), 0);
    return Status::ok;
  };
  if (operation == nullptr) return refuse(Status::unknown_operation);
  const Allowed how = allowed(*operation);
  if (how == Allowed::no) return refuse(Status::denied);
  std::string payload(frame.payload);
  if (how == Allowed::with_own_process && names_process(*operation)) {
    if (payload.size() < 2) return refuse(Status::malformed);
    payload.replace(0, 2, protocol::encode_id(guest.identity().process));
  } else if (operation->long_name.starts_with("SYS.")) {
    // The VM wants to know in whose name it is asked, of operations without a payload too.
    payload = operation->payload == protocol::Payload::none
                  ? protocol::to_bson({{"holder", guest.identity().process}})
                  : protocol::with_holder(*operation, payload, guest.identity().process);
    if (payload.size() > protocol::max_payload) return refuse(Status::malformed);
  }
  guest.begin(*operation, std::move(payload), channel);
  return Status::ok;
}

/// A part of the answer to a request that came in.
Status Farm::take_slice(const RequestFrame& frame) {
  if (frame.payload.size() < 2) return Status::malformed;
  const auto found = incoming_.find(protocol::load_u16(frame.payload.data()));
  if (found == incoming_.end()) return Status::not_found;
  if (found->second.reply.size() + frame.payload.size() > max_farm_reply) return Status::out_of_resources;
  found->second.reply += frame.payload.substr(2);
  return Status::ok;
}

Status Farm::respond(Guest& guest, const ResponseFrame& frame) {
  const auto found = incoming_.find(static_cast<std::uint16_t>(frame.channel));
  if (found == incoming_.end()) return Status::ok;  // for a slice, which wants none
  const Incoming incoming = std::move(found->second);
  incoming_.erase(found);
  if (listening_) ask_for_item(guest);
  if (incoming.request == 0) return Status::ok;
  protocol::Outgoing out;
  out.format = protocol::Format::farm;
  out.request = incoming.request;
  out.body = incoming.reply;
  out.metadata = protocol::Json{{"status", frame.status}, {"value", frame.value}}.dump();
  if (frame.status != 0) out.error = std::format("status {}", protocol::name(Status{frame.status}));
  const auto sent = mail::respond(guest, std::move(out));
  return sent ? Status::ok : sent.error().status;
}

// ---- what it receives ----

void Farm::put_request(Channel channel, std::string_view space, std::string_view wire,
                       std::string_view payload) {
  std::string frame(protocol::request_header_size, ' ');
  protocol::encode_request_header(frame.data(), channel, space, wire,
                                  static_cast<std::uint16_t>(payload.size()));
  frames_.push_back(frame.append(payload));
}

void Farm::put_response(Channel channel, std::uint16_t status, std::uint16_t value) {
  std::string frame(protocol::response_size, ' ');
  protocol::encode_response(frame.data(), {channel, status, value});
  frames_.push_back(std::move(frame));
}

Channel Farm::free_channel() {
  do ++last_channel_;
  while (last_channel_ == 0 || incoming_.contains(last_channel_));
  return Channel{last_channel_};
}

void Farm::take_answer(Guest& guest, Guest::Answer answer) {
  if (answer.number == item_number) return take_item(guest, answer.reply);
  const auto channel = static_cast<std::uint16_t>(answer.number);
  std::uint16_t value = answer.reply.value;
  if (!answer.reply.data.empty()) value = 0;
  for (std::string_view rest = answer.reply.data; !rest.empty(); ++value) {
    const auto part = rest.substr(0, protocol::max_slice);
    rest.remove_prefix(part.size());
    put_request(free_channel(), "SLCE", "NEW", protocol::encode_id(channel) + std::string(part));
  }
  put_response(Channel{channel}, answer.reply.status, value);
}

/// A message of another process becomes a request on a channel of ours.
void Farm::take_item(Guest& guest, const protocol::Reply& reply) {
  item_wanted_ = false;
  auto item = protocol::decode_item(reply.data);
  if (!reply.ok() || !item) {
    listening_ = false;
    mail::print(guest, 0, reply.ok() ? item.error().message : reply.error().message);
    return;
  }
  if (protocol::drops_capabilities(*item, protocol::Format::farm))
    mail::print(guest, 1,
                std::format("{} capabilities of {} were left out: a frame carries none.",
                            item->capabilities.size(), item->source));
  if (item->type == protocol::ItemType::request) {
    auto crossed = protocol::to_farm(*item);
    if (crossed) {
      const Channel channel = free_channel();
      incoming_[static_cast<std::uint16_t>(channel)] = {.request = item->request, .reply = {}};
      const auto [space, wire] = names_of(*item);
      put_request(channel, space, wire, crossed->body);
    } else if (item->request != 0) {
      protocol::Outgoing out;
      out.format = protocol::Format::farm;
      out.request = item->request;
      out.error = crossed.error().message;
      static_cast<void>(mail::respond(guest, std::move(out)));
    }
  } else if (reply.data.size() <= protocol::max_farm_payload) {
    // What became of a message that it has sent itself: the item, as MESSAGE.RECEIVE has it.
    put_request(free_channel(), "MESG", "ITEM", reply.data);
  }
  ask_for_item(guest);
}

void Farm::ask_for_item(Guest& guest) {
  if (item_wanted_ || incoming_.size() >= max_farm_incoming) return;
  item_wanted_ = true;
  guest.begin("MESSAGE.RECEIVE"_op, protocol::encode_id(guest.identity().process), item_number);
}

void Farm::listen(Guest& guest) {
  listening_ = true;
  ask_for_item(guest);
}

std::int32_t Farm::receive(Guest& guest, std::uint32_t pointer, std::uint32_t capacity,
                           std::int32_t timeout_ms) {
  const auto begin = preview1().now(false);
  while (frames_.empty()) {
    std::optional<std::chrono::nanoseconds> patience;
    if (timeout_ms >= 0) {
      const auto passed = std::chrono::nanoseconds(preview1().now(false) - begin);
      patience = std::max(std::chrono::nanoseconds(std::chrono::milliseconds(timeout_ms)) - passed,
                          std::chrono::nanoseconds::zero());
    }
    auto answer = guest.next_answer(patience);
    if (!answer) return 0;
    take_answer(guest, std::move(*answer));
  }
  const std::string& frame = frames_.front();
  const auto size = static_cast<std::int32_t>(frame.size());
  if (frame.size() > capacity) return -size;
  const canonical::Memory memory(guest);
  if (!memory.holds(pointer, frame.size()))
    throw Trap{std::format("receive: there is no room for {} bytes at {}: the memory has {}.", size, pointer,
                           memory.size())};
  std::memcpy(memory.at(pointer, frame.size()).data(), frame.data(), frame.size());
  if (protocol::is_response(frame.data()) && frame.size() == protocol::response_size)
    unanswered_.erase(protocol::load_u16(frame.data()));
  frames_.pop_front();
  return size;
}

// ---- the ABI ----

void Farm::serve(Guest& guest) {
  canonical::initialise(guest);
  guest.call(guest.exports("farm_main") ? "farm_main" : "_start", {});
}

std::span<const HostFunction> Farm::functions() const {
  static const auto of = [](Personality& self) -> Farm& { return static_cast<Farm&>(self); };
  static const auto u32 = [](Slot slot) { return static_cast<std::uint32_t>(slot); };
  static const auto rows = beside_preview1(
      {{module_name,
        "send",
        {{i32, i32}, {i32}},
        [](Personality& self, Guest& guest, std::span<const Slot> arguments, std::span<Slot> results) {
          const canonical::Memory memory(guest);
          if (!memory.holds(u32(arguments[0]), u32(arguments[1])))
            throw Trap{
                std::format("send: the frame at {} with {} bytes is not inside the memory of {} bytes.",
                            u32(arguments[0]), u32(arguments[1]), memory.size())};
          const auto bytes = memory.at(u32(arguments[0]), u32(arguments[1]));
          results[0] = static_cast<Slot>(
              of(self).send(guest, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
        }},
       {module_name,
        "receive",
        {{i32, i32, i32}, {i32}},
        [](Personality& self, Guest& guest, std::span<const Slot> arguments, std::span<Slot> results) {
          results[0] = static_cast<std::uint32_t>(of(self).receive(
              guest, u32(arguments[0]), u32(arguments[1]), static_cast<std::int32_t>(u32(arguments[2]))));
        }},
       {module_name,
        "listen",
        {},
        [](Personality& self, Guest& guest, std::span<const Slot>, std::span<Slot>) {
          of(self).listen(guest);
        }}});
  return rows;
}

bool recognises_farm(const ModuleShape& module) {
  return module.find_export("farm_main") != nullptr ||
         std::ranges::any_of(module.imports, [](const auto& import) { return import.module == module_name; });
}

protocol::Result<std::unique_ptr<Personality>> make_farm(const ModuleShape& module, std::string_view) {
  const auto* main = module.find_export("farm_main");
  if (main == nullptr) main = module.find_export("_start");
  if (main != nullptr && main->type == wasm::Signature{}) return std::make_unique<Farm>();
  return protocol::fail(
      Status::invalid_code,
      "The module uses the farm ABI, but exports neither farm_main nor _start as () -> ().");
}

}  // namespace celeriac::guest
