#pragma once
// `celeriac-hal lines --check FILE`: what is wrong with a file of GPIO lines, and with the lines on this
// computer. No hypervisor has to run, and a running one is not disturbed.

#include <filesystem>
#include <string>
#include <vector>

#include "hal/gpio/chips.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

enum class Verdict : std::uint8_t { good, remark, fault };
struct Finding {
  Verdict verdict;
  std::string sentence;
};

/// Reads the file, and looks for each of its lines on `chips`; nullptr: the file alone.
std::vector<Finding> check_lines(const std::filesystem::path& path, Chips* chips);

/// Reads its arguments behind the word "lines", prints a sentence a line, and returns the exit status: 0 all
/// is well, perhaps with remarks; 1 something is wrong; and the parser's for bad arguments.
int lines_command(int count, char** words);

}  // namespace celeriac::hal::gpio
