#pragma once
// The WebAssembly Binary Toolkit as a second opinion on what we write.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace celeriac::testing {

/// What `wasm-validate` says about the module; "" if it accepts it.
std::string wasm_validate(std::span<const std::uint8_t> module);

/// The module that `wat2wasm` makes of the text; throws std::runtime_error with what it says.
std::vector<std::uint8_t> wat2wasm(const std::string& text);

}  // namespace celeriac::testing
