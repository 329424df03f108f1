#pragma once
// One run of another program for what it writes.
//
//   start ──► running ──► ended ──► done(standard output), or what is wrong with its end
//                ├─ its time is up, or it writes more than it may ──► killed ──► done(the error)
//                └─ destroyed ──► killed, nobody is called

#include "hal/programs/child.hpp"

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

  /// `words`, Status::not_found and `timers` as in Child::start. `done` comes from the loop, once; it may
  /// destroy the run.
  static protocol::Result<std::unique_ptr<ProgramRun>> start(boost::asio::io_context& io, Timers& timers,
                                                             std::vector<std::string> words, RunLimits limits,
                                                             Done done);
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

 private:
  ProgramRun(std::string name, RunLimits limits, Done done)
      : name_(std::move(name)), limits_(limits), done_(std::move(done)) {}
  void take(Stream stream, std::string_view piece);
  protocol::Result<std::string> result(const ChildEnd& end);

  std::string name_;
  RunLimits limits_;
  Done done_;
  std::string output_, error_;
  bool too_much_ = false;
  std::unique_ptr<Child> child_;
};

}  // namespace celeriac::hal::programs
