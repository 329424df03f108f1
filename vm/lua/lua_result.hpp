#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace celeriac::vm {

/// What comes of a script: how many values its code returned, and the first of them; functions are
/// "[Lua Function]".
struct LuaResult {
  std::size_t count = 0;
  nlohmann::json first = {};
};

}  // namespace celeriac::vm
