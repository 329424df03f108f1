#pragma once
// Ahead-of-time code for guests: makes sure that the compiled file of a module is there before its worker
// starts.
//
//   need() ──► looked for ──there──────────────────────────────────────────────► done
//                │ not there                                                       ▲
//                └──► in line ──► compiled by celeriac-guest --compile ──► tidied ─┤
//                                   │ refused, too long, died                      │
//                                   └───────────────────────────────────► error ───┘
//
// One module is compiled at a time, and once for all who need it meanwhile. The compiler reads foreign bytes:
// it is a process behind walls (guest/sandbox), of limited memory and time, that the rest of the machine goes
// before. Files are named after all that they depend on (wasm/guest_compiler.hpp), so none is ever wrong;
// those used longest ago go when all together take more than max_compiled_total.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "vm/guests/child.hpp"
#include "vm/guests/control_group.hpp"
#include "vm/worker.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::vm::guests {

/// How long a compilation may take: 1 MB of code takes about a minute on a Raspberry Pi.
inline constexpr std::chrono::seconds compile_patience{180};
/// Memory of the compiler where there are control groups; it limits itself to some more (guest/sandbox).
inline constexpr std::uint64_t compiler_bytes = 1024ULL * 1024 * 1024;
/// Of 1 … 10000: the bot goes first.
inline constexpr std::uint32_t compiler_cpu_weight = 10;
inline constexpr int compiler_niceness = 15;
/// Bytes of all compiled files together. One alone is never longer.
inline constexpr std::uint64_t max_compiled_total = 512ULL * 1024 * 1024;
/// Modules that could not be compiled, and are not tried again by this VM.
inline constexpr std::size_t max_remembered_failures = 64;
/// Starts that wait for compilations.
inline constexpr std::size_t max_compiler_waiters = 1024;
/// What is kept of the compiler's last words.
inline constexpr std::size_t max_compiler_words = 4096;

struct CompilerOptions {
  std::filesystem::path program = {};    ///< celeriac-guest
  std::filesystem::path directory = {};  ///< of the compiled files; made when it is needed
  std::chrono::milliseconds patience = compile_patience;
  std::uint64_t most_bytes = max_compiled_total;
};

class GuestCompiler {
 public:
  /// The bytes of a module; runs on the worker's thread, and may outlive this object.
  using Read = std::function<protocol::Result<std::string>(std::string_view sha256)>;
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  /// `disk` and `groups` must outlive it.
  GuestCompiler(boost::asio::io_context& io, Worker& disk, const ControlGroups& groups, Read read,
                CompilerOptions options);
  /// Kills the compiler if it runs. Who still waits hears nothing.
  ~GuestCompiler();
  GuestCompiler(const GuestCompiler&) = delete;
  GuestCompiler& operator=(const GuestCompiler&) = delete;

  /// `done` runs from the loop, never within the call, once the file for this module with these limits is in
  /// directory(). Errors: invalid_code with the reason, not_found if there is no such module, overloaded,
  /// timeout, out_of_resources, failed. What is invalid or took too long once is not compiled again.
  void need(const std::string& module, const wasm::GuestLimits& limits, Done done);
  /// Absolute.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return options_.directory; }
  /// How often a compiler was started.
  [[nodiscard]] std::size_t compilations() const noexcept { return compilations_; }

 private:
  struct Job {
    std::string module;
    wasm::GuestLimits limits;
    std::vector<Done> waiting;
  };
  /// The process that compiles.
  struct Compilation {
    explicit Compilation(boost::asio::io_context& io) : process(io), errors(io), timer(io) {}
    std::string key;
    std::optional<ControlGroup> group;
    boost::asio::posix::stream_descriptor process;  // a pidfd: readable once it has ended
    boost::asio::posix::stream_descriptor errors;
    boost::asio::steady_timer timer;
    std::string words;
    std::chrono::steady_clock::time_point begun;
    pid_t pid = -1;
    bool too_long = false;
  };

  void look(const std::string& key);
  void next();
  protocol::Result<void> launch(const std::string& key, const Descriptor& module);
  /// A handler may run after the end of what it was waiting for.
  [[nodiscard]] bool runs(pid_t pid) const noexcept { return running_ && running_->pid == pid; }
  void read_words();
  bool drain();
  void await_end();
  void reap();
  [[nodiscard]] protocol::Result<void> outcome(int status) const;
  void remember(const std::string& key, const protocol::Error& error);
  void settle(const std::string& key, const protocol::Result<void>& result);

  boost::asio::io_context& io_;
  Worker& disk_;
  const ControlGroups& groups_;
  Read read_;
  CompilerOptions options_;
  std::map<std::string, Job> jobs_;  // by the words of the command line that say what is to be compiled
  std::deque<std::string> line_;
  std::deque<std::pair<std::string, protocol::Error>> failures_;  // by the same words, the newest first
  std::unique_ptr<Compilation> running_;
  bool busy_ = false;
  std::size_t waiters_ = 0;
  std::size_t compilations_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may outlive us
};

}  // namespace celeriac::vm::guests
