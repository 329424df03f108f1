#pragma once
// A guest without an engine: memory that is filled with aa, an allocator that starts at 0x1000 and only goes
// up, exports that are C++ functions, and answers to what is asked over the wire.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "guest/abi/guest.hpp"
#include "protocol/payload.hpp"

namespace celeriac::guest::testing {

class FakeGuest : public Guest {
 public:
  using Export = std::function<std::vector<Slot>(std::span<const Slot>)>;
  struct Asked {
    std::string operation;  ///< long name
    std::string payload;
    bool told = false;  ///< nobody waits for the answer
    friend bool operator==(const Asked&, const Asked&) = default;
  };

  explicit FakeGuest(std::size_t memory_bytes = 2 * 65'536) : bytes(memory_bytes, 0xAA) {
    who.process = 7;
    who.address = "n.os@me:pkg:me.os";
    who.path = "/proc/me.os/pkg/me";
    add_export("cabi_realloc", {{i32, i32, i32, i32}, {i32}}, [this](std::span<const Slot> arguments) {
      return std::vector<Slot>{
          allocate(static_cast<std::uint32_t>(arguments[2]), static_cast<std::uint32_t>(arguments[3]))};
    });
  }

  static constexpr auto i32 = wasm::NumberType::i32;

  void add_export(std::string name, wasm::Signature type, Export call) {
    exported[std::move(name)] = {std::move(type), std::move(call)};
  }
  /// The next answer to a question; when there is none left, `answer` gives it.
  void reply(protocol::Reply next) { replies.push_back(std::move(next)); }
  void reply_with(std::string data) { replies.push_back({.value = 1, .data = std::move(data)}); }
  void refuse(protocol::Status status, std::string message, std::string code = {}) {
    protocol::Error error{.status = status, .message = std::move(message)};
    error.code = std::move(code);
    replies.push_back({.status = static_cast<std::uint16_t>(status),
                       .value = 1,
                       .data = protocol::to_bson(error.document())});
  }

  std::uint32_t allocate(std::uint32_t alignment, std::uint32_t size) {
    next_free = (next_free + alignment - 1) / alignment * alignment;
    const auto at = next_free;
    next_free += size;
    return at;
  }
  /// As in a worker, where instances share the room that they run in: after a sleep the memory is elsewhere,
  /// and what was there is somebody else's.
  void move_memory() {
    auto moved = bytes;
    std::ranges::fill(bytes, std::uint8_t{0xFF});
    bytes.swap(moved);
  }
  /// What the guest itself writes: text at a fresh place.
  std::uint32_t put(std::string_view text, std::uint32_t alignment = 1) {
    const auto at = allocate(alignment, static_cast<std::uint32_t>(text.size()));
    std::memcpy(bytes.data() + at, text.data(), text.size());
    return at;
  }
  void store(std::uint32_t at, std::uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); }
  [[nodiscard]] std::uint32_t load(std::uint32_t at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    return value;
  }
  [[nodiscard]] std::string text(std::uint32_t at, std::uint32_t length) const {
    return {reinterpret_cast<const char*>(bytes.data()) + at, length};
  }
  /// The text that a pointer and a length at `at` describe.
  [[nodiscard]] std::string text_at(std::uint32_t at) const { return text(load(at), load(at + 4)); }

  // ---- Guest ----
  [[nodiscard]] const Identity& identity() const override { return who; }
  std::span<std::uint8_t> memory() override { return bytes; }
  [[nodiscard]] bool exports(std::string_view function) const override { return exported.contains(function); }
  [[nodiscard]] const wasm::Signature* export_type(std::string_view function) const override {
    const auto found = exported.find(function);
    return found == exported.end() ? nullptr : &found->second.type;
  }
  std::vector<Slot> call(std::string_view function, std::span<const Slot> arguments) override {
    if (record_calls) called.emplace_back(function);
    const auto found = exported.find(function);
    if (found == exported.end()) throw Trap{"there is no export " + std::string(function)};
    return found->second.call(arguments);
  }
  protocol::Reply ask(const protocol::Operation& operation, std::string payload) override {
    move_memory();
    asked.push_back({std::string(operation.long_name), std::move(payload), false});
    if (replies.empty()) return answer ? answer(asked.back()) : protocol::Reply{};
    auto next = std::move(replies.front());
    replies.pop_front();
    return next;
  }
  void tell(const protocol::Operation& operation, std::string payload) override {
    move_memory();
    asked.push_back({std::string(operation.long_name), std::move(payload), true});
    if (answer) answer(asked.back());
  }
  void begin(const protocol::Operation& operation, std::string payload, std::uint64_t number) override {
    if (never && never(operation)) return;
    begun.push_back({number, ask(operation, std::move(payload))});
  }
  /// In the order of the requests; `reorder` puts them into another.
  std::optional<Answer> next_answer(std::optional<std::chrono::nanoseconds> patience) override {
    if (reorder) reorder(begun);
    if (begun.empty()) {
      slept += patience.value_or(std::chrono::nanoseconds::zero());
      return std::nullopt;
    }
    auto next = std::move(begun.front());
    begun.pop_front();
    return next;
  }
  void sleep(std::chrono::nanoseconds time) override { slept += time; }
  void write_line(bool error, std::string_view line) override {
    lines.push_back((error ? "2 " : "1 ") + std::string(line));
  }
  void commit(std::vector<std::string> outbox, std::uint64_t number) override {
    committed.push_back(std::move(outbox));
    answered.push_back(number);
  }

  struct Exported {
    wasm::Signature type;
    Export call;
  };
  Identity who;
  std::vector<std::uint8_t> bytes;
  std::uint32_t next_free = 0x1000;
  std::map<std::string, Exported, std::less<>> exported;
  std::deque<protocol::Reply> replies;
  std::function<protocol::Reply(const Asked&)> answer;
  std::vector<Asked> asked;
  std::deque<Answer> begun;
  std::function<void(std::deque<Answer>&)> reorder;
  std::function<bool(const protocol::Operation&)> never;  ///< begun, and not answered
  bool record_calls = true;
  std::vector<std::string> called;
  std::vector<std::string> lines;
  std::vector<std::vector<std::string>> committed;
  std::vector<std::uint64_t> answered;  ///< with each commit
  std::chrono::nanoseconds slept{};
};

/// The row of a personality's table; throws std::out_of_range if there is none.
inline const HostFunction& row(const Personality& personality, std::string_view module,
                               std::string_view field) {
  for (const auto& function : personality.functions())
    if (function.module == module && function.field == field) return function;
  throw std::out_of_range(std::string(module) + " " + std::string(field));
}

/// What a guest does when it calls an import. Returns its core result, 0 if it has none.
inline Slot call_import(Personality& personality, Guest& guest, std::string_view module,
                        std::string_view field, std::vector<Slot> arguments) {
  const auto& function = row(personality, module, field);
  if (function.type.parameters.size() != arguments.size()) throw std::out_of_range("number of arguments");
  Slot result = 0;
  function.call(personality, guest, arguments, std::span(&result, function.type.results.size()));
  return result;
}

/// The sentence of the trap in which `call` ends; "" if it does not.
template <class Callable>
std::string trap_of(Callable&& call) {
  try {
    call();
  } catch (const Trap& trap) {
    return trap.why;
  }
  return "";
}

}  // namespace celeriac::guest::testing
