#pragma once
// The name section of a foreign module, as far as it goes along. Inside of this folder only.

#include "wasm/foreign/module.hpp"
#include "wasm/leb128.hpp"

namespace celeriac::wasm::foreign {

/// Contents of a new name section, its name included: the module's name and those of functions, which from
/// `first_moved` on have moved by `by`. Empty if there are no names, or none that can be trusted.
[[nodiscard]] Bytes renumbered_names(const ForeignModule& module, std::uint32_t first_moved,
                                     std::uint32_t by);

}  // namespace celeriac::wasm::foreign
