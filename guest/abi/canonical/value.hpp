#pragma once
// Values on their way between a guest and its host, in the form that their Type has: small, without memory of
// their own.
//
//   lifted   texts are places in the guest's memory: text() looks there each time, because the memory may be
//   somewhere
//            else after the guest has run, or its fiber has slept
//   lowered  texts view whatever the host has, until the call is over
//
// Items and payloads lie in an Arena, which belongs to one call.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory_resource>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>

#include "guest/abi/canonical/handles.hpp"
#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

/// Bytes that need not pass through memory of the host as a whole.
class Stream {
 public:
  /// Writes all of them at `address`, where there is room for them. May sleep.
  virtual void copy_to(Guest& guest, std::uint32_t address) const = 0;

 protected:
  ~Stream() = default;
};

class Value {
 public:
  constexpr Value() = default;
  /// Booleans, integers, characters; floating numbers as their bits.
  static constexpr Value number(std::uint64_t number) {
    Value made;
    made.number_ = number;
    return made;
  }
  /// Strings, and list<u8>.
  static constexpr Value text(std::string_view text) {
    Value made;
    made.data_ = text.data();
    made.size_ = text.size();
    return made;
  }
  /// A record, a tuple, or a list.
  static constexpr Value items(std::span<const Value> items) {
    Value made;
    made.data_ = items.data();
    made.size_ = items.size();
    return made;
  }
  /// A case of a variant; `payload` is null if it has none.
  static constexpr Value of_case(std::uint64_t number, const Value* payload = nullptr) {
    Value made;
    made.number_ = number;
    made.data_ = payload;
    return made;
  }
  /// A list<u8> that is fetched when it is written; the stream must live until then.
  static constexpr Value stream(const Stream& source, std::size_t size) {
    Value made;
    made.data_ = &source;
    made.size_ = size;
    made.where_ = Where::stream;
    return made;
  }
  /// A string or list<u8> in the guest's memory, where it has been checked.
  static constexpr Value lifted(Guest& guest, std::uint32_t address, std::size_t size) {
    Value made;
    made.data_ = &guest;
    made.number_ = address;
    made.size_ = size;
    made.where_ = Where::guest;
    return made;
  }
  /// A resource that came in a parameter.
  static constexpr Value resource(std::uint32_t handle, Resource* behind) {
    Value made;
    made.number_ = handle;
    made.data_ = behind;
    return made;
  }

  [[nodiscard]] constexpr std::uint64_t number() const { return number_; }
  [[nodiscard]] constexpr bool boolean() const { return number_ != 0; }
  /// Good until the guest runs, asks or tells: copy what is needed for longer.
  [[nodiscard]] std::string_view text() const {
    if (where_ == Where::guest) return text_of_guest();
    return {static_cast<const char*>(data_), size_};
  }
  [[nodiscard]] std::span<const Value> items() const { return {static_cast<const Value*>(data_), size_}; }
  [[nodiscard]] const Value& operator[](std::size_t index) const { return items()[index]; }
  /// Number of the case.
  [[nodiscard]] constexpr std::uint64_t which() const { return number_; }
  [[nodiscard]] const Value* payload() const { return static_cast<const Value*>(data_); }
  /// What an option holds; null if it is none.
  [[nodiscard]] const Value* some() const { return number_ == 0 ? nullptr : payload(); }
  [[nodiscard]] std::optional<std::string_view> optional_text() const {
    return number_ == 0 ? std::nullopt : std::optional(payload()->text());
  }
  /// Bytes of a text, or of a stream.
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  /// Null if the bytes are there already.
  [[nodiscard]] const Stream* stream() const {
    return where_ == Where::stream ? static_cast<const Stream*>(data_) : nullptr;
  }
  [[nodiscard]] Resource* behind() const {
    return const_cast<Resource*>(static_cast<const Resource*>(data_));  // it came in as one that may change
  }

 private:
  enum class Where : std::uint8_t { host, guest, stream };

  [[nodiscard]] std::string_view text_of_guest() const {
    const auto bytes = const_cast<Guest*>(static_cast<const Guest*>(data_))->memory().subspan(number_, size_);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  const void* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t number_ = 0;
  Where where_ = Where::host;
};

/// Where the values of one call lie. The first few dozen need no allocation.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::span<Value> make(std::size_t count) {
    auto* made = static_cast<Value*>(memory_.allocate(count * sizeof(Value), alignof(Value)));
    std::uninitialized_value_construct_n(made, count);
    return {made, count};
  }
  Value record(std::initializer_list<Value> fields) {
    const auto made = make(fields.size());
    std::ranges::copy(fields, made.begin());
    return Value::items(made);
  }
  Value of_case(std::uint64_t number, const Value& payload) {
    auto& made = make(1)[0];
    made = payload;
    return Value::of_case(number, &made);
  }
  Value some(const Value& value) { return of_case(1, value); }
  static Value none() { return Value::of_case(0); }
  Value ok(const Value& value) { return of_case(0, value); }
  Value error(const Value& value) { return of_case(1, value); }
  /// option<string> or option<list<u8>>.
  template <class Text>
  Value optional_text(const std::optional<Text>& text) {
    return text ? some(Value::text(*text)) : none();
  }
  /// A list, each element made by `make_one`.
  template <std::ranges::sized_range Range, class Make>
  Value list(const Range& range, Make&& make_one) {
    const auto made = make(std::ranges::size(range));
    std::ranges::transform(range, made.begin(), std::forward<Make>(make_one));
    return Value::items(made);
  }

 private:
  alignas(Value) std::array<std::byte, 2048> first_;
  std::pmr::monotonic_buffer_resource memory_{first_.data(), first_.size(), std::pmr::new_delete_resource()};
};

}  // namespace celeriac::guest::canonical
