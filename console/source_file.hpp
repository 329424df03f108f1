#pragma once
// CeleryScript files that a person names.

#include <filesystem>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::console {

/// The contents of a file, "-" being standard input. Status::malformed (a usage error) with a sentence if it
/// cannot be read or is larger than any sequence may be.
protocol::Result<std::string> read_source(const std::filesystem::path& path);

}  // namespace celeriac::console
