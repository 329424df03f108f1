#pragma once
// What the grammar table cannot say: rules between the arguments of one node, and the texts for the
// mistakes that people make most.

#include <string_view>

#include "celeryscript/ast.hpp"
#include "celeryscript/diagnostic.hpp"

namespace celeriac::celeryscript {

/// Reports arguments that no device would carry out together, a digital pin written with 2; and warns of
/// what runs here but cannot be stored in an account.
void check_rules(const Document& document, const Node& node, Diagnostics& diagnostics);

/// What the web app says where `nothing` stands in place of a value; "" if it has no text for it.
[[nodiscard]] std::string_view text_for_nothing(std::string_view kind) noexcept;

}  // namespace celeriac::celeryscript
