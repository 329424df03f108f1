#include "firmware-sim/version.hpp"

#include <array>
#include <charconv>
#include <format>

namespace celeriac::firmware_sim {

std::optional<FirmwareVersion> FirmwareVersion::parse(std::string_view text) {
  std::array<int, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    const auto [rest, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{} || numbers[i] < 0) return std::nullopt;
    at = rest;
  }
  if (at != end && *at != '.') return std::nullopt;
  return FirmwareVersion{numbers[0], numbers[1], numbers[2]};
}

std::string FirmwareVersion::text() const {
  return std::format("{}.{}.{}", major, minor, patch);
}

}  // namespace celeriac::firmware_sim
