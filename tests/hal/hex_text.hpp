#pragma once
// Firmware for tests, in Intel HEX.

#include <cstdint>
#include <format>
#include <span>
#include <string>
#include <vector>

namespace celeriac::hal::testing {

inline std::string hex_record(std::uint16_t address, int type, std::span<const std::uint8_t> bytes) {
  std::string text;
  unsigned sum = 0;
  const auto add = [&](unsigned byte) {
    text += std::format("{:02X}", byte);
    sum += byte;
  };
  add(static_cast<unsigned>(bytes.size()));
  add(address >> 8);
  add(address & 0xffu);
  add(static_cast<unsigned>(type));
  for (const auto byte : bytes) add(byte);
  add((0x100 - (sum & 0xff)) & 0xff);
  return ":" + text + "\n";
}

inline const std::string hex_end = ":00000001FF\n";

/// A program of `size` bytes: a jump, then anything. Beyond 64 KiB with extended segment addresses, as
/// avr-gcc makes them.
inline std::string hex_program(std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < size; at += 16) {
    std::vector<std::uint8_t> bytes(std::min<std::size_t>(16, size - at), static_cast<std::uint8_t>(at >> 4));
    if (at == 0) bytes[0] = 0x0c, bytes[1] = 0x94;
    if (at > 0 && at % 0x10000 == 0) {
      const std::uint8_t segment[] = {static_cast<std::uint8_t>(at >> 12), 0};
      text += hex_record(0, 2, segment);
    }
    text += hex_record(static_cast<std::uint16_t>(at & 0xffff), 0, bytes);
  }
  return text + hex_end;
}

}  // namespace celeriac::hal::testing
