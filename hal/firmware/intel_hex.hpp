#pragma once
// A firmware in Intel HEX, read strictly before anything of it goes near a board.
//
// Record types (Intel, "Hexadecimal Object File Format Specification", revision A): 00 data, 01 end of file,
// 02 extended segment address, 03 start segment address, 04 extended linear address, 05 start linear address.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// Longest file that is read: 256 KiB in records of 16 bytes take 720 KiB.
inline constexpr std::size_t max_hex_bytes = 1024 * 1024;

/// What the file puts into the flash memory, from address 0; bytes that it leaves out are 0xff, as erased
/// flash is.
struct HexImage {
  std::vector<std::uint8_t> flash;  ///< up to the last byte of the file
  std::size_t bytes = 0;            ///< that the file has
};

/// Reads a whole file for an AVR with `flash_bytes` for programs. Status::malformed, naming the line, where
/// it is damaged, does not fit, or is no program: nothing at address 0, or something else than the jump that
/// begins each program of avr-gcc's.
protocol::Result<HexImage> parse_intel_hex(std::string_view text, std::size_t flash_bytes);

}  // namespace celeriac::hal::firmware
