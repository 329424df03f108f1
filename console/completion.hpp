#pragma once
// Completion for shells, made from the table of commands and the table of operations.

#include <string>

namespace celeriac::console {

/// A script that bash reads: `source <(celeriac completion bash)`.
std::string bash_completion();

}  // namespace celeriac::console
