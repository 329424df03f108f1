#pragma once
// Writes components as the usual encoder lays them out around a core module, for the tests: the parts that a
// host looks at are true, the descriptions between them are not there.

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "tests/wasm/foreign/samples.hpp"

namespace celeriac::testing {

class ComponentWriter {
 public:
  ComponentWriter& core_module(const ModuleBytes& module) { return section(1, module); }
  ComponentWriter& nested(const ModuleBytes& component) { return section(4, component); }
  /// A section of one function that is lifted, or lowered, with these options as they stand in the bytes.
  ComponentWriter& lift(const ModuleBytes& options, std::uint8_t number);
  ComponentWriter& lower(const ModuleBytes& options, std::uint8_t number);
  ComponentWriter& custom(std::string_view name, const ModuleBytes& contents);
  ComponentWriter& section(std::uint8_t id, const ModuleBytes& contents);
  [[nodiscard]] const ModuleBytes& bytes() const noexcept { return bytes_; }

 private:
  ModuleBytes bytes_{0, 'a', 's', 'm', 0x0D, 0, 1, 0};
};

/// A component around `main`: beside it a shim and a fixup, canonical functions with UTF-8, memory and
/// realloc, and a nested component that only passes an interface on.
ModuleBytes component_around(const ModuleBytes& main);

/// The modules that the usual encoder puts beside the main one.
ModuleBytes shim_module();
ModuleBytes fixup_module();

}  // namespace celeriac::testing
