#pragma once
// The WebAssembly Binary Toolkit as a second opinion on what we write.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace celeriac::testing {

/// What `wasm-validate` says about the module; "" if it accepts it.
std::string wasm_validate(std::span<const std::uint8_t> module);

/// What `wasm-interp` prints when it calls every export without parameters in its order: the results or the
/// trap of each, and each call of an imported function, which returns zeros.
std::string wasm_interp(std::span<const std::uint8_t> module);

/// The module that `wat2wasm` makes of the text; throws std::runtime_error with what it says.
std::vector<std::uint8_t> wat2wasm(const std::string& text);

}  // namespace celeriac::testing
