#include "guest/abi/canonical/lower.hpp"

#include <algorithm>
#include <format>

namespace celeriac::guest::canonical {

std::uint32_t Lower::allocate(std::uint32_t alignment, std::uint64_t size) {
  if (size > max_list_bytes)
    throw Trap{std::format("what the guest is to get has {} bytes, more than {}.", size, max_list_bytes)};
  const auto pointer = instance_.allocate(guest_, purpose_, alignment, static_cast<std::uint32_t>(size));
  memory_.refresh();
  return pointer;
}

// A string or a list: where its bytes or elements are now.
Lower::Range Lower::place(const Type& type, const Value& value) {
  if (const auto* stream = value.stream(); stream != nullptr) {
    const auto pointer = allocate(1, value.size());
    stream->copy_to(guest_, pointer);
    memory_.refresh();
    return {pointer, static_cast<std::uint32_t>(value.size())};
  }
  if (type.kind == Kind::string || type.is_bytes()) {
    const auto text = value.text();
    const auto pointer = allocate(1, text.size());
    std::ranges::copy(text, memory_.at(pointer, text.size()).begin());
    return {pointer, static_cast<std::uint32_t>(text.size())};
  }
  const auto& element = type.element();
  const auto items = value.items();
  const auto pointer = allocate(element.alignment, std::uint64_t{items.size()} * element.size);
  for (std::size_t i = 0; i < items.size(); ++i)
    at(element, items[i], pointer + static_cast<std::uint32_t>(i) * element.size);
  return {pointer, static_cast<std::uint32_t>(items.size())};
}

void Lower::at(const Type& type, const Value& value, std::uint32_t address) {
  switch (type.kind) {
    case Kind::string:
    case Kind::list: {
      const auto [pointer, length] = place(type, value);
      memory_.store(address, pointer);
      memory_.store(address + 4, length);
      return;
    }
    case Kind::record: {
      const auto items = value.items();
      for (std::size_t i = 0; i < items.size(); ++i)
        at(*type.part_list[i].type, items[i], address + type.part_list[i].offset);
      return;
    }
    case Kind::variant: {
      memory_.store(address, static_cast<std::uint8_t>(value.which()));
      if (const auto* part = type.part_list[value.which()].type; part != nullptr)
        at(*part, *value.payload(), address + type.payload);
      return;
    }
    default:
      scalar(type, value, address);
  }
}

void Lower::scalar(const Type& type, const Value& value, std::uint32_t address) {
  switch (type.size) {
    case 1:
      return memory_.store(address, static_cast<std::uint8_t>(value.number()));
    case 2:
      return memory_.store(address, static_cast<std::uint16_t>(value.number()));
    case 4:
      return memory_.store(address, static_cast<std::uint32_t>(value.number()));
    default:
      return memory_.store(address, value.number());
  }
}

void Lower::flat(const Type& type, const Value& value, std::vector<Slot>& slots) {
  switch (type.kind) {
    case Kind::string:
    case Kind::list: {
      const auto [pointer, length] = place(type, value);
      slots.push_back(pointer);
      slots.push_back(length);
      return;
    }
    case Kind::record: {
      const auto items = value.items();
      for (std::size_t i = 0; i < items.size(); ++i) flat(*type.part_list[i].type, items[i], slots);
      return;
    }
    case Kind::variant: {
      const auto end = slots.size() + type.flat_count;
      slots.push_back(value.which());
      if (const auto* part = type.part_list[value.which()].type; part != nullptr)
        flat(*part, *value.payload(), slots);
      slots.resize(end);  // what no value is for is 0
      return;
    }
    case Kind::s8:
    case Kind::s16:
    case Kind::s32:
      slots.push_back(static_cast<std::uint32_t>(value.number()));
      return;
    default:
      slots.push_back(value.number());
  }
}

}  // namespace celeriac::guest::canonical
