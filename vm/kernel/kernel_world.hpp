#pragma once
// What the kernel needs of everything around it: workers, the image, the clock. Tests give it a small world
// of their own.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "vm/kernel/process.hpp"

namespace celeriac::vm {

/// What a run of a durable process has changed, and the messages that leave with it.
struct Commit {
  std::string snapshot;            ///< protocol/snapshot.hpp, or "" for none
  std::uint64_t dealt_with = 0;    ///< row of the message that the run was about, 0: none
  std::vector<MessageRef> outbox;  ///< each has its row
};

class KernelWorld {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;
  virtual ~KernelWorld() = default;

  /// Makes an instance in its package's worker and lets it run. `done`: it runs, or why not.
  virtual void start(const KernelProcess& process, Done done) = 0;
  /// Ends the instance; `done` when it is gone.
  virtual void stop(const KernelProcess& process, Done done) = 0;

  /// Writes what outlives the VM of a process: its spec and its capabilities.
  virtual void keep(const KernelProcess& process, Done done) = 0;
  virtual void forget(const KernelProcess& process) = 0;
  /// Writes a message to a durable process under its row.
  virtual void keep_message(MessageRef message, Done done) = 0;
  virtual void forget_message(std::uint64_t row) = 0;
  /// All of it or nothing.
  virtual void commit(const KernelProcess& process, Commit commit, Done done) = 0;

  /// Sends a message to another node; `done` with offline if it cannot be reached.
  virtual void forward(MessageRef message, Done done) = 0;

  /// A line for people. `process` may be nullptr: the kernel itself speaks. 0 errors, 1 notable, 2 details, 3
  /// every message.
  virtual void print(const KernelProcess* process, int verbosity, std::string_view text) = 0;
  /// A process has come, changed its state or gone.
  virtual void changed(const KernelProcess& process) = 0;
  /// Somebody subscribed to a topic, or the last subscriber has gone.
  virtual void topic(std::string_view topic, bool wanted) = 0;

  [[nodiscard]] virtual Time now() const = 0;
  /// Kernel::run_deadlines() is to be called then.
  virtual void set_alarm(Time deadline) = 0;
  virtual std::uint64_t random() = 0;
};

}  // namespace celeriac::vm
