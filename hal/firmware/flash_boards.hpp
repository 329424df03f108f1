#pragma once
// Boards whose firmware can be written, by the names that `flash_firmware` takes.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// The ATmega2560 has 256 KiB of flash; the boot loader has the last 8 KiB (data sheet, boot size 4096
/// words, as the Arduino Mega 2560 sets it).
inline constexpr std::size_t mega2560_program_bytes = (256 - 8) * 1024;

struct FlashBoard {
  std::string_view name;        ///< "farmduino_k18"
  std::string_view letter;      ///< of the version that its firmware reports: "K"
  std::string_view part;        ///< of avrdude: "m2560"
  std::string_view programmer;  ///< of avrdude: "wiring": STK500v2, after a reset by DTR
  std::size_t program_bytes;    ///< flash without the boot loader
  bool reset_line;  ///< on a UART of the Pi, where DTR reaches nothing: a GPIO line resets it (BCM 19, high)
};

/// How fast boot loaders listen, in the order in which they are tried: the Arduino Mega 2560's own, and what
/// FarmBot OS 15 asks with.
inline constexpr int boot_loader_bauds[] = {115200, 57600};

/// All of them. Every board of FarmBot's is an ATmega2560 with the Arduino Mega's boot loader.
std::span<const FlashBoard> flash_boards() noexcept;
/// Status::not_found with "did you mean"; of a board that is none ("none") with what to say instead.
protocol::Result<const FlashBoard*> parse_flash_board(std::string_view name);

}  // namespace celeriac::hal::firmware
