#pragma once
// What a Raspberry Pi says about its own supply and heat, bit by bit.

#include <cstdint>
#include <string_view>
#include <vector>

namespace celeriac::hal::system {

/// A bit of get_throttled, as Raspberry Pi's documentation of `vcgencmd get_throttled` numbers them: 0 to 3
/// are true now, 16 to 19 have been true since the computer started.
struct ThrottlingBit {
  int bit;
  std::string_view word;
};
inline constexpr ThrottlingBit throttling_bits[] = {
    {0, "under_voltage"},
    {1, "frequency_capped"},
    {2, "throttled"},
    {3, "soft_temperature_limit"},
    {16, "under_voltage_has_occurred"},
    {17, "frequency_capping_has_occurred"},
    {18, "throttling_has_occurred"},
    {19, "soft_temperature_limit_has_occurred"},
};

/// The words of the bits that are set, in the table's order. Bits that nobody has documented are no words.
constexpr std::vector<std::string_view> throttling_words(std::uint32_t bits) {
  std::vector<std::string_view> words;
  for (const auto& row : throttling_bits)
    if ((bits >> row.bit & 1u) != 0) words.push_back(row.word);
  return words;
}

}  // namespace celeriac::hal::system
