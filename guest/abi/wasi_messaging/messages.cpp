// The resource message, and its getters and setters.

#include <algorithm>
#include <format>

#include "guest/abi/wasi_messaging/component.hpp"

namespace celeriac::guest::wasi_messaging {
namespace {

using canonical::Call;
using canonical::host_function;
using canonical::Value;

Message& self(Call& call) {
  return Call::resource<Message>(call[0]);
}

void make_message(Component& component, Call& call, const Value& data, std::optional<std::string> topic) {
  auto message = std::make_unique<Message>(component.ledger(), data.text());
  message->topic = std::move(topic);
  call.give(call.own(types::message, std::move(message)));
}
void new_message(Component& component, Call& call) {
  make_message(component, call, call[0], {});
}
void new_message_for_topic(Component& component, Call& call) {
  make_message(component, call, call[1], std::string(call[0].text()));
}
void drop(Component&, Call&) {}  // what is not taken out of a call goes with it

void topic(Component&, Call& call) {
  call.give(Value::text(self(call).topic ? std::string_view(*self(call).topic) : ""));
}
void optional_topic(Component&, Call& call) {
  call.give(call.arena().optional_text(self(call).topic));
}
void set_topic(Component&, Call& call) {
  self(call).topic = call[1].text();
}
void content_type(Component&, Call& call) {
  call.give(call.arena().optional_text(self(call).content_type));
}
void set_content_type(Component&, Call& call) {
  self(call).content_type = call[1].text();
}
void data(Component&, Call& call) {
  call.give(Value::text(self(call).data()));
}
void set_data(Component&, Call& call) {
  self(call).set_data(call[1].text());
}

void metadata(Component&, Call& call) {
  auto& arena = call.arena();
  const auto& pairs = self(call).metadata;
  if (!pairs) return call.give(arena.none());
  call.give(arena.some(arena.list(*pairs, [&](const auto& pair) {
    return arena.record({Value::text(pair.first), Value::text(pair.second)});
  })));
}

/// Overwrites the value of a key that is there, where it stands.
void add(protocol::Pairs& pairs, std::string_view key, std::string_view value) {
  const auto found = std::ranges::find(pairs, key, &protocol::Pairs::value_type::first);
  if (found != pairs.end()) {
    found->second = value;
  } else if (pairs.size() == protocol::max_pairs) {
    throw Trap{
        std::format("the message has {} pairs of metadata, and no room for one more.", protocol::max_pairs)};
  } else {
    pairs.emplace_back(key, value);
  }
}

void add_metadata(Component&, Call& call) {
  auto& pairs = self(call).metadata;
  add(pairs ? *pairs : pairs.emplace(), call[1].text(), call[2].text());
}
void set_metadata(Component&, Call& call) {
  protocol::Pairs pairs;
  for (const auto& pair : call[1].items()) add(pairs, pair[0].text(), pair[1].text());
  self(call).metadata = std::move(pairs);
}
void remove_metadata(Component&, Call& call) {
  if (auto& pairs = self(call).metadata)
    std::erase_if(*pairs, [key = call[1].text()](const auto& pair) { return pair.first == key; });
}

}  // namespace

std::vector<HostFunction> message_functions(Variant variant) {
  std::vector<HostFunction> made;
  const bool names_topic = variant == Variant::a || variant == Variant::b;
  for (const std::string_view module : modules_of(types_interface)) {
    made.insert(made.end(), {host_function<types::drop_message, Component, drop>(
                                 module, kept(canonical::resource_drop_field(module, "message"))),
                             host_function<types::content_type, Component, content_type>(module),
                             host_function<types::set_content_type, Component, set_content_type>(module),
                             host_function<types::data, Component, data>(module),
                             host_function<types::set_data, Component, set_data>(module),
                             host_function<types::metadata, Component, metadata>(module),
                             host_function<types::add_metadata, Component, add_metadata>(module),
                             variant == Variant::e
                                 ? host_function<types::optional_topic, Component, optional_topic>(module)
                                 : host_function<types::topic, Component, topic>(module)});
    if (names_topic) {
      made.push_back(host_function<types::new_message_for_topic, Component, new_message_for_topic>(module));
      made.push_back(host_function<types::set_topic, Component, set_topic>(module));
    } else {
      made.push_back(host_function<types::new_message, Component, new_message>(module));
      made.push_back(host_function<types::set_metadata, Component, set_metadata>(module));
      made.push_back(host_function<types::remove_metadata, Component, remove_metadata>(module));
    }
  }
  return made;
}

}  // namespace celeriac::guest::wasi_messaging
