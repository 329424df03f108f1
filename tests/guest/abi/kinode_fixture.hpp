#pragma once
// A Kinode process and its guest, and what a guest's bindings would write into its memory.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "guest/abi/canonical/lift.hpp"
#include "guest/abi/canonical/lower.hpp"
#include "guest/abi/kinode/process.hpp"
#include "guest/abi/kinode/types.hpp"
#include "protocol/document.hpp"
#include "tests/guest/abi/fake_guest.hpp"

namespace celeriac::guest::testing {

namespace types = kinode::types;
using canonical::Arena;
using canonical::Value;

inline constexpr std::string_view v0_7 = "kinode:process/standard@0.7.0";
inline constexpr std::string_view v0_8 = "kinode:process/standard@0.8.0";
inline constexpr std::string_view v1_0 = "kinode:process/standard@1.0.0";

/// Where the tests have their return areas and parameter records.
inline constexpr std::uint32_t return_area = 0x800;
inline constexpr std::uint32_t parameters = 0xA00;

struct Kinode {
  FakeGuest guest;
  kinode::Process process;
  Arena arena;

  Slot call(std::string_view field, std::vector<Slot> arguments, std::string_view module = v0_7) {
    return call_import(process, guest, module, field, std::move(arguments));
  }
  std::string trap(std::string_view field, std::vector<Slot> arguments, std::string_view module = v0_7) {
    return trap_of([&] { call(field, std::move(arguments), module); });
  }

  /// The guest writes a value.
  void write(const canonical::Type& type, const Value& value, std::uint32_t address) {
    canonical::Instance instance;
    canonical::Lower(instance, guest, canonical::Purpose::import_result).at(type, value, address);
  }
  /// The guest reads one.
  Value read(const canonical::Type& type, std::uint32_t address = return_area) {
    const canonical::Memory memory(guest);
    return canonical::Lift(memory, arena, nullptr).at(type, address, {nullptr, "it"});
  }

  Value address(std::string_view node, std::string_view process_name, std::string_view package = "pkg",
                std::string_view publisher = "me.os") {
    return arena.record({Value::text(node), arena.record({Value::text(process_name), Value::text(package),
                                                          Value::text(publisher)})});
  }
  Value capability(std::string_view params) {
    return arena.record({address("our", "issuer"), Value::text(params)});
  }
  Value list(std::initializer_list<Value> items) { return arena.record(items); }

  struct Request {
    bool inherit = false;
    std::optional<std::uint64_t> expects = 5;
    std::string_view body = "body";
    std::optional<std::string_view> metadata = std::nullopt;
    std::vector<Value> capabilities = {};
  };
  Value request(const Request& from) {
    return arena.record({Value::number(from.inherit),
                         from.expects ? arena.some(Value::number(*from.expects)) : Arena::none(),
                         Value::text(from.body), arena.optional_text(from.metadata),
                         arena.list(from.capabilities, [](const Value& one) { return one; })});
  }
  Value blob(std::optional<std::string_view> mime, std::string_view bytes) {
    return arena.some(arena.record({arena.optional_text(mime), Value::text(bytes)}));
  }
  /// send-request to a process of the same package.
  void send(const Request& from, const Value& blob = Arena::none(),
            std::optional<std::string_view> context = {}) {
    write(types::sent,
          arena.record({address("our", "other"), request(from), arena.optional_text(context), blob}),
          parameters);
    call("send-request", {parameters});
  }
  void write_awaited(const Value& target, const Request& from) {
    write(types::addressed_request, arena.record({target, request(from), Arena::none()}), parameters);
  }
  /// receive, with this in the mailbox.
  Value receive(const protocol::Item& item, std::string_view module = v0_7) {
    guest.reply_with(encode(item));
    call("receive", {return_area}, module);
    return module == v0_7 ? read(types::received<kinode::Version::v0_7>)
                          : read(types::received<kinode::Version::v1_0>);
  }

  [[nodiscard]] std::vector<std::string> operations() const {
    std::vector<std::string> made;
    for (const auto& one : guest.asked) made.push_back(one.operation);
    return made;
  }
  [[nodiscard]] std::string document_text(std::size_t index) const {
    return guest.asked.at(index).payload.substr(2);
  }
  [[nodiscard]] protocol::Json document(std::size_t index) const {
    const auto text = document_text(index);
    return text.empty() ? protocol::Json() : protocol::from_bson(text).value();
  }
  [[nodiscard]] protocol::Outgoing sent(std::size_t index) const {
    return protocol::decode_outgoing(document_text(index)).value();
  }
};

inline protocol::Item a_request() {
  protocol::Item item;
  item.source = "n.os@other:pkg:me.os";
  item.body = "hello";
  return item;
}

inline protocol::Item a_response() {
  auto item = a_request();
  item.type = protocol::ItemType::response;
  return item;
}

inline protocol::Item an_error() {
  auto item = a_request();
  item.type = protocol::ItemType::error;
  item.target = "n.os@gone:pkg:me.os";
  return item;
}

}  // namespace celeriac::guest::testing
