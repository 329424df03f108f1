#pragma once
// Units of firmware parameters and host settings, by name.

#include <string_view>

namespace celeriac::console {

/// "steps/s" of "movement_max_spd_x"; "" where there is none, or it is not known.
std::string_view unit_of_parameter(std::string_view name);

}  // namespace celeriac::console
