#pragma once
// A glance at a core module: whether it may be the guest's own, and why it cannot be run by itself. Inside of
// this folder only.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wasm/cursor.hpp"

namespace celeriac::wasm::foreign {

/// Calls `take(id, contents)` for each section of a module or component behind its preamble; stops when it
/// returns false. False if the bytes end inside a section.
template <class Take>
bool for_each_section(std::span<const std::uint8_t> bytes, Take take) {
  constexpr std::size_t preamble_size = 8;
  if (bytes.size() < preamble_size) return false;
  for (Cursor in(bytes.subspan(preamble_size), preamble_size); !in.at_end();) {
    const std::uint8_t id = in.byte();
    const auto contents = in.take(in.unsigned32());
    if (!in.ok()) return false;
    if (!take(id, contents)) break;
  }
  return true;
}

struct Outline {
  bool is_readable = true;
  bool exports_memory = false;
  bool exports_wanted = false;  ///< is_wanted_export()
  bool is_linked_at_run_time = false;
  std::string obstacle;  ///< the first reason why it cannot be run by itself; "" if there is none

  [[nodiscard]] bool may_be_main() const noexcept { return exports_memory && exports_wanted; }
};

/// Looks at imports, exports, the memory and custom sections. Types and code are left to read().
Outline outline_of(std::span<const std::uint8_t> core_module);

}  // namespace celeriac::wasm::foreign
