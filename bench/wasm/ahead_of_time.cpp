// What the seam would cost with ahead-of-time code instead of the interpreter: compiling a module, and
// entering a step. Not part of the product, which is why it may know the engine.

#include <benchmark/benchmark.h>
#include <unistd.h>
#include <wasmedge/wasmedge.h>

#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench/wasm/modules.hpp"

using namespace celeriac;

namespace {

WasmEdge_Result count(void* calls, const WasmEdge_CallingFrameContext*, const WasmEdge_Value*,
                      WasmEdge_Value*) {
  ++*static_cast<std::uint64_t*>(calls);
  return WasmEdge_Result_Success;
}

void require(WasmEdge_Result result) {
  if (!WasmEdge_ResultOK(result)) throw std::runtime_error(WasmEdge_ResultGetMessage(result));
}

WasmEdge_Bytes view(const wasm::Bytes& bytes) {
  return WasmEdge_BytesWrap(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

/// The module with native code in a custom section.
wasm::Bytes compiled(const wasm::Bytes& module, WasmEdge_CompilerOptimizationLevel level) {
  const auto path = std::filesystem::temp_directory_path() / std::format("celeriac-bench-{}.wasm", getpid());
  WasmEdge_ConfigureContext* configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, level);
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, WasmEdge_CompilerOutputFormat_Wasm);
  WasmEdge_CompilerContext* compiler = WasmEdge_CompilerCreate(configure);
  require(WasmEdge_CompilerCompileFromBytes(compiler, view(module), path.c_str()));
  WasmEdge_CompilerDelete(compiler);
  WasmEdge_ConfigureDelete(configure);
  std::ifstream in(path, std::ios::binary);
  wasm::Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(path);
  return bytes;
}

void ahead_of_time_compile(benchmark::State& state) {
  const auto module = bench::module_of(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(compiled(module, WasmEdge_CompilerOptimizationLevel_O0));
}
BENCHMARK(ahead_of_time_compile)->Arg(100)->Unit(benchmark::kMillisecond);

/// One step of ahead-of-time code; argument 0: with a host call of six doubles, 1: without.
void ahead_of_time_step(benchmark::State& state) {
  WasmEdge_LogOff();
  const auto module = compiled(bench::module_of(100), WasmEdge_CompilerOptimizationLevel_O2);
  WasmEdge_ConfigureContext* configure = WasmEdge_ConfigureCreate();
  WasmEdge_LoaderContext* loader = WasmEdge_LoaderCreate(configure);
  WasmEdge_ValidatorContext* validator = WasmEdge_ValidatorCreate(configure);
  WasmEdge_ExecutorContext* executor = WasmEdge_ExecutorCreate(configure, nullptr);
  WasmEdge_StoreContext* store = WasmEdge_StoreCreate();
  WasmEdge_ASTModuleContext* ast = nullptr;
  require(WasmEdge_LoaderParseFromBytes(loader, &ast, view(module)));
  require(WasmEdge_ValidatorValidate(validator, ast));

  std::uint64_t calls = 0;
  const auto f64 = WasmEdge_ValTypeGenF64();
  const WasmEdge_ValType six[] = {f64, f64, f64, f64, f64, f64};
  WasmEdge_FunctionTypeContext* type = WasmEdge_FunctionTypeCreate(six, 6, nullptr, 0);
  const auto name = [](const char* text) {
    return WasmEdge_StringWrap(text, static_cast<std::uint32_t>(std::string_view(text).size()));
  };
  WasmEdge_ModuleInstanceContext* host = WasmEdge_ModuleInstanceCreate(name("SYS"));
  WasmEdge_ModuleInstanceAddFunction(host, name("MOVE_ABSOLUTE"),
                                     WasmEdge_FunctionInstanceCreate(type, count, &calls, 0));
  require(WasmEdge_ExecutorRegisterImport(executor, store, host));
  WasmEdge_ModuleInstanceContext* instance = nullptr;
  require(WasmEdge_ExecutorInstantiate(executor, &instance, store, ast));
  const auto* step = WasmEdge_ModuleInstanceFindFunction(instance, name(state.range(0) == 0 ? "0" : "1"));
  WasmEdge_Value returned;
  for (auto _ : state) {
    benchmark::DoNotOptimize(WasmEdge_ExecutorInvoke(executor, step, nullptr, 0, &returned, 1));
  }
  WasmEdge_ModuleInstanceDelete(instance);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_FunctionTypeDelete(type);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_ConfigureDelete(configure);
}
BENCHMARK(ahead_of_time_step)->Arg(0)->Arg(1)->ArgName("without_call");

}  // namespace
