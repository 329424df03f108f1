#pragma once
// Kinds to micro-steps: what the parts of the compiler offer one another.

#include <string>
#include <string_view>

#include "celeryscript/ast.hpp"
#include "celeryscript/compiler_steps.hpp"
#include "protocol/error.hpp"

namespace celeriac::celeryscript {

/// A program in the making.
struct Lowering {
  StepWriter steps;
  std::string pointer;  ///< of the node that is lowered
};

/// Writes the micro-steps of a node whose begin_node() has been called.
using Lower = protocol::Result<void> (*)(Lowering& lowering, const Node& node);

/// Kinds that are one operation with the node's own arguments; nullptr: the kind is not one of them.
struct OperationKind;
const OperationKind* find_operation_kind(std::string_view kind) noexcept;
protocol::Result<void> lower_operation(Lowering& lowering, const Node& node, const OperationKind& kind);

protocol::Result<void> lower_if(Lowering& lowering, const Node& node);
protocol::Result<void> lower_move(Lowering& lowering, const Node& node);
protocol::Result<void> lower_move_absolute(Lowering& lowering, const Node& node);

/// One micro-step that runs a called sequence and goes on at `next`.
protocol::Result<void> lower_execute(Lowering& lowering, const Node& node, StepIndex next);

}  // namespace celeriac::celeryscript
