#pragma once
// From text to tree: JSON by nlohmann-json's event interface, with the place of every value kept.

#include <cstddef>
#include <string>

#include "celeryscript/ast.hpp"
#include "celeryscript/diagnostic.hpp"

namespace celeriac::celeryscript {

/// Bounds on what a peer may make us hold. A document beyond one of them is refused with a diagnostic.
inline constexpr std::size_t most_source_bytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t deepest_json = 256;    ///< levels of objects and arrays, ignored ones included
inline constexpr std::size_t most_nodes = 131'072;  ///< with their arguments about 100 MB at the very worst
inline constexpr std::size_t most_arguments = 8;    ///< of one node; the grammar's kinds have at most 5

struct Parsed {
  Document document;
  Diagnostics diagnostics;
};

/// Reads a document: JSON, and the shape of nodes (`kind`, `args`, `body`, `comment`; other keys are
/// attributes of resources and ignored, unless they look like one of the four misspelt). All errors
/// of shape are found at once; text that is not JSON ends the work with one diagnostic at the place,
/// and `document.root` is nullptr. Whether kinds and values are as the grammar has them is check()'s work.
[[nodiscard]] Parsed parse(std::string source);

}  // namespace celeriac::celeryscript
