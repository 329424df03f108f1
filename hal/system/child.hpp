#pragma once
// A program that does one thing for us and ends: its output piece by piece, a bound on its time, no shell.
//
//   start ──► running ──(it ends)──────────────► ended(status)
//                └──(patience is over)──► killed ──► ended(timed_out)

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::system {

/// Of what a child writes, the last so many bytes are kept.
inline constexpr std::size_t max_kept_output = 64 * 1024;

struct ChildSpec {
  std::string program;  ///< a path, or a name that is looked for on PATH
  std::vector<std::string> arguments;
  Duration patience;  ///< after this it is killed
};

/// How it ended.
struct ChildEnd {
  int status = 0;  ///< of its exit; 128 and the signal's number where one ended it
  bool timed_out = false;
  std::string output;  ///< standard output and error as they came, the last max_kept_output bytes

  [[nodiscard]] bool good() const noexcept { return status == 0 && !timed_out; }
  /// "ended with status 1", "did not end within 60 s".
  [[nodiscard]] std::string fate(Duration patience) const;
};

class Child {
 public:
  using Output = std::function<void(std::string_view piece)>;
  using Ended = std::move_only_function<void(ChildEnd)>;

  /// Starts it in a process group of its own, with nothing on its standard input, in the C locale. Both
  /// outputs go to `output` as they come. `ended` is called once, from the loop, unless the child is
  /// destroyed before. Status::offline if the program cannot be started.
  static protocol::Result<std::unique_ptr<Child>> start(boost::asio::io_context& io, Timers& timers,
                                                        ChildSpec spec, Output output, Ended ended);
  /// Kills what still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  Child(boost::asio::io_context& io, Timers& timers, Output output, Ended ended);
  void read_on();
  bool drain();
  void await_end();
  void kill() const;

  boost::asio::posix::stream_descriptor output_end_, process_;  // process_: a pidfd
  std::unique_ptr<Timer> patience_;
  Output output_;
  Ended ended_;
  ChildEnd end_;
  int pid_ = -1;  // -1: it has been waited for
};

}  // namespace celeriac::hal::system
