#pragma once

#include <string>
#include <string_view>

namespace celeriac::vm {

/// 64 hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace celeriac::vm
