#pragma once
// The walls around a worker, from the inside: after enter() the process has one socket, its memory and the
// clock, and can get nothing else, whatever code runs in it.
//
//   layer        what it takes away                                             without it
//   limits       memory, descriptors, processes, core files                     never absent
//   privileges   capabilities, root's user, setuid programs                     never absent
//   namespaces   network, IPC, host name of the machine (its own user where     the filter refuses the same
//   calls
//                the machine lets us)
//   Landlock     every file, every TCP port, abstract sockets, signals          the filter refuses the same
//   calls filter       every system call that is not in the table (system_calls.hpp)  never absent
//
// Nothing of it can be taken back, not even by the worker.

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::guest {

/// Address space that a linear memory reserves: what the engine maps, 12 GiB, and a little for the instance.
inline constexpr std::uint64_t instance_address_space = 12ULL * 1024 * 1024 * 1024 + 8ULL * 1024 * 1024;
/// Address space of the worker itself, its libraries, heap and stacks; measured: 0.4 GiB.
inline constexpr std::uint64_t worker_address_space = 2ULL * 1024 * 1024 * 1024;
/// Writable memory of the worker itself before it has an instance, and for messages on their way; measured: 3
/// MB.
inline constexpr std::uint64_t worker_memory = 32ULL * 1024 * 1024;
/// Writable memory of an instance beside its linear memory and its stack; measured: 40 KB.
inline constexpr std::uint64_t instance_overhead = 64ULL * 1024;
/// Descriptors: three standard ones, the socket, those of the loop, that of the memory watch.
inline constexpr std::uint64_t most_descriptors = 16;

struct Allowance {
  std::uint64_t instances = 64;        ///< linear memories
  std::uint64_t memory = 0;            ///< bytes of writable memory of all instances; 0: no limit
  std::uint64_t stack = 64ULL * 1024;  ///< bytes of the stack of an instance, which count as memory
  std::vector<int> descriptors;        ///< that stay open, beside 0 to 2
  /// Directory of compiled code. Then it becomes the working directory, and files in it can be read and pages
  /// made executable until seal_sandbox().
  std::string compiled = {};
  // For measurements and for the probe, which shows each layer alone.
  bool landlock = true;
  bool filter = true;
};

/// What is in force, and what this machine does not have.
struct Walls {
  int landlock = 0;  ///< version of its interface, 0: the kernel has none
  bool own_network = false;
  bool own_user = false;
  std::vector<std::string> missing;  ///< sentences
};

/// Irrevocable. Errors: denied, if a layer that must be there cannot be had.
protocol::Result<Walls> enter_sandbox(const Allowance& allowance);
/// Compiled code is loaded: no file can be read and no page made executable from now on. Before any of that
/// code runs. Errors: denied; then it must not run.
protocol::Result<void> seal_sandbox();

/// What a process may use that compiles one module ahead of time.
inline constexpr std::uint64_t compiler_memory = 1536ULL * 1024 * 1024;
inline constexpr std::uint64_t compiler_seconds = 300;
inline constexpr std::uint64_t most_compiled_bytes = 512ULL * 1024 * 1024;

/// The walls around such a process: it can write into one directory, and reach nothing else. It runs no
/// foreign code, but reads it. Errors: denied.
protocol::Result<void> enter_compiler_sandbox(const std::string& directory);

/// Bytes of writable memory that the worker has in all: RLIMIT_DATA. 0: no limit.
std::uint64_t memory_limit(const Allowance& allowance) noexcept;

}  // namespace celeriac::guest
