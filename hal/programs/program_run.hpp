#pragma once
// One run of another program.
//
//   start ──► running ──► ended ──► done(standard output), or what is wrong with its end
//                ├─ its time is up, or it writes more than it may ──► killed ──► done(the error)
//                └─ destroyed ──► killed, nobody is called
//
// It gets an environment of ours, standard input from nowhere, none of our descriptors, and a process group
// of its own, which is killed as a whole.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::programs {

struct RunLimits {
  std::chrono::milliseconds time;
  std::size_t output_bytes;  ///< of standard output
};

/// What is kept of standard error, for sentences: its end.
inline constexpr std::size_t kept_error_bytes = 4096;

class ProgramRun {
 public:
  /// Standard output of a program that ended with status 0. Else Status::failed, with the status and its last
  /// line on standard error; Status::timeout; Status::out_of_resources for too much output.
  using Done = std::move_only_function<void(protocol::Result<std::string> output)>;

  /// `words`: program, looked for on the PATH, and arguments. Status::not_found if it cannot be started.
  /// `done` comes from the loop, once, never from inside this call; it may destroy the run. `timers` must
  /// outlive the run.
  static protocol::Result<std::unique_ptr<ProgramRun>> start(boost::asio::io_context& io, Timers& timers,
                                                             std::vector<std::string> words, RunLimits limits,
                                                             Done done);
  ~ProgramRun();
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

 private:
  class Process;
  explicit ProgramRun(std::shared_ptr<Process> process) : process_(std::move(process)) {}
  std::shared_ptr<Process> process_;
};

}  // namespace celeriac::hal::programs
