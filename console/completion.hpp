#pragma once
// Completion for shells, made from the table of commands and the table of operations.

#include <string>

namespace celeriac::console {

/// The kinds of assets that every host has, with blanks between.
extern const char* const asset_kind_words;

/// A script that bash reads: `source <(celeriac completion bash)`.
std::string bash_completion();

}  // namespace celeriac::console
