#include "celeryscript/compiler.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"
#include "celeryscript/compiler_values.hpp"
#include "wasm/reader.hpp"

namespace celeriac::celeryscript {
namespace {

/// A micro-step that asks for nothing: it shows in a debugger, and costs a call.
protocol::Result<void> lower_nothing(Lowering& lowering, const Node&) {
  lowering.steps.open();
  lowering.steps.close();
  return {};
}

struct KindRow {
  std::string_view kind;
  Lower lower;
};
/// Kinds that are more than one operation with the node's arguments; those are in compiler_operations.cpp.
constexpr KindRow kind_rows[] = {
    {"_if", lower_if},
    {"assertion", lower_assertion},
    {"change_ownership", lower_change_ownership},
    {"execute", lower_execute_step},
    {"execute_script", lower_script},
    {"internal_entry_point", lower_nothing},
    {"lua", lower_lua},
    {"move", lower_move},
    {"move_absolute", lower_move_absolute},
    {"nothing", lower_nothing},
    {"read_peripheral", lower_read_peripheral},
    {"read_pin", lower_read_pin},
    {"register_gpio", lower_register_gpio},
    {"resource_update", lower_resource_update},
    {"send_message", lower_send_message},
    {"set_user_env", lower_set_user_env},
    {"take_photo", lower_script},
    {"toggle_pin", lower_toggle_pin},
    {"unregister_gpio", lower_unregister_gpio},
    {"update_resource", lower_update_resource},
    {"write_peripheral", lower_write_peripheral},
    {"write_pin", lower_write_pin},
};

protocol::Result<void> lower_node(Lowering& lowering, const Node& node) {
  lowering.steps.begin_node(node.word, lowering.pointer);
  if (const OperationKind* kind = find_operation_kind(node.word))
    return lower_operation(lowering, node, *kind);
  const auto* row = std::ranges::find(kind_rows, node.word, &KindRow::kind);
  if (row != std::end(kind_rows)) return row->lower(lowering, node);
  return refuse_kind(node);
}

protocol::Result<void> lower_body(Lowering& lowering, const Node& root) {
  lowering.pointer = "/body/";
  const std::size_t prefix = lowering.pointer.size();
  for (std::size_t i = 0; i < root.body.size(); ++i) {
    char digits[16];
    lowering.pointer.resize(prefix);
    lowering.pointer.append(digits, std::to_chars(digits, std::end(digits), i).ptr);
    auto lowered = lower_node(lowering, *root.body[i]);
    if (!lowered) return lowered;
    if (static_cast<std::size_t>(lowering.steps.next()) > wasm::max_steps) {
      return refuse(*root.body[i],
                    std::format("The sequence is too long: at most {} steps are compiled.", wasm::max_steps));
    }
  }
  return {};
}

}  // namespace

protocol::Result<void> lower_execute_step(Lowering& lowering, const Node& node) {
  return lower_execute(lowering, node, lowering.steps.next() + 1);
}

protocol::Result<void> lower_execute(Lowering& lowering, const Node& node, StepIndex next) {
  const auto id = whole(node, "sequence_id");
  if (!id) return std::unexpected(id.error());
  Handle passed = no_handle;
  StepWriter& steps = lowering.steps;
  if (!node.body.empty()) {
    auto scope = applications(node);
    if (!scope) return std::unexpected(std::move(scope.error()));
    passed = steps.add(&Tables::applications, std::move(*scope));
  }
  steps.open().i32_const(*id).i32_const(passed).call(steps.import(HostCall::execute));
  steps.close(next);
  return {};
}

protocol::Result<Program> compile(const Document& document) {
  if (document.root == nullptr) {
    return protocol::fail(protocol::Status::invalid_code, "There is no sequence in the document.");
  }
  const Node& root = *document.root;
  if (root.word != "sequence" && root.word != "rpc_request") {
    return refuse(root, std::format("A `{}` cannot be run by itself: put it into the body of a `sequence`.",
                                    root.word));
  }
  auto locals = declarations(root);
  if (!locals) return std::unexpected(std::move(locals.error()));
  Lowering lowering;
  auto lowered = lower_body(lowering, root);
  if (!lowered) return std::unexpected(std::move(lowered.error()));

  Program program;
  program.locals = std::move(*locals);
  program.kind = root.word;
  program.name = document.name;
  program.resource_id = document.resource_id;
  program.body_nodes = static_cast<std::uint32_t>(root.body.size());
  std::move(lowering.steps).finish(program, document.name.empty() ? program.kind : document.name);
  return program;
}

}  // namespace celeriac::celeryscript
