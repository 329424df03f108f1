#pragma once
// The simulated garden's parameters: what a host writes so that homing and calibration succeed in it.

#include <filesystem>
#include <string_view>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console {

/// `{parameter: value}` for the bed of 2.7 × 1.2 × 0.4 m that `celeriac-firmware-sim --garden` simulates with
/// a board of this package name.
protocol::Json garden_parameters(std::string_view board);

/// Writes them to a file, replacing it.
protocol::Result<void> write_garden_parameters(const std::filesystem::path& path, std::string_view board);

}  // namespace celeriac::console
