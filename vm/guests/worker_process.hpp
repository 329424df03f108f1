#pragma once
// A worker of a package, seen from the VM: the process celeriac-guest, its end of the socket, its last words.
//
//   start() ──► running ──► ended: by itself, by a signal, by kill() ──► Ended, once, from the loop
//
// The stream is there at once: what is asked before the worker has come up waits in the socket. The worker
// dies with the VM, and with this object.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/error.hpp"
#include "protocol/session.hpp"
#include "protocol/token_bucket.hpp"
#include "vm/guests/control_group.hpp"

namespace celeriac::vm::guests {

/// A line of a worker's standard error that is longer goes to the log in pieces; lines in the long run and at
/// once.
inline constexpr std::size_t max_worker_line = 2000;
inline constexpr double worker_lines_per_second = 10;
inline constexpr double worker_lines_at_once = 100;

/// Whose worker is at the other end: session->local<WorkerIdentity>().
struct WorkerIdentity {
  std::string package;  ///< "package:publisher"; "" if it is no worker
};

struct WorkerSpec {
  std::filesystem::path program;             ///< celeriac-guest
  std::string package;                       ///< "package:publisher"
  std::uint64_t instances = 1024;            ///< at most
  std::uint64_t memory = 256 * 1024 * 1024;  ///< bytes that its instances may use together; 0: no limit
  std::uint32_t cpu_weight = 50;  ///< of 1 … 10000 beside its siblings; 100 is the system's default
  /// A package that asks for speed: its modules are taken from `compiled`, where wasm/guest_compiler.hpp has
  /// put them, and the worker runs one of them. Without that directory they are interpreted.
  bool ahead_of_time = false;
  std::filesystem::path compiled = {};
};

class GuestWorker {
 public:
  /// How a worker has ended: "was killed by signal 9 (Killed)".
  struct End {
    std::string how;
    bool asked_for = false;      ///< by kill()
    bool out_of_memory = false;  ///< its processes used more than they may
  };

  /// Requests of the worker go to `dispatcher`, which must outlive it. Status::not_found if the program
  /// cannot be executed, out_of_resources if the system has no room.
  static protocol::Result<std::unique_ptr<GuestWorker>> start(boost::asio::io_context& io, WorkerSpec spec,
                                                              const protocol::Dispatcher* dispatcher,
                                                              const ControlGroups& groups = {});
  /// Kills it if it still runs.
  ~GuestWorker();
  GuestWorker(const GuestWorker&) = delete;
  GuestWorker& operator=(const GuestWorker&) = delete;

  [[nodiscard]] const std::shared_ptr<protocol::Session>& session() const noexcept { return session_; }
  [[nodiscard]] const std::string& package() const noexcept { return spec_.package; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() const noexcept { return running_; }
  /// SIGKILL; on_ended follows.
  void kill();
  /// Runs once, from the loop, after its last line; not when this object is destroyed before.
  void on_ended(std::move_only_function<void(const End&)> handler) { ended_ = std::move(handler); }

 private:
  GuestWorker(boost::asio::io_context& io, WorkerSpec spec);
  void read_lines();
  bool drain();
  void show(std::string_view line);
  void await_end();
  void reap();
  [[nodiscard]] End fate(int status) const;

  WorkerSpec spec_;
  std::shared_ptr<protocol::Session> session_;
  std::optional<ControlGroup> group_;
  boost::asio::posix::stream_descriptor process_;  // a pidfd: readable once it has ended
  boost::asio::posix::stream_descriptor errors_;
  std::string rest_;  // of a line
  protocol::TokenBucket lines_{worker_lines_per_second, worker_lines_at_once};
  std::size_t left_out_ = 0;
  std::move_only_function<void(const End&)> ended_;
  pid_t pid_ = -1;
  bool running_ = false;
  bool killed_ = false;
};

}  // namespace celeriac::vm::guests
