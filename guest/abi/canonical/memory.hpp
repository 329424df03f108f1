#pragma once
// The linear memory of a guest, seen through checks. Whoever has let the guest run in between refreshes it:
// memory may have grown, and moved.

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

static_assert(std::endian::native == std::endian::little, "numbers lie in memory as Wasm has them");

class Memory {
 public:
  explicit Memory(Guest& guest) : guest_(guest), bytes_(guest.memory()) {}

  [[nodiscard]] Guest& guest() const noexcept { return guest_; }
  void refresh() { bytes_ = guest_.memory(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  /// True if `size` bytes lie at `address`; without overflow, whatever the guest says.
  [[nodiscard]] bool holds(std::uint64_t address, std::uint64_t size) const noexcept {
    return size <= bytes_.size() && address <= bytes_.size() - size;
  }
  /// The caller has asked holds().
  [[nodiscard]] std::span<std::uint8_t> at(std::uint32_t address, std::size_t size) const noexcept {
    return bytes_.subspan(address, size);
  }
  template <class T>
  [[nodiscard]] T load(std::uint32_t address) const noexcept {
    T value;
    std::memcpy(&value, bytes_.data() + address, sizeof value);
    return value;
  }
  template <class T>
  void store(std::uint32_t address, T value) const noexcept {
    std::memcpy(bytes_.data() + address, &value, sizeof value);
  }

 private:
  Guest& guest_;
  std::span<std::uint8_t> bytes_;
};

}  // namespace celeriac::guest::canonical
