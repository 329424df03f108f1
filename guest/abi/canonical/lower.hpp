#pragma once
// Lowering: Values become core values, or bytes in the guest's memory; strings and lists go where the guest's
// allocator says, outer lists before their elements, fields from left to right.

#include <cstdint>
#include <vector>

#include "guest/abi/canonical/instance.hpp"
#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/canonical/type.hpp"
#include "guest/abi/canonical/value.hpp"

namespace celeriac::guest::canonical {

class Lower {
 public:
  Lower(Instance& instance, Guest& guest, Purpose purpose)
      : instance_(instance), guest_(guest), purpose_(purpose), memory_(guest) {}

  /// Stores the value at an address that is aligned and inside the memory.
  void at(const Type& type, const Value& value, std::uint32_t address);
  /// Appends the core values.
  void flat(const Type& type, const Value& value, std::vector<Slot>& slots);

 private:
  struct Range {
    std::uint32_t pointer;
    std::uint32_t length;
  };
  Range place(const Type& type, const Value& value);
  void scalar(const Type& type, const Value& value, std::uint32_t address);
  std::uint32_t allocate(std::uint32_t alignment, std::uint64_t size);

  Instance& instance_;
  Guest& guest_;
  Purpose purpose_;
  Memory memory_;
};

}  // namespace celeriac::guest::canonical
