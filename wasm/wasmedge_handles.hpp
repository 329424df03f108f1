#pragma once
// Owners of the engine's contexts. Only for the files that are the engine seam: engine.cpp and guest_*.cpp.

#include <wasmedge/wasmedge.h>

#include <memory>
#include <string_view>

namespace celeriac::wasm::wasmedge {

template <auto deleter>
struct Deleter {
  template <class T>
  void operator()(T* context) const noexcept {
    deleter(context);
  }
};
using Configure = std::unique_ptr<WasmEdge_ConfigureContext, Deleter<WasmEdge_ConfigureDelete>>;
using Loader = std::unique_ptr<WasmEdge_LoaderContext, Deleter<WasmEdge_LoaderDelete>>;
using Validator = std::unique_ptr<WasmEdge_ValidatorContext, Deleter<WasmEdge_ValidatorDelete>>;
using Executor = std::unique_ptr<WasmEdge_ExecutorContext, Deleter<WasmEdge_ExecutorDelete>>;
using Compiler = std::unique_ptr<WasmEdge_CompilerContext, Deleter<WasmEdge_CompilerDelete>>;
using Store = std::unique_ptr<WasmEdge_StoreContext, Deleter<WasmEdge_StoreDelete>>;
using Ast = std::unique_ptr<WasmEdge_ASTModuleContext, Deleter<WasmEdge_ASTModuleDelete>>;
using ModuleInstance =
    std::unique_ptr<WasmEdge_ModuleInstanceContext, Deleter<WasmEdge_ModuleInstanceDelete>>;
using FunctionType = std::unique_ptr<WasmEdge_FunctionTypeContext, Deleter<WasmEdge_FunctionTypeDelete>>;

/// A view: the engine copies it where it keeps it.
inline WasmEdge_String view(std::string_view text) {
  return WasmEdge_StringWrap(text.data(), static_cast<std::uint32_t>(text.size()));
}

}  // namespace celeriac::wasm::wasmedge
