#pragma once
// wasi_snapshot_preview1: the little of it that a language's runtime needs, offered beside every ABI.
// Standard output and error go to the log, line by line; there are clocks, randomness, arguments, and the
// directories that the process was given (through FILE.*, where the kernel looks for the capability each
// time). Nothing else: no environment, no sockets, no links.
//
// A pointer that is none is EFAULT, not a trap: so has it the engines' own WASI, and so expect it the
// runtimes.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "guest/abi/guest.hpp"
#include "protocol/document.hpp"

namespace celeriac::guest {

/// Open files and directories of an instance, the three standard ones and those it was given included.
inline constexpr std::size_t max_descriptors = 128;
/// Bytes of a line of output; a longer one becomes several.
inline constexpr std::size_t max_output_line = 4096;
/// Buffers of one read or write, and subscriptions of one poll.
inline constexpr std::uint32_t max_vectors = 1024;
/// The first descriptor of a directory.
inline constexpr std::uint32_t first_directory = 3;

/// What it remembers of one instance. Its functions reach it through PersonalityBase::preview1().
class Preview1 {
 public:
  struct Descriptor {
    enum class Kind : std::uint8_t { input, output, error, directory, file } kind = Kind::file;
    std::string path = {};     ///< of directories and files, absolute
    std::uint16_t handle = 0;  ///< the kernel's; 0: not opened there yet
    std::uint64_t offset = 0;
    bool append = false;
    bool given = false;           ///< a directory of the configuration
    protocol::Json entries = {};  ///< what fd_readdir has read
  };

  /// Bytes of the system's random numbers; tests put something else here.
  void (*fill_random)(std::span<std::byte> bytes) = nullptr;
  void random(std::span<std::byte> bytes) const;
  /// Nanoseconds since 1970, and since some moment; likewise.
  std::uint64_t (*wall_clock)() = nullptr;
  std::uint64_t (*steady_clock)() = nullptr;
  [[nodiscard]] std::uint64_t now(bool wall) const;

  /// The descriptors; the standard ones and the directories of `guest` are in it from the first call on.
  std::map<std::uint32_t, Descriptor>& descriptors(const Guest& guest);
  /// Output of a standard stream: whole lines go to the log.
  void write(Guest& guest, bool error, std::string_view bytes);
  /// What stands in a line that has not ended.
  void flush(Guest& guest);

 private:
  std::map<std::uint32_t, Descriptor> descriptors_;
  std::string lines_[2];
  bool opened_ = false;
};

/// Every function of wasi_snapshot_preview1. Their `self` must be a PersonalityBase.
std::span<const HostFunction> preview1_functions();

/// A command: a module that exports `_start` and no other ABI. It runs once.
bool recognises_command(const ModuleShape& module);
protocol::Result<std::unique_ptr<Personality>> make_command(const ModuleShape& module,
                                                            std::string_view variant);

}  // namespace celeriac::guest
