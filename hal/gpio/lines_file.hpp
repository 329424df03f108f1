#pragma once
// lines.json: the GPIO lines of the computer by the names that everybody else uses.
//
//   {"lines": {"estop_button": {"chip": "pinctrl-bcm2711", "line": "GPIO16", "direction": "input", "role":
//   "stop"},
//              "lights": {"line": "GPIO23", "direction": "output", "safe": 0}}}
//
// docs/gpio.md has every field.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hal/gpio/line_spec.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

/// Largest file that is read; a full one has some 5 kB.
inline constexpr std::uintmax_t max_lines_file = 64 * 1024;

/// A file that was read, with everything that is wrong with it.
struct LinesFile {
  std::vector<LineSpec> lines;       ///< by name
  std::vector<std::string> faults;   ///< sentences: with one of them nothing of the file is used
  std::vector<std::string> remarks;  ///< sentences: it is used, but somebody should know
};

LinesFile parse_lines(std::string_view text);
/// Status::not_found or ::failed for a file that cannot be read.
protocol::Result<LinesFile> read_lines(const std::filesystem::path& path);
/// The lines of the file, if nothing is wrong with it; Status::malformed with all that is.
protocol::Result<std::vector<LineSpec>> load_lines(const std::filesystem::path& path);

}  // namespace celeriac::hal::gpio
