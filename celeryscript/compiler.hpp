#pragma once
// From tree to WebAssembly: a checked document becomes a resumable module and the maps that go with it.

#include "celeryscript/ast.hpp"
#include "celeryscript/program.hpp"
#include "protocol/error.hpp"

namespace celeriac::celeryscript {

/// Compiles a sequence or an rpc_request. The document should have come through the checker; whatever
/// cannot be compiled all the same is `invalid_code` with the JSON pointer of the place, never a crash.
protocol::Result<Program> compile(const Document& document);

}  // namespace celeriac::celeryscript
