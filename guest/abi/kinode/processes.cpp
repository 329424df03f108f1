// What concerns the process itself: printing, its state, its end, its children, its capabilities.

#include <algorithm>
#include <format>

#include "guest/abi/canonical/call.hpp"
#include "guest/abi/kinode/conversion.hpp"
#include "guest/abi/kinode/process.hpp"
#include "guest/abi/wire.hpp"

namespace celeriac::guest::kinode {
namespace {

using namespace protocol::literals;
using canonical::Call;
using canonical::host_function;
using protocol::Capability;
using protocol::Json;
using protocol::Outgoing;

const auto& message_print = "MESSAGE.PRINT"_op;
const auto& state_get = "STATE.GET"_op;
const auto& state_set = "STATE.SET"_op;
const auto& state_clear = "STATE.CLEAR"_op;
const auto& capability_list_of = "CAPABILITY.LIST"_op;
const auto& capability_save = "CAPABILITY.SAVE"_op;
const auto& capability_drop = "CAPABILITY.DROP"_op;
const auto& guest_spawn = "GUEST.SPAWN"_op;
const auto& guest_set_on_exit = "GUEST.SET_ON_EXIT"_op;
const auto& guest_get_on_exit = "GUEST.GET_ON_EXIT"_op;

/// Bytes of a printed text that are shown.
constexpr std::size_t max_printed = 16 * 1024;
/// Bytes of bodies and blobs that stay inside the requests of an on-exit, all together; longer ones become
/// blobs.
constexpr std::size_t max_inline_on_exit = 40 * 1024;

Json document(const protocol::Reply& reply) {
  auto made = reply.document();
  if (!made) throw Trap{made.error().message};
  return *std::move(made);
}

std::string text_of(const Json& document, const char* field) {
  const auto found = document.find(field);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

// ---- printing and state ----

void print_to_terminal(Process&, Call& call) {
  auto text = call[1].text();
  if (text.size() > max_printed) {
    auto end = max_printed;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
      --end;  // not inside a character
    text = text.substr(0, end);
  }
  auto& guest = call.guest();
  guest.tell(message_print, wire::payload(guest, {{"verbosity", call[0].number()}, {"text", text}}));
}

void our(Process&, Call& call) {
  call.give(address_value(call.arena(), call.guest().identity().address));
}

void get_state(Process&, Call& call) {
  auto& guest = call.guest();
  std::string state;
  for (;;) {
    auto reply = guest.ask(state_get,
                           wire::payload(guest, {{"offset", state.size()}, {"length", wire::read_at_once}}));
    if (reply.status == static_cast<std::uint16_t>(protocol::Status::not_found))
      return call.give(Arena::none());
    if (!reply.ok()) throw Trap{reply.error().message};
    state += reply.data;
    if (reply.data.size() < wire::read_at_once) break;
  }
  call.give(call.arena().some(Value::text(state)));
}

void set_state(Process&, Call& call) {
  auto& guest = call.guest();
  const auto& bytes = call[0];
  if (bytes.size() <= wire::written_at_once) {
    wire::ask(guest, state_set, wire::payload(guest, {{"data", wire::binary(bytes.text())}}));
    return;
  }
  const auto blob = wire::write_blob(guest, bytes);
  wire::ask(guest, state_set, wire::payload(guest, {{"blob", blob}}));
  wire::free_blob(guest, blob);
}

void clear_state(Process&, Call& call) {
  wire::ask(call.guest(), state_clear, wire::payload(call.guest()));
}

// ---- on-exit ----

/// An on-exit on its way to the kernel: the document, and the messages whose blobs it names.
struct OnExit {
  Json document;
  std::vector<Outgoing> messages;
  void free_blobs(Guest& guest) const {
    for (const auto& message : messages) wire::free_blobs(guest, message);
  }
};

/// Bytes go inside the envelope if they fit into `room`, else into a blob of their own.
void put(Guest& guest, const Value& bytes, std::size_t& room, std::string& inside, std::uint16_t& blob) {
  if (bytes.size() > room) {
    blob = wire::write_blob(guest, bytes);
    return;
  }
  inside = bytes.text();
  room -= bytes.size();
}

OnExit on_exit(Guest& guest, const Value& value) {
  OnExit made;
  if (value.payload() == nullptr) {
    made.document = value.which() == 0 ? "none" : "restart";
    return made;
  }
  auto room = max_inline_on_exit;
  Json requests = Json::array();
  for (const auto& one : value.payload()->items()) {
    auto& message = made.messages.emplace_back(outgoing_request(one[1]));
    message.to = address_text(one[0]);
    put(guest, body_of_request(one[1]), room, message.body, message.body_blob);
    if (const auto* blob = one[2].some(); blob != nullptr) {
      if (const auto mime = (*blob)[0].optional_text()) message.mime = *mime;
      put(guest, (*blob)[1], room, message.blob_bytes.emplace(), message.blob);
      if (message.blob != 0) message.blob_bytes.reset();
    }
    requests.push_back({{"to", message.to}, {"envelope", wire::binary(protocol::encode(message))}});
  }
  made.document = {{"requests", std::move(requests)}};
  return made;
}

void set_on_exit(Process&, Call& call) {
  auto& guest = call.guest();
  const auto made = on_exit(guest, call[0]);
  wire::ask(guest, guest_set_on_exit, wire::payload(guest, {{"on_exit", made.document}}));
  made.free_blobs(guest);
}

/// The messages of the requests of an on-exit document, whole.
std::vector<Outgoing> messages_of(Guest& guest, const Json& requests) {
  std::vector<Outgoing> made;
  for (const auto& one : requests) {
    const auto envelope = one.find("envelope");
    if (envelope == one.end() || !envelope->is_binary())
      throw Trap{"a request of the kernel's has no envelope."};
    const auto& bytes = envelope->get_binary();
    auto message = protocol::decode_outgoing({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!message) throw Trap{message.error().message};
    if (message->to.empty()) message->to = text_of(one, "to");
    if (message->body_blob != 0) message->body = wire::read_whole_blob(guest, message->body_blob);
    if (message->blob != 0) message->blob_bytes = wire::read_whole_blob(guest, message->blob);
    made.push_back(*std::move(message));
  }
  return made;
}

Value addressed_request(Arena& arena, const Outgoing& message) {
  const auto blob =
      message.blob_bytes
          ? arena.some(arena.record({arena.optional_text(message.mime), Value::text(*message.blob_bytes)}))
          : Arena::none();
  return arena.record({address_value(arena, message.to),
                       request_value(arena, message, message.inherit, message.expects), blob});
}

void get_on_exit(Process&, Call& call) {
  auto& guest = call.guest();
  const auto found = document(wire::ask(guest, guest_get_on_exit, wire::payload(guest)));
  const auto on_exit = found.value("on_exit", Json());
  if (!on_exit.is_object()) return call.give(Value::of_case(on_exit == "restart" ? 1 : 0));
  const auto messages = messages_of(guest, on_exit.value("requests", Json::array()));
  auto& arena = call.arena();
  call.give(arena.of_case(
      2, arena.list(messages, [&](const Outgoing& message) { return addressed_request(arena, message); })));
}

// ---- children ----

Json capabilities_document(std::span<const Capability> capabilities) {
  Json made = Json::array();
  for (const auto& one : capabilities) made.push_back({{"issuer", one.issuer}, {"params", one.params}});
  return made;
}

/// Before 1.0, a child can only be made known; then the parameters of what it grants are given.
template <Version version>
Json grants_document(const Value& grants) {
  Json made = Json::array();
  for (const auto& one : grants.items()) {
    if constexpr (version == Version::v1_0)
      made.push_back({{"process", process_text(one[0])}, {"params", one[1].text()}});
    else
      made.push_back({{"process", process_text(one)}, {"params", "\"messaging\""}});
  }
  return made;
}

/// Cases of spawn-error, by the code with which the kernel refuses.
constexpr std::string_view spawn_errors[] = {"name_taken", "no_file_at_path"};

template <Version version>
void spawn(Process&, Call& call) {
  auto& guest = call.guest();
  auto& arena = call.arena();
  const auto on_end = on_exit(guest, call[2]);
  Json fields{{"module", call[1].text()},
              {"on_exit", on_end.document},
              {"request", capabilities_document(capabilities(call[3]))},
              {"grant", grants_document<version>(call[4])},
              {"public", call[5].boolean()}};
  if (const auto name = call[0].optional_text()) fields["name"] = *name;
  const auto payload = wire::fitting(wire::payload(guest, fields));
  const auto reply = guest.ask(guest_spawn, payload);
  on_end.free_blobs(guest);
  if (reply.ok()) {
    const auto id = text_of(document(reply), "process");
    return call.give(arena.ok(process_value(arena, id)));
  }
  const auto error = reply.error();
  const auto known = std::ranges::find(spawn_errors, error.code);
  if (known == std::end(spawn_errors)) throw Trap{error.message};
  call.give(arena.error(Value::of_case(static_cast<std::uint64_t>(known - spawn_errors))));
}

// ---- capabilities ----

/// In as many requests as it takes.
void tell_capabilities(Guest& guest, const protocol::Operation& operation, const Value& list) {
  const auto all = capabilities(list);
  std::size_t begin = 0, bytes = 0;
  const auto ask = [&](std::size_t end) {
    wire::ask(guest, operation,
              wire::payload(guest, {{"capabilities",
                                     capabilities_document(std::span(all).subspan(begin, end - begin))}}));
    begin = end;
    bytes = 0;
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    constexpr std::size_t around = 48;  // keys, lengths and types of an entry
    const auto size = all[i].issuer.size() + all[i].params.size() + around;
    if (i > begin && bytes + size > wire::written_at_once) ask(i);
    bytes += size;
  }
  if (begin < all.size()) ask(all.size());
}

void save_capabilities(Process&, Call& call) {
  tell_capabilities(call.guest(), capability_save, call[0]);
}

void drop_capabilities(Process&, Call& call) {
  tell_capabilities(call.guest(), capability_drop, call[0]);
}

void our_capabilities(Process&, Call& call) {
  auto& guest = call.guest();
  const auto found = document(wire::ask(guest, capability_list_of, wire::payload(guest)));
  std::vector<Capability> held;
  for (const auto& one : found.value("capabilities", Json::array()))
    held.push_back({text_of(one, "issuer"), text_of(one, "params")});
  call.give(capability_list(call.arena(), held));
}

template <Version version>
std::vector<HostFunction> functions(std::string_view module) {
  std::vector<HostFunction> made{
      host_function<types::print_to_terminal, Process, print_to_terminal>(module),
      host_function<types::set_on_exit, Process, set_on_exit>(module),
      host_function<types::get_on_exit, Process, get_on_exit>(module),
      host_function<types::get_state, Process, get_state>(module),
      host_function<types::set_state, Process, set_state>(module),
      host_function<types::clear_state, Process, clear_state>(module),
      host_function<types::spawn<version>, Process, spawn<version>>(module),
      host_function<types::save_capabilities, Process, save_capabilities>(module),
      host_function<types::drop_capabilities, Process, drop_capabilities>(module),
      host_function<types::our_capabilities, Process, our_capabilities>(module),
  };
  if (version == Version::v1_0) made.push_back(host_function<types::our, Process, our>(module));
  return made;
}

}  // namespace

std::vector<HostFunction> process_functions(std::string_view module, Version version) {
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
