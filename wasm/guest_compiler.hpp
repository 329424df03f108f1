#pragma once
// Ahead-of-time compilation of foreign modules, for a child process of its own: the compiler is large, slow,
// and may be made to use much memory by the module that it compiles.
//
//   parent: compiled_name(bytes, limits), is DIRECTORY/NAME there? ──no──► child: compile_ahead_of_time(…,
//   DIRECTORY)
//     └──yes──► GuestEngine(Execution::ahead_of_time), GuestModule::load(engine, bytes, limits,
//     DIRECTORY/NAME)
//
// Whoever can write to the directory can have native code run: it must be the host's own. A file there is the
// instrumented module with one more section, and is loaded only if the module in it is the one that these
// bytes are made into.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "protocol/error.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::wasm {

/// Name of the compiled file, a hash of everything that it depends on: the module's bytes, the limits, the
/// versions of this program and of the engine, and the kind of processor.
std::string compiled_name(std::span<const std::uint8_t> bytes, const GuestLimits& limits);

/// Compiles a core module or component into `directory`, which must exist; the file appears there complete or
/// not at all. Takes seconds and some hundred megabytes; ends with the process that it runs in. Errors:
/// invalid_code, failed.
protocol::Result<std::filesystem::path> compile_ahead_of_time(std::span<const std::uint8_t> bytes,
                                                              const GuestLimits& limits,
                                                              const std::filesystem::path& directory);

}  // namespace celeriac::wasm
