#pragma once
// Assets as a person wants to see them: the columns that matter for each kind.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"

namespace celeriac::console {

/// A table of the items of a kind ("point"); one item of a singleton as lines of name and value.
std::string asset_table(std::string_view kind, const std::vector<protocol::Json>& items);

/// All fields of an item, one a line.
std::string asset_lines(const protocol::Json& item);

/// "51 Beet", "11 Water": an item in a sentence.
std::string asset_title(const protocol::Json& item);

}  // namespace celeriac::console
