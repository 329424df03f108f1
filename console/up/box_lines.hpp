#pragma once
// The GPIO lines of FarmBot's own box, systemd/lines.json: what a simulated host has.

#include <string_view>

namespace celeriac::console {

/// The text of the file.
std::string_view box_lines() noexcept;

}  // namespace celeriac::console
