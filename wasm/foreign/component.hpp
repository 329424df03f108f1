#pragma once
// Finds the core module that is the guest's own in what its tool chain made. A component wraps it in
// descriptions and in modules that only pass calls on; the names of its imports and exports survive in it, so
// that a host that offers those names runs it directly. Where that does not work (several programs linked
// together, dynamic linking, asynchronous functions, 64-bit memory, texts that are not UTF-8) the bytes are
// refused with the reason.

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/error.hpp"
#include "wasm/foreign/limits.hpp"

namespace celeriac::wasm::foreign {

/// Core modules in a component: more are not looked at.
inline constexpr std::size_t max_core_modules = 64;
/// Components inside each other.
inline constexpr std::size_t max_component_nesting = 8;

/// The guest's own module: the bytes themselves if they are a core module, else the only core module at the
/// top of the component that exports a memory and something that a host calls (`init`, a messaging handler,
/// `_start`, …). Looks at each byte at most a few times. Errors: `invalid_code`, naming the first reason.
protocol::Result<std::span<const std::uint8_t>> main_module(std::span<const std::uint8_t> bytes,
                                                            const Limits& limits = {});

/// True if a host would call an export of that name.
[[nodiscard]] bool is_wanted_export(std::string_view name) noexcept;

}  // namespace celeriac::wasm::foreign
