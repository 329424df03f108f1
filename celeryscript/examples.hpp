#pragma once
// An example of every kind that runs, for docs/celeryscript.md; a test runs each of them.

#include <string_view>

namespace celeriac::celeryscript {

/// CeleryScript: a program, a step, or what is no step in the step that holds it. Ids are those of the garden
/// that the document describes. "" for kinds that do not run.
std::string_view example_of(std::string_view kind) noexcept;

/// Whether the example is a document of its own; otherwise it is a step, for the body of a sequence whose
/// variables `Place` (a coordinate), `Number` and `Text` it may use.
bool is_document(std::string_view example) noexcept;

}  // namespace celeriac::celeryscript
