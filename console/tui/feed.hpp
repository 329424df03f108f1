#pragma once
// Keeps the model up to date: connections, registers, the list of processes, names for the completion.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>

#include "console/tui/link.hpp"
#include "console/tui/model.hpp"
#include "console/tui/suggestions.hpp"
#include "console/tui/tasks.hpp"

namespace celeriac::console::tui {

/// Processes whose steps are followed as they change; the others are as old as the last list.
inline constexpr std::size_t most_followed = 8;
inline constexpr std::chrono::milliseconds list_period{1000};
/// Of a connection that something is held on: the hypervisor takes 1 s of silence for death.
inline constexpr std::chrono::milliseconds keep_alive_period{250};

class Feed {
 public:
  struct Events {
    std::function<void()> changed;  ///< the model
    std::function<void(Names)> names;
    std::function<void()> hypervisor_lost;
    /// How an emergency stop was answered, by "hypervisor" or "VM".
    std::function<void(const char* who, const protocol::Result<protocol::Reply>& answer)> stopped;
    std::function<bool()> paused;  ///< the raw view
  };

  /// `remote`: both are the same host over TCP, which has the VM's registers only.
  Feed(boost::asio::io_context& io, Tasks& tasks, Model& model, Target vm, Target hypervisor, bool remote,
       Events events);

  /// Starts to connect.
  void start();
  /// Frames and serial lines are wanted, or no more; on connections of their own.
  void raw(bool wanted);
  void clear_raw();
  /// Asks the host anew what can be named.
  void refresh_names();
  /// From now on the hypervisor is told that this console lives.
  void keep_alive();
  void stop();
  void cancel_stop();

  [[nodiscard]] const std::shared_ptr<Client>& vm() const noexcept { return vm_.client(); }
  [[nodiscard]] const std::shared_ptr<Client>& hypervisor() const noexcept { return hypervisor_.client(); }
  [[nodiscard]] const Names& names() const noexcept { return names_; }

 private:
  using Prepared = boost::asio::awaitable<protocol::Result<void>>;
  Link::Events link_events(LinkState& state, const char* who,
                           std::function<Prepared(std::shared_ptr<Client>)> prepare);
  Link::Events raw_events(std::vector<std::pair<const char*, Tap>> registers);
  Prepared watch_vm(std::shared_ptr<Client> client);
  Prepared watch_hypervisor(std::shared_ptr<Client> client);
  Prepared watch_raw(std::shared_ptr<Client> client, std::vector<std::pair<const char*, Tap>> registers);
  boost::asio::awaitable<void> poll_processes();
  boost::asio::awaitable<void> list_processes(std::shared_ptr<Client> client);
  boost::asio::awaitable<void> follow(std::shared_ptr<Client> client);
  boost::asio::awaitable<void> ask_names();
  boost::asio::awaitable<void> stay_alive(std::shared_ptr<Client> client);
  void raw_arrived(Tap tap, const protocol::Json& entry);

  boost::asio::io_context& io_;
  Tasks& tasks_;
  Model& model_;
  bool remote_;
  Events events_;
  Link vm_, hypervisor_;
  std::unique_ptr<Link> raw_vm_, raw_hypervisor_;
  std::vector<Tasks::Id> raw_tasks_;
  std::vector<std::unique_ptr<Link>> ended_;  // raw links whose tasks may still be ending
  Names names_;
  bool asking_names_ = false;
  std::set<std::uint16_t> followed_;
  std::weak_ptr<Client> followed_on_, alive_on_;
};

}  // namespace celeriac::console::tui
