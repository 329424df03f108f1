#pragma once
// A line of the console as words, and what it asks for.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/tui/suggestions.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "protocol/operations.hpp"

namespace celeriac::console::tui {

/// Blanks separate words; quotes ('…', "…") keep them together. An open quote ends with the line.
std::vector<std::string> words_of(std::string_view line);

/// By long name, wire name or the name behind the dot, in capitals or not: "SYS.HOME", "home", "CFGRD".
/// nullptr if there is none, or if several namespaces have it.
const protocol::Operation* operation_of(std::string_view word);

/// The operation that the line calls, if it calls one: a name that a command of the command line has as well
/// ("home") is that command, unless it is in capitals.
const protocol::Operation* called_by(const std::vector<std::string>& words);

/// Fields of the operation from `field=value` words; ids of codes may be given by name.
protocol::Result<protocol::Json> fields_of_words(const protocol::Operation& operation,
                                                 const std::vector<std::string>& words, const Names& names);

/// Why a command of the command line makes no sense in here; nullopt if it does.
std::optional<std::string> not_in_here(const std::vector<std::string>& words);

}  // namespace celeriac::console::tui
