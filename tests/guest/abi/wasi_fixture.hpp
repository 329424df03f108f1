#pragma once
// A component of wasi:messaging whose code are C++ functions, and what its tests say again and again.

#include "guest/abi/wasi_messaging/component.hpp"
#include "protocol/payload.hpp"
#include "tests/guest/abi/mailbox.hpp"

namespace celeriac::guest::testing {

using namespace wasi_messaging;
using protocol::Format;
using protocol::Item;
using protocol::ItemType;
using protocol::Json;
using protocol::Outgoing;
using protocol::Status;
using namespace std::string_literals;

inline constexpr auto i32 = wasm::NumberType::i32;
inline constexpr std::string_view types_ = types_interface, producer = producer_interface,
                                  requests = request_interface;
inline const std::string handler(handler_interface);

inline wasm::Signature numbers(std::size_t parameters, std::size_t results = 0) {
  return {std::vector(parameters, i32), std::vector(results, i32)};
}

/// The smallest module that is a component.
inline ModuleShape shape() {
  static const std::string handle = handler + "#handle";
  ModuleShape module;
  module.exports = {{"", handle, numbers(1, 1)}, {"", "cabi_realloc", numbers(4, 1)}};
  return module;
}

/// A component whose code is a C++ function, and which uses one client and makes messages.
struct Guesthouse {
  explicit Guesthouse(std::string_view draft, bool replies = false) : first(draft == "A" || draft == "B") {
    auto module = shape();
    if (replies) module.imports.push_back({requests, "reply", numbers(3)});
    component = wasi_messaging::make(module, draft).value();
    guest.who.exchanges = {"mqtt:farm"};
    guest.add_export(handler + "#handle", numbers(1, 1), [this](std::span<const Slot> arguments) {
      const auto handle = static_cast<std::uint32_t>(arguments[0]);
      const auto returned = guest.allocate(4, 16);
      const auto error = on_message ? on_message(handle) : (drop(handle), std::string());
      guest.store(returned, error.empty() ? 0 : 1);
      guest.store(returned + 4, first && draft_a() ? 2 : 3);
      guest.store(returned + 8, guest.put(error));
      guest.store(returned + 12, static_cast<std::uint32_t>(error.size()));
      return std::vector<Slot>{returned};
    });
    guest.add_export("cabi_post_" + handler + "#handle", numbers(1),
                     [](auto) { return std::vector<Slot>{}; });
    area = guest.allocate(8, 16);
  }
  [[nodiscard]] bool draft_a() const { return draft_is_a; }

  Slot call(std::string_view module, std::string_view field, std::vector<Slot> arguments) {
    return call_import(*component, guest, module, field, std::move(arguments));
  }
  /// A function with a return area: 0, or 1 + the number of the error.
  std::uint32_t result(std::string_view module, std::string_view field, std::vector<Slot> arguments) {
    arguments.push_back(area);
    call(module, field, std::move(arguments));
    return (guest.load(area) & 0xff) == 0 ? 0 : 1 + (guest.load(area + 4) & 0xff);
  }
  std::pair<Slot, Slot> text(std::string_view bytes) { return {guest.put(bytes), bytes.size()}; }

  std::uint32_t connect(std::string_view name = "") {
    const auto [at, size] = text(name);
    REQUIRE(result(types_, "[static]client.connect", {at, size}) == 0);
    return guest.load(area + 4);
  }
  Slot make(std::string_view topic, std::string_view data) {
    const auto [data_at, data_size] = text(data);
    if (!first) return call(types_, "[constructor]message", {data_at, data_size});
    const auto [at, size] = text(topic);
    return call(types_, "[constructor]message", {at, size, data_at, data_size});
  }
  std::uint32_t send(Slot client, std::string_view topic, Slot message) {
    const auto [at, size] = text(topic);
    if (!first) return result(producer, "send", {client, at, size, message});
    call(types_, "[method]message.set-topic", {message, at, size});
    return result(producer, "send", {client, message});
  }
  void add(Slot message, std::string_view key, std::string_view value) {
    const auto [key_at, key_size] = text(key);
    const auto [at, size] = text(value);
    call(types_, "[method]message.add-metadata", {message, key_at, key_size, at, size});
  }
  std::vector<std::pair<std::string, std::string>> metadata(Slot message) {
    call(types_, "[method]message.metadata", {message, area});
    std::vector<std::pair<std::string, std::string>> made;
    if ((guest.load(area) & 0xff) == 0) return {{"none", ""}};
    for (std::uint32_t i = 0, at = guest.load(area + 4); i < guest.load(area + 8); ++i)
      made.emplace_back(guest.text_at(at + i * 16), guest.text_at(at + i * 16 + 8));
    return made;
  }
  std::string data(Slot message) {
    call(types_, "[method]message.data", {message, area});
    return guest.text_at(area);
  }
  void drop(Slot message) { call(types_, "[resource-drop]message", {message}); }
  void serve() { mailbox.serve(*component); }

  FakeGuest guest;
  Mailbox mailbox{guest};
  bool first;
  bool draft_is_a = false;
  std::unique_ptr<Personality> component;
  std::function<std::string(std::uint32_t)> on_message;  ///< gives its error, "" for ok
  std::uint32_t area = 0;
};

inline Item publication(std::string topic, std::string data) {
  Item item;
  item.format = Format::wasi;
  item.source = "n.os@a:b:c";
  item.topic = std::move(topic);
  item.body = std::move(data);
  return item;
}

inline Item answer(std::string data, std::uint64_t more = 0) {
  Item item;
  item.type = ItemType::response;
  item.format = Format::wasi;
  item.body = std::move(data);
  item.request = more;
  return item;
}

inline Item failure(protocol::Failure kind) {
  Item item;
  item.type = ItemType::error;
  item.failure = kind;
  item.explanation = "why";
  return item;
}

inline long count(const std::vector<std::string>& all, std::string_view one) {
  return std::ranges::count(all, one);
}

inline std::vector<std::string> subscriptions(const FakeGuest& guest) {
  std::vector<std::string> made;
  for (const auto& asked : guest.asked)
    if (asked.operation == "TOPIC.SUBSCRIBE")
      made.push_back(protocol::from_bson(std::string_view(asked.payload).substr(2)).value().at("topic"));
  return made;
}

/// Gives the component `subscribe` with these topics, or this error.
inline void add_subscribe(Guesthouse& house, std::string_view name, std::vector<std::string> topics,
                          std::string error = {}) {
  house.guest.add_export(handler + "#" + std::string(name), numbers(0, 1), [&house, topics, error](auto) {
    auto& guest = house.guest;
    const auto list = guest.allocate(4, static_cast<std::uint32_t>(topics.size() * 8)),
               area = guest.allocate(4, 16);
    for (std::uint32_t i = 0; i < topics.size(); ++i) {
      guest.store(list + i * 8, guest.put(topics[i]));
      guest.store(list + i * 8 + 4, static_cast<std::uint32_t>(topics[i].size()));
    }
    guest.store(area, error.empty() ? 0 : 1);
    guest.store(area + 4, error.empty() ? list : 2);
    guest.store(area + 8, error.empty() ? static_cast<std::uint32_t>(topics.size()) : guest.put(error));
    guest.store(area + 12, static_cast<std::uint32_t>(error.size()));
    return std::vector<Slot>{area};
  });
  house.guest.add_export("cabi_post_" + handler + "#" + std::string(name), numbers(1),
                         [](auto) { return std::vector<Slot>{}; });
}

}  // namespace celeriac::guest::testing
