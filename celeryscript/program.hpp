#pragma once
// A compiled sequence: a resumable WebAssembly module, and what the host needs to run and show it.
//
// The module has no memory, no table and no loop. It exports one function for each micro-step,
// "0", "1", …, of type () -> i32: it asks for at most one operation by calling an import, and returns the
// index of the micro-step that comes next, or `end`. The host carries the operation out, puts its
// results into the exported input globals, and calls the next micro-step. A node of CeleryScript may
// take several micro-steps.

#include <cstdint>
#include <string>
#include <vector>

#include "celeryscript/tables.hpp"
#include "wasm/step_map.hpp"

namespace celeriac::celeryscript {

/// Index of a micro-step.
using StepIndex = std::int32_t;

/// What the last micro-step of a sequence returns.
inline constexpr StepIndex end = -1;

/// Exported mutable globals that the host sets before a micro-step which reads them; they are the module's
/// first globals, in this order, and the variables "v0" … follow them.
/// `value` (f64): what the call before returned: an operation's return value, a register's number (NaN if
/// unknown), what a script or an operand is worth.
/// `x` `y` `z` (f64): the register `position`, NaN where unknown, or a place that was asked for.
inline constexpr const char* input_globals[] = {"value", "x", "y", "z"};

// A micro-step `{node, begins_node, reads_inputs}`, and a node that is executed `{pointer, kind}`.
using wasm::Step;
using wasm::StepNode;

/// A compiled sequence or rpc_request.
struct Program {
  /// WebAssembly, with the custom sections "name", "celeriac.steps", "celeriac.texts".
  std::vector<std::uint8_t> module;
  std::vector<Step> steps;  ///< by micro-step; empty for an empty body, which ends at once
  std::vector<StepNode> nodes;
  Tables tables;
  std::vector<Declaration> locals;  ///< the variables that the sequence declares, in the document's order
  std::uint32_t variables = 0;      ///< number of exported f64 globals "v0" … that belong to a process
  std::uint32_t body_nodes = 0;     ///< nodes in the top-level body: what a progress bar counts

  std::string kind;              ///< of the root: "sequence", "rpc_request"
  std::string name;              ///< the resource's name, "" if there is none
  std::int64_t resource_id = 0;  ///< the resource's id, 0 if there is none
};

}  // namespace celeriac::celeryscript
