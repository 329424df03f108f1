#pragma once
// Reads bytes that nobody vouches for.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace celeriac::wasm {

/// Walks over bytes. The first fault sticks: everything read after it is zero or empty, so that a reader
/// checks once, where a section ends, and no length is ever trusted.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> bytes, std::size_t origin = 0)
      : bytes_(bytes), origin_(origin) {}

  /// A phrase, "the bytes end inside a number"; nullptr: no fault.
  [[nodiscard]] const char* fault() const noexcept { return fault_; }
  [[nodiscard]] bool ok() const noexcept { return fault_ == nullptr; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - at_; }
  /// Offset in the whole module.
  [[nodiscard]] std::size_t offset() const noexcept { return origin_ + at_; }

  void fail(const char* phrase) noexcept {
    if (fault_ == nullptr) fault_ = phrase;
    at_ = bytes_.size();
  }

  std::uint8_t byte() noexcept {
    if (at_ < bytes_.size()) return bytes_[at_++];
    fail("the bytes end too early");
    return 0;
  }

  std::uint32_t unsigned32() noexcept {
    if (at_ < bytes_.size() && bytes_[at_] < 0x80) return bytes_[at_++];  // most numbers are small
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::uint8_t part = byte();
      if (shift == 28 && part > 0x0F) break;
      value |= static_cast<std::uint32_t>(part & 0x7F) << shift;
      if ((part & 0x80) == 0) return value;
    }
    fail("a number is longer than 32 bits");
    return 0;
  }

  std::int32_t signed32() noexcept {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::uint8_t part = byte();
      // The fifth byte holds four bits and the sign, repeated.
      if (shift == 28 && part > 0x07 && (part < 0x78 || part > 0x7F)) break;
      value |= static_cast<std::uint32_t>(part & 0x7F) << shift;
      if ((part & 0x80) != 0) continue;
      if (shift < 28 && (part & 0x40) != 0) value |= ~std::uint32_t{0} << (shift + 7);
      return std::bit_cast<std::int32_t>(value);
    }
    fail("a number is longer than 32 bits");
    return 0;
  }

  std::int64_t signed64() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const std::uint8_t part = byte();
      // The tenth byte holds one bit and the sign, repeated.
      if (shift == 63 && part != 0x00 && part != 0x7F) break;
      value |= static_cast<std::uint64_t>(part & 0x7F) << shift;
      if ((part & 0x80) != 0) continue;
      if (shift < 63 && (part & 0x40) != 0) value |= ~std::uint64_t{0} << (shift + 7);
      return std::bit_cast<std::int64_t>(value);
    }
    fail("a number is longer than 64 bits");
    return 0;
  }

  double f64() noexcept {
    const auto taken = take(sizeof(double));
    if (taken.empty()) return 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof bits; ++i) bits |= static_cast<std::uint64_t>(taken[i]) << (8 * i);
    return std::bit_cast<double>(bits);
  }

  std::span<const std::uint8_t> take(std::size_t size) noexcept {
    if (size > remaining()) {
      fail("a length reaches past the end");
      return {};
    }
    const auto taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  /// Length, then bytes. Whether they are UTF-8 is for whoever shows them.
  std::string_view text() noexcept {
    const auto taken = take(unsigned32());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  /// The next `size` bytes as a cursor of their own.
  Cursor part(std::size_t size) noexcept {
    const std::size_t begin = offset();
    return Cursor(take(size), begin);
  }

  /// A count of things of at least `smallest` bytes each, so that no count asks for more than is there.
  std::uint32_t count(std::size_t smallest = 1) noexcept {
    const std::uint32_t value = unsigned32();
    if (value <= remaining() / smallest) return value;
    fail("a count is larger than what follows");
    return 0;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t origin_;
  std::size_t at_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace celeriac::wasm
