#pragma once

#include <filesystem>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::console {

/// Writes a file: whole, or it stays as it was. failed: the sentence names the file.
protocol::Result<void> write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace celeriac::console
