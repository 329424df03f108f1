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

// Movement.
protocol::Result<void> lower_move(Lowering& lowering, const Node& node);
protocol::Result<void> lower_move_absolute(Lowering& lowering, const Node& node);

// Pins, by number or by name.
protocol::Result<void> lower_read_pin(Lowering& lowering, const Node& node);
protocol::Result<void> lower_write_pin(Lowering& lowering, const Node& node);
protocol::Result<void> lower_toggle_pin(Lowering& lowering, const Node& node);
protocol::Result<void> lower_read_peripheral(Lowering& lowering, const Node& node);
protocol::Result<void> lower_write_peripheral(Lowering& lowering, const Node& node);
/// The handle of a `named_pin`.
protocol::Result<Handle> pin_name(StepWriter& steps, const Node& named_pin);

// Where a sequence goes on.
protocol::Result<void> lower_if(Lowering& lowering, const Node& node);
protocol::Result<void> lower_assertion(Lowering& lowering, const Node& node);
protocol::Result<void> lower_execute_step(Lowering& lowering, const Node& node);
/// One micro-step that runs a called sequence and goes on at `next`.
protocol::Result<void> lower_execute(Lowering& lowering, const Node& node, StepIndex next);
/// The `execute` that stands in an argument; nullptr for `nothing`.
protocol::Result<const Node*> branch(const Node& node, std::string_view argument);
/// One micro-step for the `execute` of a branch, which goes on at `after`; nothing for nullptr.
protocol::Result<void> write_branch(Lowering& lowering, const Node* execute, std::string_view argument,
                                    StepIndex after);

// Scripts, messages, resources.
protocol::Result<void> lower_lua(Lowering& lowering, const Node& node);
protocol::Result<void> lower_send_message(Lowering& lowering, const Node& node);
protocol::Result<void> lower_set_user_env(Lowering& lowering, const Node& node);
protocol::Result<void> lower_update_resource(Lowering& lowering, const Node& node);
protocol::Result<void> lower_resource_update(Lowering& lowering, const Node& node);
protocol::Result<void> lower_change_ownership(Lowering& lowering, const Node& node);
protocol::Result<void> lower_register_gpio(Lowering& lowering, const Node& node);
protocol::Result<void> lower_unregister_gpio(Lowering& lowering, const Node& node);
protocol::Result<void> lower_script(Lowering& lowering, const Node& node);

}  // namespace celeriac::celeryscript
