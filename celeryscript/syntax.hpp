#pragma once
// What is wrong with text that is not JSON, in plain words.

#include <cstddef>
#include <string_view>

#include "celeryscript/diagnostic.hpp"

namespace celeriac::celeryscript {

/// `complaint` is what the JSON library says, `position` the number of bytes that it had read by then,
/// and the last good token ended at `after`.
[[nodiscard]] Diagnostic syntax_error(std::string_view source, std::string_view complaint,
                                      std::size_t position, std::size_t after);

}  // namespace celeriac::celeryscript
