#include "wasm/guest_compiler.hpp"

#include <unistd.h>

#include <boost/hash2/sha2.hpp>
#include <format>

#include "wasm/guest_code.hpp"
#include "wasm/guest_contexts.hpp"

namespace celeriac::wasm {

using protocol::Status;

std::string compiled_name(std::span<const std::uint8_t> bytes, const GuestLimits& limits) {
  boost::hash2::sha2_256 hash;
  const auto about = std::format("celeriac {} wasmedge {} {} {} {} {} {}\n", CELERIAC_VERSION,
                                 WasmEdge_VersionGet(), limits.memory_pages, limits.table_elements,
                                 limits.depth, limits.fuel_slice, max_host_values);
  hash.update(about.data(), about.size());
  hash.update(bytes.data(), bytes.size());
  return std::format("{}.wasm", to_string(hash.result()).c_str());
}

protocol::Result<std::filesystem::path> compile_ahead_of_time(std::span<const std::uint8_t> bytes,
                                                              const GuestLimits& limits,
                                                              const std::filesystem::path& directory) {
  auto code = guest_code(bytes, limits);
  if (!code) return std::unexpected(std::move(code.error()));
  WasmEdge_LogOff();
  const wasmedge::Configure configure(WasmEdge_ConfigureCreate());
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure.get(), WasmEdge_CompilerOptimizationLevel_O2);
  // A module with a section more, not a shared object: the loader never calls dlopen.
  WasmEdge_ConfigureCompilerSetOutputFormat(configure.get(), WasmEdge_CompilerOutputFormat_Wasm);
  // For any processor of the architecture: the card may move to another board.
  WasmEdge_ConfigureCompilerSetGenericBinary(configure.get(), true);
  const wasmedge::Compiler compiler(WasmEdge_CompilerCreate(configure.get()));
  if (!compiler)
    return protocol::fail(Status::failed,
                          "The WebAssembly engine has no ahead-of-time compiler on this machine.");

  const auto path = directory / compiled_name(bytes, limits);
  const auto unfinished = std::filesystem::path(path).concat(std::format(".{}.new", getpid()));
  const auto result = WasmEdge_CompilerCompileFromBytes(
      compiler.get(), WasmEdge_BytesWrap(code->bytes.data(), static_cast<std::uint32_t>(code->bytes.size())),
      unfinished.c_str());
  std::error_code error;
  if (WasmEdge_ResultGetCode(result) != 0) {
    std::filesystem::remove(unfinished, error);
    return refused(Status::invalid_code, "cannot compile the module", result);
  }
  std::filesystem::rename(unfinished, path, error);
  if (error) {
    return protocol::fail(Status::failed,
                          std::format("{} cannot be written: {}.", path.string(), error.message()));
  }
  return path;
}

}  // namespace celeriac::wasm
