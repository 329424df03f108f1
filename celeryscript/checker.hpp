#pragma once
// From tree to trust: is the document CeleryScript, and can this version run it?

#include <string>

#include "celeryscript/ast.hpp"
#include "celeryscript/diagnostic.hpp"
#include "celeryscript/parser.hpp"

namespace celeriac::celeryscript {

/// Compares a tree with the grammar table: kinds, arguments, types, enumerations, bodies, bindings of
/// variables, and values that no device would take. Finds every error. What is tolerated beside the
/// grammar stands in its table (`ArgumentRule::leniency`, `Kind::tolerated`).
void check(const Document& document, Diagnostics& diagnostics);

/// Whether the root is a program: a sequence or an rpc_request.
void check_root(const Document& document, Diagnostics& diagnostics);

/// All of it, in the order of the document: parse(), check() and check_root(). The document may
/// be compiled if `diagnostics.clean()`.
[[nodiscard]] Parsed read(std::string source);

}  // namespace celeriac::celeryscript
