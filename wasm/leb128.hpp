#pragma once
// Integers and strings as WebAssembly writes them, at the end of a byte vector.

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

namespace celeriac::wasm {

using Bytes = std::vector<std::uint8_t>;

inline void append_unsigned(Bytes& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

inline void append_signed(Bytes& out, std::int64_t value) {
  for (;;) {
    const auto low = static_cast<std::uint8_t>(value & 0x7F);
    value >>= 7;  // arithmetic, since C++20
    const bool sign = (low & 0x40) != 0;
    if ((value == 0 && !sign) || (value == -1 && sign)) return out.push_back(low);
    out.push_back(low | 0x80);
  }
}

inline void append_f64(Bytes& out, double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  std::uint8_t bytes[sizeof bits];
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(bits);
    bits >>= 8;
  }
  out.insert(out.end(), bytes, bytes + sizeof bytes);
}

/// Length, then the bytes.
inline void append_text(Bytes& out, std::string_view text) {
  append_unsigned(out, static_cast<std::uint32_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace celeriac::wasm
