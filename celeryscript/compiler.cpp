#include "celeryscript/compiler.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>
#include <nlohmann/json.hpp>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"
#include "wasm/reader.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace protocol::literals;

/// A micro-step that asks for nothing: it shows in a debugger, and costs a call.
protocol::Result<void> lower_nothing(Lowering& lowering, const Node&) {
  lowering.steps.open();
  lowering.steps.close();
  return {};
}

protocol::Result<void> lower_execute_step(Lowering& lowering, const Node& node) {
  return lower_execute(lowering, node, lowering.steps.next() + 1);
}

/// The names of the `channel` items, as a JSON array.
protocol::Result<std::string> channels(const Node& node) {
  nlohmann::json names = nlohmann::json::array();
  for (const Node* item : node.body) {
    if (item->word != "channel") return refuse_kind(*item);
    const auto name = word(*item, "channel_name");
    if (!name) return std::unexpected(name.error());
    names.push_back(*name);
  }
  return names.dump();
}

protocol::Result<void> lower_send_message(Lowering& lowering, const Node& node) {
  static const protocol::Operation& send = "SYS.SEND_MESSAGE"_op;
  StepWriter& steps = lowering.steps;
  wasm::Code& code = steps.open();
  for (const protocol::Field& field : send.fields) {
    if (field.type == protocol::FieldType::texts) {
      const auto listed = channels(node);
      if (!listed) return std::unexpected(listed.error());
      code.i32_const(steps.text(*listed));
    } else {  // the operation calls them as the node does: message, message_type
      const auto written = word(node, field.name);
      if (!written) return std::unexpected(written.error());
      code.i32_const(steps.text(*written));
    }
  }
  code.call(steps.import(send));
  steps.close();
  return {};
}

struct KindRow {
  std::string_view kind;
  Lower lower;
};
/// Kinds that are more than one operation with the node's arguments; those are in compiler_operations.cpp.
constexpr KindRow kind_rows[] = {
    {"_if", lower_if},          {"execute", lower_execute_step},
    {"move", lower_move},       {"move_absolute", lower_move_absolute},
    {"nothing", lower_nothing}, {"send_message", lower_send_message},
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

protocol::Result<void> lower_execute(Lowering& lowering, const Node& node, StepIndex next) {
  const auto id = whole(node, "sequence_id");
  if (!id) return std::unexpected(id.error());
  if (!node.body.empty()) return refuse_kind(*node.body.front());
  StepWriter& steps = lowering.steps;
  steps.open().i32_const(*id).call(steps.import_execute());
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
  Lowering lowering;
  auto lowered = lower_body(lowering, root);
  if (!lowered) return std::unexpected(std::move(lowered.error()));

  Program program;
  program.kind = root.word;
  program.name = document.name;
  program.resource_id = document.resource_id;
  program.body_nodes = static_cast<std::uint32_t>(root.body.size());
  std::move(lowering.steps).finish(program, document.name.empty() ? program.kind : document.name);
  return program;
}

}  // namespace celeriac::celeryscript
