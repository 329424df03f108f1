#pragma once
// Types of WIT, described as data: how big a value is in memory, where its parts lie, and as which core
// values it travels. Everything is computed while compiling, by the rules of the canonical ABI.
//
//   inline constexpr Type process_id = wit::record({{"process-name", &wit::string}, …});
//   process_id.size == 24, process_id.parts()[1].offset == 8, process_id.flat().size() == 6
//
// Strings are UTF-8, memories have 32 bits, a variant has at most max_parts cases.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>

#include "guest/abi/canonical/handles.hpp"
#include "wasm/signature.hpp"

namespace celeriac::guest::canonical {

using wasm::NumberType;

enum class Kind : std::uint8_t {
  boolean,
  u8,
  s8,
  u16,
  s16,
  u32,
  s32,
  u64,
  s64,
  f32,
  f64,
  character,
  string,
  list,
  record,
  variant,
  own,
  borrow
};

/// Fields of a record, cases of a variant, parameters of a function.
inline constexpr std::size_t max_parts = 8;
/// Core values of a type.
inline constexpr std::size_t max_flat = 40;
/// Bytes of a string or list: the specification's limit.
inline constexpr std::uint32_t max_list_bytes = (std::uint32_t{1} << 28) - 1;
/// Core parameters of a function; more are passed through memory.
inline constexpr std::size_t max_flat_parameters = 16;

struct Type;

/// A field, a case or an element.
struct Part {
  std::string_view name;
  const Type* type = nullptr;  ///< null: a case without payload
  std::uint32_t offset = 0;    ///< from the front of the record; computed
};

struct Type {
  Kind kind = Kind::record;
  std::uint32_t size = 0;
  std::uint32_t alignment = 1;
  std::uint32_t payload = 0;  ///< where the payload of a variant begins
  std::uint32_t most =
      std::numeric_limits<std::uint32_t>::max();  ///< elements of a list that are taken; ours, not WIT's
  const ResourceType* resource = nullptr;         ///< of own and borrow
  bool allocates = false;  ///< a string or a list is in it: lowering it needs the guest's allocator
  std::uint8_t part_count = 0;
  std::uint8_t flat_count = 0;
  std::array<Part, max_parts> part_list{};
  std::array<NumberType, max_flat> flat_list{};

  /// Fields, cases, or the element of a list.
  [[nodiscard]] constexpr std::span<const Part> parts() const {
    return std::span(part_list).first(part_count);
  }
  [[nodiscard]] constexpr std::span<const NumberType> flat() const {
    return std::span(flat_list).first(flat_count);
  }
  [[nodiscard]] constexpr const Type& element() const { return *part_list[0].type; }
  /// list<u8>, which is handled as a whole.
  [[nodiscard]] constexpr bool is_bytes() const { return kind == Kind::list && element().kind == Kind::u8; }
};

constexpr std::uint32_t aligned(std::uint32_t offset, std::uint32_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

namespace detail {

consteval Type primitive(Kind kind, std::uint32_t size, NumberType flat) {
  Type made{.kind = kind, .size = size, .alignment = size};
  made.flat_list[made.flat_count++] = flat;
  return made;
}

consteval Type pointer_and_length(Kind kind) {
  Type made{.kind = kind, .size = 8, .alignment = 4, .allocates = true};
  made.flat_list[made.flat_count++] = NumberType::i32;
  made.flat_list[made.flat_count++] = NumberType::i32;
  return made;
}

/// What travels in a slot that different cases use differently.
consteval NumberType joined(NumberType a, NumberType b) {
  if (a == b) return a;
  const bool narrow =
      (a == NumberType::i32 || a == NumberType::f32) && (b == NumberType::i32 || b == NumberType::f32);
  return narrow ? NumberType::i32 : NumberType::i64;
}

}  // namespace detail

/// The types and constructors of WIT, by its names.
namespace wit {

inline constexpr Type boolean = detail::primitive(Kind::boolean, 1, NumberType::i32);
inline constexpr Type u8 = detail::primitive(Kind::u8, 1, NumberType::i32);
inline constexpr Type s8 = detail::primitive(Kind::s8, 1, NumberType::i32);
inline constexpr Type u16 = detail::primitive(Kind::u16, 2, NumberType::i32);
inline constexpr Type s16 = detail::primitive(Kind::s16, 2, NumberType::i32);
inline constexpr Type u32 = detail::primitive(Kind::u32, 4, NumberType::i32);
inline constexpr Type s32 = detail::primitive(Kind::s32, 4, NumberType::i32);
inline constexpr Type u64 = detail::primitive(Kind::u64, 8, NumberType::i64);
inline constexpr Type s64 = detail::primitive(Kind::s64, 8, NumberType::i64);
inline constexpr Type f32 = detail::primitive(Kind::f32, 4, NumberType::f32);
inline constexpr Type f64 = detail::primitive(Kind::f64, 8, NumberType::f64);
inline constexpr Type character = detail::primitive(Kind::character, 4, NumberType::i32);
inline constexpr Type string = detail::pointer_and_length(Kind::string);

/// At most `most` elements are taken from a guest.
consteval Type list(const Type& element, std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) {
  Type made = detail::pointer_and_length(Kind::list);
  made.most = most;
  made.part_list[made.part_count++] = {"", &element};
  return made;
}
inline constexpr Type bytes = list(u8);

/// Records, tuples, and the parameters of a function.
consteval Type record(std::initializer_list<Part> fields) {
  Type made{.kind = Kind::record};
  for (Part field : fields) {
    field.offset = aligned(made.size, field.type->alignment);
    made.size = field.offset + field.type->size;
    made.alignment = std::max(made.alignment, field.type->alignment);
    made.allocates |= field.type->allocates;
    made.part_list[made.part_count++] = field;
    for (const auto flat : field.type->flat()) made.flat_list[made.flat_count++] = flat;
  }
  made.size = aligned(made.size, made.alignment);
  return made;
}

/// Variants, enums, options and results. The payload begins where the most demanding of all cases may begin.
consteval Type variant(std::initializer_list<Part> cases) {
  Type made{.kind = Kind::variant, .size = 1};
  made.flat_list[made.flat_count++] = NumberType::i32;
  std::uint32_t largest = 0;
  for (const Part& one : cases) {
    made.part_list[made.part_count++] = one;
    if (one.type == nullptr) continue;
    made.alignment = std::max(made.alignment, one.type->alignment);
    largest = std::max(largest, one.type->size);
    made.allocates |= one.type->allocates;
    std::uint8_t at = 1;
    for (const auto flat : one.type->flat()) {
      made.flat_list[at] = at < made.flat_count ? detail::joined(made.flat_list[at], flat) : flat;
      ++at;
    }
    made.flat_count = std::max(made.flat_count, at);
  }
  made.payload = aligned(1, made.alignment);
  made.size = aligned(made.payload + largest, made.alignment);
  return made;
}

consteval Type option(const Type& some) {
  return variant({{"none"}, {"some", &some}});
}
/// Either side may be null: `result<_, error>`.
consteval Type result(const Type* ok, const Type* error) {
  return variant({{"ok", ok}, {"error", error}});
}

consteval Type own(const ResourceType& resource) {
  Type made = detail::primitive(Kind::own, 4, NumberType::i32);
  made.resource = &resource;
  return made;
}
consteval Type borrow(const ResourceType& resource) {
  Type made = detail::primitive(Kind::borrow, 4, NumberType::i32);
  made.resource = &resource;
  return made;
}

}  // namespace wit

/// A function of an interface, imported or exported.
struct Function {
  std::string_view name;              ///< "send-request", "[method]message.topic"
  Type parameters = wit::record({});  ///< a record of them
  const Type* result = nullptr;       ///< null: it returns nothing

  /// Its parameters come as one pointer to a record.
  [[nodiscard]] constexpr bool indirect() const { return parameters.flat_count > max_flat_parameters; }
  /// Its result is written into memory that the last parameter points to; exports return the pointer.
  [[nodiscard]] constexpr bool returns_area() const { return result != nullptr && result->flat_count > 1; }
};

/// The core type with which a module imports it.
wasm::Signature import_signature(const Function& function);
/// The core type with which a module exports it.
wasm::Signature export_signature(const Function& function);

}  // namespace celeriac::guest::canonical
