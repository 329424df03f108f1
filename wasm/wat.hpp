#pragma once
// The text form of a resumable module, for people: `celeriac compile --wat`.

#include <cstdint>
#include <span>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::wasm {

/// WebAssembly text of the module, with the names of its name section, and comments that say which node
/// of the source each step belongs to and which texts the handles stand for. Made into a module again it runs
/// the same. Errors: `invalid_code`, as read_module().
protocol::Result<std::string> to_wat(std::span<const std::uint8_t> module);

}  // namespace celeriac::wasm
