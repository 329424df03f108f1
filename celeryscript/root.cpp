// Whether the root of a document can be run.

#include <format>

#include "celeryscript/checker.hpp"
#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript {

void check_root(const Document& document, Diagnostics& diagnostics) {
  if (document.root == nullptr) return;
  const Node& root = *document.root;
  // Of no known kind it has been refused elsewhere.
  if (root.kind == nullptr || root.kind->name == "sequence" || root.kind->name == "rpc_request") return;
  if (!root.kind->runs() || !diagnostics.room()) return;  // of the former it has been told too
  const bool step = contains(commands(), *root.kind);
  diagnostics.add(
      document.source,
      {.code = "not_a_program",
       .message = std::format("A '{}' is not a program: only a sequence or an rpc_request can be run.{}",
                              root.word, step ? " Put this step into the body of one." : ""),
       .pointer = "",
       .span = root.kind_span,
       .expected = {"sequence", "rpc_request"}});
}

}  // namespace celeriac::celeryscript
