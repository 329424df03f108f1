#pragma once
// A folder of sequences as JSON files, and `garden.json`: what they name, as the web API exports it.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/tiny_world.hpp"

namespace celeriac::reference {

struct ExampleFolder {
  Account account;                                      ///< without a root; all that have an id may be called
  std::vector<std::pair<std::string, Json>> documents;  ///< by file name: every root
};

/// Throws std::runtime_error with what cannot be read.
ExampleFolder read_examples(const std::filesystem::path& folder);

}  // namespace celeriac::reference
