#pragma once
// A command line of an option as its words, without a shell: blanks separate, double quotes keep together.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::hal::programs {

/// Words of one command.
inline constexpr std::size_t max_words = 100;

/// `rpicam-still -o "my photo.jpg"`: three words. A backslash keeps a quote inside quotes. Status::malformed
/// for none, too many, and quotes that do not end.
protocol::Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace celeriac::hal::programs
