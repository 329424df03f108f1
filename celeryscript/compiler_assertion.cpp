// `assertion`: evaluate, and go where its type says.
//
//     ASSERTION               1 if it holds; the host ends the process where the type is `abort`
//     compare                 goes on, or to the recovery
//     [_then: execute]        the recovery
//     [ABORT]                 after the recovery of `abort_recover`

#include <format>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {

using protocol::Result;

Result<void> lower_assertion(Lowering& lowering, const Node& node) {
  StepWriter& steps = lowering.steps;
  const auto code = word(node, "lua");
  if (!code) return std::unexpected(code.error());
  const auto type = word(node, "assertion_type");
  if (!type) return std::unexpected(type.error());
  const auto recovery = branch(node, "_then");
  if (!recovery) return std::unexpected(recovery.error());

  const Handle script = steps.add(&Tables::scripts, std::string(*code));
  const std::string_view header = node.comment.empty() ? "Assertion" : node.comment;
  steps.open()
      .i32_const(steps.add(
          &Tables::assertions,
          Assertion{.script = script, .type = std::string(*type), .header = std::format("[{}]", header)}))
      .call(steps.import(HostCall::assertion));
  steps.close();
  const bool aborts = *type == "abort_recover";
  if (*type != "recover" && !aborts) return {};

  const StepIndex recover = steps.next() + 1;
  const StepIndex abort = recover + (*recovery != nullptr ? 1 : 0);
  const StepIndex after = abort + (aborts ? 1 : 0);
  steps.open(StepWriter::Inputs::read).global_get(StepWriter::input(Input::value)).f64_const(0).f64_ne();
  steps.close(after, recover);
  if (auto written = write_branch(lowering, *recovery, "_then", abort); !written) return written;
  if (!aborts) return {};
  steps.begin_node(node.word, lowering.pointer);
  steps.open()
      .i32_const(steps.text("aborted: the assertion failed, and its recovery has run."))
      .call(steps.import(HostCall::abort));
  steps.close();
  return {};
}

}  // namespace celeriac::celeryscript
