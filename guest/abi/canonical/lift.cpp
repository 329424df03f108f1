#include "guest/abi/canonical/lift.hpp"

#include <format>

#include "protocol/document.hpp"

namespace celeriac::guest::canonical {
namespace {

[[noreturn]] void refuse(const Place& place, std::string_view what) {
  throw Trap{std::format("{} {}.", place.text(), what)};
}

std::uint32_t narrow(Slot slot) {
  return static_cast<std::uint32_t>(slot);
}

}  // namespace

std::string Place::text() const {
  std::string made = outer == nullptr ? "" : outer->text();
  if (name.empty()) return std::format("{}[{}]", made, index);
  return made.empty() ? std::string(name) : std::format("{}.{}", made, name);
}

void Lift::count(std::uint64_t bytes, const Place& place) {
  lifted_ += bytes;
  if (lifted_ > max_lifted)
    refuse(place, std::format("makes it more than {} bytes for one call", max_lifted));
}

Value Lift::at(const Type& type, std::uint32_t address, const Place& place) {
  if (address % type.alignment != 0)
    refuse(place, std::format("lies at {}, which is not aligned to {}", address, type.alignment));
  if (!memory_.holds(address, type.size))
    refuse(place, std::format("lies at {} and has {} bytes, but the memory ends at {}", address, type.size,
                              memory_.size()));
  count(type.size, place);
  return inside(type, address, place);
}

// From here on alignment and bounds of `address` are known to be good.
Value Lift::inside(const Type& type, std::uint32_t address, const Place& place) {
  switch (type.kind) {
    case Kind::string:
      return text(memory_.load<std::uint32_t>(address), memory_.load<std::uint32_t>(address + 4), place);
    case Kind::list:
      return list(type, memory_.load<std::uint32_t>(address), memory_.load<std::uint32_t>(address + 4),
                  place);
    case Kind::record:
      return record(type, address, place);
    case Kind::variant:
      return variant(type, address, place);
    default:
      break;
  }
  switch (type.size) {
    case 1:
      return scalar(type, memory_.load<std::uint8_t>(address), place);
    case 2:
      return scalar(type, memory_.load<std::uint16_t>(address), place);
    case 4:
      return scalar(type, memory_.load<std::uint32_t>(address), place);
    default:
      return scalar(type, memory_.load<std::uint64_t>(address), place);
  }
}

Value Lift::record(const Type& type, std::uint32_t address, const Place& place) {
  const auto fields = arena_.make(type.part_count);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& part = type.part_list[i];
    fields[i] = inside(*part.type, address + part.offset, {&place, part.name});
  }
  return Value::items(fields);
}

Value Lift::variant(const Type& type, std::uint32_t address, const Place& place) {
  const std::uint32_t which = memory_.load<std::uint8_t>(address);
  const auto& part = active(type, which, place);
  if (part.type == nullptr) return Value::of_case(which);
  return arena_.of_case(which, inside(*part.type, address + type.payload, place));
}

Value Lift::flat(const Type& type, std::span<const Slot>& slots, const Place& place) {
  const auto next = [&] {
    const auto slot = slots.front();
    slots = slots.subspan(1);
    return slot;
  };
  switch (type.kind) {
    case Kind::string:
    case Kind::list: {
      const auto pointer = narrow(next());
      const auto length = narrow(next());
      return type.kind == Kind::string ? text(pointer, length, place) : list(type, pointer, length, place);
    }
    case Kind::record: {
      const auto fields = arena_.make(type.part_count);
      for (std::size_t i = 0; i < fields.size(); ++i)
        fields[i] = flat(*type.part_list[i].type, slots, {&place, type.part_list[i].name});
      return Value::items(fields);
    }
    case Kind::variant: {
      // A slot that cases share holds the bits of whichever is active; those that it does not use are
      // skipped.
      auto payload = slots.subspan(1, type.flat_count - 1U);
      const auto which = narrow(slots.front());
      slots = slots.subspan(type.flat_count);
      const auto& part = active(type, which, place);
      if (part.type == nullptr) return Value::of_case(which);
      return arena_.of_case(which, flat(*part.type, payload, place));
    }
    default:
      return scalar(type, next(), place);
  }
}

Value Lift::scalar(const Type& type, std::uint64_t bits, const Place& place) {
  switch (type.kind) {
    case Kind::boolean:
      return Value::number(narrow(bits) != 0 ? 1 : 0);
    case Kind::u8:
      return Value::number(static_cast<std::uint8_t>(bits));
    case Kind::u16:
      return Value::number(static_cast<std::uint16_t>(bits));
    case Kind::s8:
      return Value::number(static_cast<std::uint64_t>(static_cast<std::int8_t>(bits)));
    case Kind::s16:
      return Value::number(static_cast<std::uint64_t>(static_cast<std::int16_t>(bits)));
    case Kind::s32:
      return Value::number(static_cast<std::uint64_t>(static_cast<std::int32_t>(bits)));
    case Kind::character: {
      const auto code = narrow(bits);
      if (code >= 0x110000 || (code >= 0xD800 && code <= 0xDFFF))
        refuse(place, std::format("is no character: {:#x}", code));
      return Value::number(code);
    }
    case Kind::own:
    case Kind::borrow:
      if (handles_ == nullptr) refuse(place, "is a handle where none can be");
      return type.kind == Kind::own ? handles_->own(*type.resource, narrow(bits))
                                    : handles_->borrow(*type.resource, narrow(bits));
    case Kind::u64:
    case Kind::s64:
    case Kind::f64:
      return Value::number(bits);
    default:
      return Value::number(narrow(bits));
  }
}

const Part& Lift::active(const Type& type, std::uint32_t discriminant, const Place& place) const {
  if (discriminant >= type.part_count)
    refuse(place, std::format("says that it is case {}, of {}", discriminant, type.part_count));
  return type.part_list[discriminant];
}

Value Lift::text(std::uint32_t pointer, std::uint32_t length, const Place& place) {
  if (!memory_.holds(pointer, length))
    refuse(place,
           std::format("has {} bytes at {}, but the memory ends at {}", length, pointer, memory_.size()));
  if (length > max_list_bytes)
    refuse(place, std::format("has {} bytes, more than {}", length, max_list_bytes));
  count(length, place);
  const auto bytes = memory_.at(pointer, length);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!protocol::is_utf8(text)) refuse(place, "is not UTF-8");
  return Value::lifted(memory_.guest(), pointer, length);
}

Value Lift::list(const Type& type, std::uint32_t pointer, std::uint32_t length, const Place& place) {
  const auto& element = type.element();
  if (pointer % element.alignment != 0)
    refuse(place, std::format("is a list at {}, which is not aligned to {}", pointer, element.alignment));
  const std::uint64_t size = std::uint64_t{length} * element.size;
  if (!memory_.holds(pointer, size))
    refuse(place, std::format("is a list of {} bytes at {}, but the memory ends at {}", size, pointer,
                              memory_.size()));
  if (size > max_list_bytes) refuse(place, std::format("has {} bytes, more than {}", size, max_list_bytes));
  if (length > type.most)
    refuse(place, std::format("has {} elements, more than the {} that are taken", length, type.most));
  count(size, place);
  if (type.is_bytes()) return Value::lifted(memory_.guest(), pointer, length);
  const auto items = arena_.make(length);
  for (std::uint32_t i = 0; i < length; ++i)
    items[i] = inside(element, pointer + i * element.size, {&place, "", i});
  return Value::items(items);
}

}  // namespace celeriac::guest::canonical
