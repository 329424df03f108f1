// What is good CeleryScript and comes later here. The table's column `runs` says which kinds.

#include <format>

#include "celeryscript/checker.hpp"
#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript {
namespace {

bool is_program(const Kind& kind) {
  return kind.name == "sequence" || kind.name == "rpc_request";
}

/// Whether the root is a program. (Of no known kind it has been refused elsewhere.)
bool check_root(const Document& document, Diagnostics& diagnostics) {
  const Node& root = *document.root;
  if (root.kind == nullptr || is_program(*root.kind)) return true;
  if (diagnostics.mentions(root.kind_span) || !diagnostics.room()) return false;
  const bool step = contains(commands(), *root.kind);
  diagnostics.add(
      document.source,
      {.code = "not_a_program",
       .message = std::format("A '{}' is not a program: only a sequence or an rpc_request can be run.{}",
                              root.word, step ? " Put this step into the body of one." : ""),
       .pointer = "",
       .span = root.kind_span,
       .expected = {"sequence", "rpc_request"}});
  return false;
}

void check_node(const Document& document, const Node& node, Diagnostics& diagnostics) {
  const Kind* kind = node.kind;
  if (kind == nullptr || !kind->in_grammar()) return;
  if (!kind->runs) {
    // One word about one place: a broken rule weighs more.
    if (diagnostics.mentions(node.kind_span) || diagnostics.mentions(node.span) || !diagnostics.room())
      return;
    const bool gone = kind->standing == Standing::outdated;
    diagnostics.add(document.source,
                    {.code = gone ? "legacy_kind" : "unsupported_kind",
                     .message = std::format("no compiler for {}: {}", kind->name,
                                            gone ? "no device runs it any more; remove the step."
                                                 : "this version does not run it yet."),
                     .pointer = node.pointer(),
                     .span = node.kind_span});
    return;  // what it holds cannot be reached
  }
  for (const Argument& argument : node.args) {
    if (const auto* child = std::get_if<const Node*>(&argument.value))
      check_node(document, **child, diagnostics);
  }
  for (const Node* item : node.body) check_node(document, *item, diagnostics);
}

}  // namespace

void check_supported(const Document& document, Diagnostics& diagnostics) {
  if (document.root == nullptr) return;
  if (check_root(document, diagnostics)) check_node(document, *document.root, diagnostics);
}

}  // namespace celeriac::celeryscript
