#pragma once
// `field=value` words of a command line, as a document.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "protocol/operations.hpp"

namespace celeriac::console {

/// A value as people type it: JSON if it is JSON, else the text itself.
protocol::Json value_of(std::string_view text);

/// Splits `name=value` at the first `=`; Status::malformed with a sentence where there is none.
protocol::Result<std::pair<std::string, std::string>> split_assignment(std::string_view word);

/// The fields of an operation from `field=value` words. The table decides what a value is where JSON alone
/// cannot: a text field takes `5` as a text, a list of texts takes `a,b`, a choice takes its name.
/// Status::malformed with a sentence that names the field and what would be right.
protocol::Result<protocol::Json> fields_of(const protocol::Operation& operation,
                                           const std::vector<std::string>& words);

/// How an operation is called, for help and errors: "x=NUMBER (mm) …".
std::string usage_of(const protocol::Operation& operation);

}  // namespace celeriac::console
