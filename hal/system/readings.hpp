#pragma once
// How the computer is: what the kernel tells in files under /proc and /sys.
//
// Everything is read below a root that is handed in, so that tests have a computer of their own. What is not
// there is unknown, and no error: a virtual machine has no thermometer.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"

namespace celeriac::hal::system {

/// Longest part of a file that is read: those of /proc and /sys have a page, os-release has some lines.
inline constexpr std::size_t max_reading = 16 * 1024;

/// Where it all is.
struct Sources {
  std::filesystem::path root = "/";    ///< above proc, sys, etc and run
  std::filesystem::path folder = ".";  ///< a folder of the file system that fills up
};

/// What an eMMC or SD card says of its own age: JEDEC eMMC 5.0, EXT_CSD 267 to 269.
struct CardHealth {
  /// Of its estimated life, in steps of ten: the upper end of what DEVICE_LIFE_TIME_EST_TYP_A and _B say, the
  /// worse of both; 110 says that it is over.
  std::optional<int> worn_percent;
  /// PRE_EOL_INFO: "normal", "warning" (80 % of the reserved blocks are used up), "urgent" (90 %); ""
  /// unknown.
  std::string reserve;
};

struct Readings {
  std::string model, os;  ///< "Raspberry Pi 4 Model B Rev 1.4"; "Debian GNU/Linux 13 (trixie)"
  std::optional<double> uptime_s;
  std::optional<double> temperature_c;      ///< of the processor, or the hottest zone
  std::optional<std::uint32_t> throttling;  ///< bits of throttling.hpp; nothing but a Pi has them
  std::optional<std::uint64_t> memory_total, memory_available;  ///< bytes
  std::filesystem::path folder;
  std::optional<std::uint64_t> disk_total, disk_free;  ///< bytes, those that we may use
  CardHealth card;
  std::optional<std::uint64_t> disk_errors;  ///< that ext4 has counted on its file systems
  std::optional<bool> synchronized;          ///< the clock, by NTP
};

/// Reads it all. Some files ask hardware: for a thread that may wait.
Readings read(const Sources& sources);

/// The status tree's `computer`: `{model, os, uptime_s, temperature_c, throttling: [word], memory: {total,
/// available}, disk: {path, total, free, health: {worn_percent, reserve, errors}}, clock: {synchronized}}`;
/// null for what is unknown.
protocol::Json document(const Readings& readings);

}  // namespace celeriac::hal::system
