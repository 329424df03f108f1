#pragma once
// A process of another program: what it writes, piece by piece, and how it ended.
//
//   start ──► running ──(it ends)───────────────────► ended(how)
//                ├─ its time is up, or kill() ──► killed ──► ended(how)
//                └─ destroyed ──► killed, nobody is called
//
// It gets the C.UTF-8 locale, so that its words can be read, standard input from nowhere, none of our
// descriptors, and a process group of its own, which is killed as a whole.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::programs {

enum class Stream : std::uint8_t { output, error };

struct ChildEnd {
  bool timed_out = false;  ///< it was killed because its time was up
  bool good = false;       ///< it ended by itself, with status 0
  std::string fate;  ///< "ended with status 1", "was killed by signal 9 (Killed)", "did not end within 2.5 s"
};

class Child {
 public:
  struct Events {
    std::function<void(Stream stream, std::string_view piece)> wrote;  ///< may be empty
    std::move_only_function<void(const ChildEnd& end)> ended;          ///< once; may destroy the child
  };

  /// `words`: the program, looked for on the PATH, and its arguments. Status::not_found if it cannot be
  /// started. Events come from the loop, never from inside this call. `timers` must outlive the child.
  static protocol::Result<std::unique_ptr<Child>> start(boost::asio::io_context& io, Timers& timers,
                                                        std::vector<std::string> words, Duration patience,
                                                        Events events);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// It ends now; `ended` still comes.
  void kill() const;

 private:
  class Process;
  explicit Child(std::shared_ptr<Process> process) : process_(std::move(process)) {}
  std::shared_ptr<Process> process_;
};

}  // namespace celeriac::hal::programs
