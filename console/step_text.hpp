#pragma once
// A node of CeleryScript in a few words, for whoever watches it run.

#include <string>
#include <string_view>

#include "celeryscript/ast.hpp"

namespace celeriac::console {

/// The node at a JSON pointer of the document; nullptr if there is none.
const celeryscript::Node* node_at(const celeryscript::Document& document, std::string_view pointer);

/// "write_pin pin_number 8, pin_value 1"; its comment, where it has one, comes first.
std::string step_text(const celeryscript::Node& node);

}  // namespace celeriac::console
