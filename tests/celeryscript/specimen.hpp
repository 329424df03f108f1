#pragma once
// Minimal documents made from the grammar table: one for every kind, in a place where it may stand.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "celeryscript/checker.hpp"
#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript::test {

/// A node of the kind with every argument and no body, valid in itself.
nlohmann::json specimen(const Kind& kind);

/// A document that holds a specimen, and the JSON pointer to it.
struct Placed {
  nlohmann::json document;
  std::string pointer;
};

/// The shortest way from a sequence down to the kind; the kind itself where a sequence cannot hold it.
Placed placed(const Kind& kind);

/// A sequence without variables.
nlohmann::json sequence(nlohmann::json body);

/// Parsed, and compared with the grammar only.
Parsed checked(const nlohmann::json& document);

/// Whether there is a diagnostic with this code at this pointer.
bool has(const Diagnostics& diagnostics, std::string_view code, std::string_view pointer);

/// For messages of failed tests.
std::string report(const Parsed& parsed);

}  // namespace celeriac::celeryscript::test
