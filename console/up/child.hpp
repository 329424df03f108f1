#pragma once
// A program that we started: its output line by line, its end, and the certainty that it does not outlive us.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::console {

/// A line longer than this arrives in pieces.
inline constexpr std::size_t max_child_line = 16 * 1024;

struct ChildSpec {
  std::string name;  ///< what people call it: "hal"
  std::filesystem::path program;
  std::vector<std::string> arguments;
};

class Child {
 public:
  struct Events {
    std::function<void(std::string_view line)> output;  ///< of standard output, without line feed
    std::function<void(std::string_view line)> error;   ///< of standard error
    std::function<void()> ended;                        ///< after its last line
  };

  /// Starts the program in a process group of its own, so that the Ctrl-C of a terminal reaches it through us
  /// alone; the kernel sends it SIGTERM if we die. Status::not_found if it cannot be executed. Events come
  /// from the io_context, never from inside this call.
  static protocol::Result<std::unique_ptr<Child>> start(boost::asio::io_context& io, ChildSpec spec,
                                                        Events events);
  /// Kills what still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() const noexcept { return running_; }
  /// How it ended, after "hal ": "ended with status 3", "was killed by signal 9 (Killed)".
  [[nodiscard]] std::string fate() const;
  /// The status it ended with; nothing while it runs, and of one that was killed.
  [[nodiscard]] std::optional<int> exit_status() const;
  void signal(int number) const;

 private:
  /// One of its two outputs.
  struct Pipe {
    boost::asio::posix::stream_descriptor end;
    std::function<void(std::string_view)> line;
    std::string rest = {};
  };

  Child(boost::asio::io_context& io, ChildSpec spec, Events events);
  void read_on(Pipe& pipe);
  static bool drain(Pipe& pipe);
  void await_end();
  void reap();

  ChildSpec spec_;
  std::function<void()> ended_;
  Pipe output_, error_;
  boost::asio::posix::stream_descriptor process_;  // a pidfd: readable once the process has ended
  pid_t pid_ = -1;
  bool running_ = false;
  int status_ = 0;  // of waitpid
};

}  // namespace celeriac::console
