#pragma once
// The link to the hypervisor: a client on its socket, connected again whenever it goes.
//
//     down ── connected ──► up ── stream ended ──► down (what was in flight or waiting is answered `offline`)
//      ▲ └── nobody there: tried again after 50 ms, 100 ms … 2 s ──┐
//      └───────────────────────────────────────────────────────────┘
//
// While the VM holds anything there, a keep-alive goes every 250 ms: a VM that hangs holds nothing for long.
// When the hypervisor has answered that it holds nothing, none goes until something is asked again.
//
// Operations of processes share a window of requests in flight; the others wait their turn here, at most one
// a process. What clients and registers ask goes beside the window.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/session.hpp"

namespace celeriac::vm {

/// Operations of processes that are in flight at once; the contract lets every side take that many.
inline constexpr std::size_t operation_window = 1024;
inline constexpr std::chrono::milliseconds first_retry{50};
inline constexpr std::chrono::milliseconds longest_retry{2000};
/// The hypervisor stops what the VM holds after 1 s of silence.
inline constexpr std::chrono::milliseconds keep_alive_period{250};

/// Holders, as the hypervisor hears of them: a process is its id, a client its session's number above this.
inline constexpr std::uint64_t first_client_holder = std::uint64_t{1} << 32;

class Hypervisor {
 public:
  using Completion = protocol::Session::Completion;

  Hypervisor(boost::asio::io_context& io, std::filesystem::path socket);
  ~Hypervisor();
  Hypervisor(const Hypervisor&) = delete;
  Hypervisor& operator=(const Hypervisor&) = delete;

  /// Connects, now and whenever it has to.
  void start();
  [[nodiscard]] bool connected() const noexcept { return session_ != nullptr && session_->open(); }
  [[nodiscard]] const std::filesystem::path& socket() const noexcept { return socket_; }
  /// Runs with true when the link is up, with false when it is down.
  void on_link(std::function<void(bool)> hook) { link_hooks_.push_back(std::move(hook)); }
  /// A watched register's new value.
  void on_register(std::function<void(std::uint16_t id, const protocol::Json& value)> hook) {
    register_hook_ = std::move(hook);
  }

  /// An operation of a process, its holder; returns its handle. The completion never runs inside.
  std::uint64_t operate(const protocol::Operation& operation, std::string_view payload, std::uint64_t holder,
                        Completion completion);
  /// Cancels it: what has not been sent is answered `cancelled` at once, what is in flight is aborted by its
  /// channel.
  void abort(std::uint64_t handle);
  /// Its completion is not wanted; what has not been sent is not sent.
  void abandon(std::uint64_t handle);

  /// Sends beside the window, for a holder; returns the channel, 0 while the link is down.
  protocol::Channel send(const protocol::Operation& operation, std::string_view payload, std::uint64_t holder,
                         Completion completion);
  /// A holder has ended: its motion stops, and its outputs go to their safe state or become the VM's.
  void release(std::uint64_t holder, bool keep_outputs);
  /// On channel 0, in front of everything.
  void send_urgent(const protocol::Operation& operation, std::string_view payload, Completion completion);
  /// Aborts a request of send() by its channel.
  void abort(protocol::Channel channel);

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::size_t queued() const noexcept { return queued_.size(); }

 private:
  struct Queued {
    const protocol::Operation* operation;
    std::string payload;
    Completion completion;
  };
  struct InFlight {
    protocol::Channel channel;
    Completion completion;
  };

  void connect();
  void connected(std::shared_ptr<protocol::Session> session);
  void disconnected();
  void launch(std::uint64_t handle, const protocol::Operation& operation, std::string_view payload,
              Completion completion);
  void landed(std::uint64_t handle, protocol::Reply reply);
  void refuse(Completion completion);
  /// Something has been asked: from now on there may be something to hold.
  void begin_keeping_alive();
  void keep_alive();
  [[nodiscard]] protocol::Reply offline() const;

  boost::asio::io_context& io_;
  std::filesystem::path socket_;
  protocol::Dispatcher dispatcher_{protocol::Server::vm};
  std::shared_ptr<protocol::Session> session_;
  boost::asio::steady_timer retry_, alive_timer_;
  bool keeping_alive_ = false;
  bool asked_ = false;  // something, since the last keep-alive
  std::chrono::milliseconds pause_ = first_retry;
  std::vector<std::function<void(bool)>> link_hooks_;
  std::function<void(std::uint16_t, const protocol::Json&)> register_hook_;

  std::uint64_t last_handle_ = 0;
  std::map<std::uint64_t, Queued> queued_;  // in order: handles grow
  boost::unordered_flat_map<std::uint64_t, InFlight> in_flight_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may outlive us
};

}  // namespace celeriac::vm
