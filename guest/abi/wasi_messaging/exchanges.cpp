// Clients: connecting, publishing, requests and their replies.

#include <algorithm>
#include <format>

#include "guest/abi/mail.hpp"
#include "guest/abi/wasi_messaging/component.hpp"
#include "protocol/crossing.hpp"

namespace celeriac::guest::wasi_messaging {
namespace {

using canonical::Call;
using canonical::host_function;
using canonical::Value;
using protocol::Failure;
using protocol::Format;
using protocol::Item;
using protocol::ItemType;
using protocol::Outgoing;
using protocol::Status;
using Kind = Failed::Kind;

// ---- errors ----

Failed failed(const protocol::Error& error) {
  const auto kind = error.status == Status::timeout  ? Kind::timeout
                    : error.status == Status::denied ? Kind::permission_denied
                    : error.status == Status::offline || error.status == Status::not_found ? Kind::connection
                                                                                           : Kind::other;
  return {kind, error.message};
}

/// Why an answer is none; nullopt if it is one.
std::optional<Failed> failed(const Item& item) {
  if (item.type == ItemType::error) {
    const auto kind = item.failure == Failure::timeout  ? Kind::timeout
                      : item.failure == Failure::denied ? Kind::permission_denied
                      : item.failure == Failure::offline || item.failure == Failure::no_target
                          ? Kind::connection
                          : Kind::other;
    return Failed{kind, item.explanation};
  }
  if (item.error) return Failed{Kind::other, *item.error};
  return std::nullopt;
}

template <Variant variant>
void give_outcome(Call& call, const std::optional<Failed>& why) {
  auto& arena = call.arena();
  call.give(why ? arena.error(error_value<variant>(arena, *why)) : Value::of_case(0));
}

// ---- clients ----

template <Variant variant>
void connect(Component&, Call& call) {
  const auto name = call[0].text();
  const auto& known = call.guest().identity().exchanges;
  const bool local = name.empty() || name == "local";
  if (local || std::ranges::find(known, name) != known.end())
    return call.give(
        call.arena().ok(call.own(types::client, std::make_unique<Client>(std::string(local ? "" : name)))));
  const Failed why{Kind::connection,
                   std::format("There is no message exchange \"{}\" in the configuration.", name)};
  call.give(call.arena().error(error_value<variant>(call.arena(), why)));
}

template <Variant variant>
void disconnect(Component&, Call& call) {
  Call::resource<Client>(call[0]).connected = false;
  give_outcome<variant>(call, std::nullopt);
}

void drop(Component&, Call&) {}  // what is not taken out of a call goes with it

// ---- publishing ----

/// A message as the kernel is to have it. The topic's object takes any name, which a path would not.
Outgoing outgoing(const Client& client, const Message& message, std::string_view topic) {
  Outgoing out;
  out.to = client.exchange.empty() ? "topic:distro:sys" : "/exchange/" + client.exchange;
  out.format = Format::wasi;
  out.body = message.data();
  out.topic = topic;
  out.content_type = message.content_type;
  out.pairs = message.metadata;
  return out;
}

std::optional<Failed> refuse(const Client& client, std::string_view topic) {
  if (!client.connected) return Failed{Kind::connection, "The client has been disconnected."};
  if (topic.empty()) return Failed{Kind::other, "The message has no topic."};
  return std::nullopt;
}

/// Publishing has succeeded when the message is with its topic, or with the other exchange.
std::optional<Failed> publish(Guest& guest, const Client& client, const Message& message,
                              std::string_view topic) {
  if (auto why = refuse(client, topic)) return why;
  auto out = outgoing(client, message, topic);
  if (client.exchange.empty()) {
    const auto sent = mail::send(guest, std::move(out));
    return sent ? std::nullopt : std::optional(failed(sent.error()));
  }
  out.expects = publish_deadline_ms;
  const auto item = mail::await(guest, std::move(out));
  return item ? failed(*item) : std::optional(failed(item.error()));
}

/// Drafts A and B: the message knows where it goes. It is gone with the call, whatever comes of it.
template <Variant variant>
void send(Component&, Call& call) {
  const auto& message = Call::resource<Message>(call[1]);
  give_outcome<variant>(
      call, publish(call.guest(), Call::resource<Client>(call[0]), message, message.topic.value_or("")));
}

void send_to_topic(Component&, Call& call) {
  const std::string topic(call[1].text());
  give_outcome<Variant::e>(
      call, publish(call.guest(), Call::resource<Client>(call[0]), Call::resource<Message>(call[2]), topic));
}

// ---- requests and replies ----

void new_options(Component&, Call& call) {
  call.give(call.own(types::request_options, std::make_unique<RequestOptions>()));
}
std::uint32_t number(const Value& value) {
  return static_cast<std::uint32_t>(value.number());
}
void set_timeout(Component&, Call& call) {
  Call::resource<RequestOptions>(call[0]).timeout_ms = number(call[1]);
}
void set_expected(Component&, Call& call) {
  Call::resource<RequestOptions>(call[0]).expected = number(call[1]);
}

/// The replies, as many as are wanted, or as many as came in time: at least one.
std::expected<std::vector<Item>, Failed> collect(Guest& guest, Outgoing out, std::uint32_t wanted) {
  std::vector<Item> replies;
  while (replies.size() < wanted) {
    auto item = mail::await(guest, std::move(out));
    const auto why = item ? failed(*item) : std::optional(failed(item.error()));
    if (why && !replies.empty()) break;
    if (why) return std::unexpected(*why);
    out = {};
    out.request = item->request;  // asks for one more
    std::optional<std::string> blob;
    if (protocol::needs_blob(*item, Format::wasi)) blob = mail::read_blob(guest, item->blob->size);
    replies.push_back(protocol::to_wasi(std::move(*item), std::move(blob)));
    if (out.request == 0) break;
  }
  return replies;
}

template <Variant variant>
void request(Component& component, Call& call, const Client& client, const Message& message,
             const Value& chosen, const std::string& topic) {
  const RequestOptions none;
  const auto& options = chosen.some() != nullptr ? Call::resource<RequestOptions>(*chosen.some()) : none;
  const auto wanted = std::max(options.expected.value_or(1), 1u);
  auto& arena = call.arena();
  auto why = refuse(client, topic);
  if (wanted > max_replies)
    why = Failed{Kind::other,
                 std::format("{} replies are wanted; {} are collected at most.", wanted, max_replies)};
  if (why) return call.give(arena.error(error_value<variant>(arena, *why)));
  auto out = outgoing(client, message, topic);
  out.expects = options.timeout_ms ? *options.timeout_ms : no_deadline_ms;
  out.replies = static_cast<std::uint16_t>(wanted);
  const auto replies = collect(call.guest(), std::move(out), wanted);
  if (!replies) return call.give(arena.error(error_value<variant>(arena, replies.error())));
  call.give(arena.ok(arena.list(*replies, [&](const Item& item) {
    auto made = std::make_unique<Message>(component.ledger(), item.body);
    made->topic = item.topic;
    made->content_type = item.content_type;
    made->metadata = item.pairs;
    return call.own(types::message, std::move(made));
  })));
}

void request_of_message(Component& component, Call& call) {
  const auto& message = Call::resource<Message>(call[1]);
  request<Variant::b>(component, call, Call::resource<Client>(call[0]), message, call[2],
                      message.topic.value_or(""));
}
void request_of_topic(Component& component, Call& call) {
  request<Variant::e>(component, call, Call::resource<Client>(call[0]), Call::resource<Message>(call[2]),
                      call[3], std::string(call[1].text()));
}

void reply(Component& component, Call& call) {
  const auto& to = Call::resource<Message>(call[0]);
  if (to.request == 0) return give_outcome<Variant::e>(call, std::nullopt);  // nobody waits
  auto out = outgoing(Client(""), Call::resource<Message>(call[1]), "");
  out.to.clear();
  out.topic = Call::resource<Message>(call[1]).topic;
  out.request = to.request;
  component.note_reply(to.request);
  const auto sent = mail::respond(call.guest(), std::move(out));
  give_outcome<Variant::e>(call, sent ? std::nullopt : std::optional(failed(sent.error())));
}

template <Variant variant>
void add_clients(std::vector<HostFunction>& made, std::string_view module) {
  made.push_back(host_function<types::connect<variant>, Component, connect<variant>>(module));
  made.push_back(host_function<types::drop_client, Component, drop>(
      module, kept(canonical::resource_drop_field(module, "client"))));
  if (variant != Variant::a)
    made.push_back(host_function<types::disconnect<variant>, Component, disconnect<variant>>(module));
}

}  // namespace

std::vector<HostFunction> exchange_functions(Variant variant) {
  std::vector<HostFunction> made;
  const bool first = variant == Variant::a;
  for (const std::string_view module : modules_of(types_interface))
    first ? add_clients<Variant::a>(made, module) : add_clients<Variant::e>(made, module);
  for (const std::string_view module : modules_of(producer_interface))
    made.push_back(first ? host_function<types::send_a, Component, send<Variant::a>>(module)
                   : variant == Variant::b
                       ? host_function<types::send_b, Component, send<Variant::b>>(module)
                       : host_function<types::send_to_topic, Component, send_to_topic>(module));
  if (first) return made;
  for (const std::string_view module : modules_of(request_interface)) {
    made.insert(made.end(), {host_function<types::new_options, Component, new_options>(module),
                             host_function<types::drop_options, Component, drop>(
                                 module, kept(canonical::resource_drop_field(module, "request-options"))),
                             host_function<types::set_timeout, Component, set_timeout>(module),
                             host_function<types::set_expected, Component, set_expected>(module),
                             host_function<types::reply, Component, reply>(module)});
    made.push_back(variant == Variant::b || variant == Variant::c
                       ? host_function<types::request, Component, request_of_message>(module)
                       : host_function<types::request_of_topic, Component, request_of_topic>(module));
  }
  return made;
}

}  // namespace celeriac::guest::wasi_messaging
