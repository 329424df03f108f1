#pragma once
// A VM that knows only messages: MESSAGE.*, BLOB.* on a real socket, with processes that the test plays.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/envelope.hpp"
#include "protocol/listener.hpp"

namespace celeriac::gateway::testing {

using protocol::Item;
using protocol::Outgoing;

/// A directory that goes with its object.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::filesystem::path path;
};

class FakeVm {
 public:
  /// What a played process says to a request; nullopt: nothing, ever.
  using Answer = std::function<std::optional<Outgoing>(const Item& request, const std::string& blob)>;
  using Done = std::function<void(const Item& item, const std::string& blob)>;

  FakeVm(boost::asio::io_context& io, std::filesystem::path socket);

  /// A process of the test, "p:k:u", with a path if it is an object.
  void play(const std::string& id, Answer answer, const std::string& path = {});
  void end(const std::string& id) { played_.erase(id); }
  /// Sends a request in a played process's name; `done` gets the response or the error.
  void send(const std::string& from, Outgoing message, Done done);
  /// The same, and runs the loop until the response is there.
  std::pair<Item, std::string> ask(const std::string& from, Outgoing message);

  /// True when a process of this name is open.
  [[nodiscard]] bool open(const std::string& name) const;
  /// Ends all streams; the listener goes on.
  void drop();
  void stop_listening() { listener_.reset(); }
  void listen();

  struct Heard {
    Item item;
    std::string blob;
    std::string to;
  };
  std::vector<Heard> heard;  ///< by played processes, in order
  std::size_t blobs_kept() const;

 private:
  struct Process;
  struct Mail {
    Item item;
    std::string blob;
  };
  struct Outstanding {
    std::weak_ptr<Process> requester;  // or a played one:
    Done done;
    std::optional<std::string> context;
    std::string target;
    std::shared_ptr<boost::asio::steady_timer> timer;
  };
  using ProcessPointer = std::shared_ptr<Process>;

  ProcessPointer find(const std::string& name_or_path);
  ProcessPointer of(const protocol::Request& request) const;
  void serve();
  void deliver(const ProcessPointer& process, Mail mail);
  void flush(Process& process);
  void settle(std::uint64_t request, Item item, std::string blob);
  void fail(std::uint64_t request, protocol::Failure failure);
  std::uint64_t expect(Outstanding outstanding, std::int64_t milliseconds);
  void route(const ProcessPointer& from, Outgoing message, protocol::Responder responder);
  std::string take_blobs(Process& process, Outgoing& message);

  boost::asio::io_context& io_;
  std::filesystem::path socket_;
  protocol::Dispatcher dispatcher_;
  std::unique_ptr<protocol::Listener> listener_;
  struct Played {
    Answer answer;
    std::string path;
  };
  std::map<std::string, Played> played_;
  std::map<std::uint16_t, ProcessPointer> processes_;
  std::map<std::uint64_t, Outstanding> outstanding_;
  std::vector<std::weak_ptr<protocol::Session>> sessions_;
  std::uint16_t last_id_ = 0;
  std::uint64_t last_request_ = 0;
};

/// Runs the loop until it is so; fails the test after a while.
void run_until(boost::asio::io_context& io, const std::function<bool()>& met,
               std::chrono::seconds patience = std::chrono::seconds(20));

}  // namespace celeriac::gateway::testing
