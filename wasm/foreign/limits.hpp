#pragma once
// How much of everything a foreign module may have. The defaults are far above what compilers make of
// programs for a garden robot, and far below what hurts the engine; a package may be given other ones.

#include <cstddef>
#include <cstdint>

namespace celeriac::wasm::foreign {

inline constexpr std::size_t wasm_page_bytes = 65'536;

struct Limits {
  /// Of the whole module, and of a component around it. The interpreter keeps about twelve times as much.
  std::size_t module_bytes = 32 << 20;
  std::uint32_t types = 10'000;
  std::uint32_t parameters = 256;  ///< of a function
  std::uint32_t results = 64;      ///< of a function
  std::uint32_t imports = 2'000;
  std::uint32_t functions = 50'000;  ///< its own, without the imported ones
  std::uint32_t tables = 16;
  /// What a table may hold at its start, and the maximum that is imposed on it: the engine has none for
  /// table.grow, and ends the process for a table of four thousand million.
  std::uint32_t table_elements = 65'536;
  /// What a memory may have at its start, and the maximum that is imposed on it: 64 MiB.
  std::uint32_t memory_pages = 1'024;
  std::uint32_t globals = 10'000;
  std::uint32_t exports = 10'000;
  std::uint32_t element_segments = 10'000;
  std::uint32_t element_items =
      200'000;  ///< in all segments together: the engine keeps a hundred bytes of each
  std::uint32_t data_segments = 50'000;
  std::uint32_t custom_sections = 1'000;
  std::uint32_t body_bytes = 1 << 20;
  /// Parameters and declared locals of one function: the engine clears them at each call, 16 bytes each.
  std::uint32_t locals = 10'000;
  /// Blocks inside each other: compilers make one for each case of a `switch`.
  std::uint32_t nesting = 2'000;
  std::uint32_t name_bytes = 4'096;  ///< of an import or export

  /// What a module may become when it is instrumented: code from compilers grows by a tenth, code that wants
  /// to grow by ten times.
  [[nodiscard]] std::size_t instrumented_bytes() const noexcept { return 2 * module_bytes + (1 << 20); }
  /// The limits that a module within these keeps after it has been instrumented.
  [[nodiscard]] Limits instrumented() const noexcept;
};

}  // namespace celeriac::wasm::foreign
