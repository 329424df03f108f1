#pragma once
// Bytes as the reference shows them: "00 aa 10 | 34", where aa is padding or an inactive payload, and may be
// anything.

#include <charconv>
#include <format>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::guest::testing {

inline std::vector<std::uint8_t> hex(std::string_view text) {
  std::vector<std::uint8_t> made;
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (text[i] == ' ' || text[i] == '|' || text[i] == '\n') {
      ++i;
      continue;
    }
    std::uint8_t byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    made.push_back(byte);
    i += 2;
  }
  return made;
}

/// Where `memory` differs from `golden`, byte by byte; "" if it does not, but for bytes that are aa there.
inline std::string difference(std::span<const std::uint8_t> memory, std::string_view golden) {
  const auto wanted = hex(golden);
  std::string found;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] != 0xAA && wanted[i] != memory[i])
      found += std::format("at +{} {:02x} instead of {:02x}; ", i, memory[i], wanted[i]);
  return found;
}

}  // namespace celeriac::guest::testing
