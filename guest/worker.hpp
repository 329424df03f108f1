#pragma once
// The worker: one thread, one loop, one stream to the VM. Everything else hangs on these.

#include <cstdint>
#include <string>

#include "guest/memory_watch.hpp"
#include "guest/modules.hpp"

namespace celeriac::guest {

/// Status with which a worker ends that has no memory left for itself.
inline constexpr int out_of_memory_status = 12;
/// Status with which --compile ends when the module is at fault; its last line says why.
inline constexpr int refused_module_status = 3;

struct WorkerOptions {
  int socket = 3;
  std::uint64_t instances = 64;
  std::uint64_t memory = 0;   ///< bytes of writable memory of all instances; 0: no limit
  std::string compiled = {};  ///< directory of compiled modules, for one that is compiled ahead of time
  PersonalityFor personality_for = &guest::personality_for;
};

/// Of the stack of an instance.
std::size_t stack_bytes(const WorkerOptions& options) noexcept;

/// Serves the socket until the stream ends, and with it the process.
[[noreturn]] void serve(const WorkerOptions& options, const MemoryWatch& watch);

/// The whole program celeriac-guest: reads the command line, enters the sandbox, serves. Returns the status
/// to exit with.
int run_program(int count, char** arguments, PersonalityFor personality_for);

}  // namespace celeriac::guest
