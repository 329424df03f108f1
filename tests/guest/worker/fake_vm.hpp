#pragma once
// The VM's end of a worker's stream: serves what a worker asks from memory, and remembers it.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/snapshot.hpp"
#include "vm/guests/worker_process.hpp"

namespace celeriac::testing {

/// Longer than anything takes on a machine that is busy.
inline constexpr auto patience = std::chrono::seconds(30);

class FakeVm {
 public:
  explicit FakeVm(vm::guests::WorkerSpec spec = {});

  /// The module's name stands for its hash.
  void module(const std::string& name, const std::string& wat);
  /// Turns the loop until it is so; false when `within` has passed before.
  bool until(const std::function<bool()>& so, std::chrono::steady_clock::duration within = patience);
  protocol::Reply ask(std::string_view operation, const protocol::Json& fields);
  /// GUEST.START; `more` are further fields.
  protocol::Reply start(std::uint16_t process, const std::string& module, const protocol::Json& more = {});
  protocol::Reply kill(std::uint16_t process) { return ask("GUEST.KILL", {{"id", process}}); }

  struct Ended {
    std::uint16_t process;
    std::string how, message, output;
  };
  struct Commit {
    std::string data;
    std::vector<std::string> outbox;
    std::int64_t answered = 0;
  };
  std::vector<Ended> ended;
  std::vector<std::string> printed;
  std::deque<protocol::Responder> receives;  ///< unanswered
  std::size_t sends = 0;
  std::size_t modules_read = 0;
  std::vector<Commit> commits;
  std::map<std::uint16_t, protocol::Snapshot> snapshots;  ///< by process: what is committed, and restored
  std::map<std::uint16_t, std::string> blobs;
  std::optional<protocol::Error> refuse_commits;
  std::optional<vm::guests::GuestWorker::End> worker_end;

  boost::asio::io_context io;

 private:
  void serve();
  protocol::Dispatcher dispatcher_{protocol::Server::vm};
  std::map<std::string, std::string> modules_;

 public:
  std::unique_ptr<vm::guests::GuestWorker> worker;  ///< goes first
};

}  // namespace celeriac::testing
