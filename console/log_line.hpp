#pragma once
// An entry of the register `log`, for a person.

#include <string>

#include "protocol/document.hpp"

namespace celeriac::console {

/// "14:05:09  warn  hal: the x axis stalled"; levels from warn on stand out where colour may be used.
std::string log_line(const protocol::Json& entry, bool colour);

}  // namespace celeriac::console
