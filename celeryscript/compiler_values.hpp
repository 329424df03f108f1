#pragma once
// Data nodes as values, and the variables of sequences and calls.

#include "celeryscript/ast.hpp"
#include "celeryscript/tables.hpp"
#include "protocol/error.hpp"

namespace celeriac::celeryscript {

/// A data node: `numeric`, `text`, `coordinate`, `point`, `tool`, `identifier`, … `invalid_code` at the node
/// for any other kind.
protocol::Result<DataValue> data_value(const Node& node);

/// The `locals` of a sequence; none for an rpc_request.
protocol::Result<std::vector<Declaration>> declarations(const Node& root);

/// The `parameter_application` items of a body. Of two with one label the later wins.
protocol::Result<Scope> applications(const Node& node);

/// Variables that come from outside, `{label: value}`: a number, a text, or a node. Errors: malformed, and as
/// the checker has them, with their place in the value.
protocol::Result<Scope> applications_of(const nlohmann::json& values);

/// The items of a farm event's or regimen's body: `parameter_application`s, or declarations. Later ones win.
protocol::Result<Scope> applications_of_items(const nlohmann::json& items);

}  // namespace celeriac::celeryscript
