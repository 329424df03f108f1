#pragma once
// Modules for the tests of wasm/foreign: those of the folder `modules`, and some that are put together byte
// by byte.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace celeriac::testing {

using ModuleBytes = std::vector<std::uint8_t>;

/// The module that was made of modules/NAME.wat.
ModuleBytes sample(std::string_view name);

/// A section: its number, and its contents.
using Section = std::pair<std::uint8_t, ModuleBytes>;

/// The preamble of a core module and the sections, each with its length in front.
ModuleBytes core_module(const std::vector<Section>& sections);

/// The contents of a vector: how many, then their bytes.
ModuleBytes vector_of(std::uint32_t count, const ModuleBytes& each);

/// Length, then the text.
ModuleBytes text_bytes(std::string_view text);

/// One after the other.
ModuleBytes joined_bytes(std::initializer_list<ModuleBytes> parts);

}  // namespace celeriac::testing
