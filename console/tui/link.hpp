#pragma once
// A connection to a daemon that is made again whenever it is lost, and carries the emergency stop.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "console/client.hpp"

namespace celeriac::console::tui {

/// How long it waits before it tries again.
inline constexpr std::chrono::milliseconds retry_after{500};
/// The board's confirmation is in it.
inline constexpr std::chrono::seconds stop_patience{5};

class Link {
 public:
  struct Events {
    /// What a new connection is for: registers to watch. An error ends the connection.
    std::function<boost::asio::awaitable<protocol::Result<void>>(std::shared_ptr<Client>)> prepare;
    std::function<void()> connected;
    std::function<void(const protocol::Error& why)> lost;
    /// How an emergency stop was answered.
    std::function<void(const protocol::Result<protocol::Reply>& answer)> stopped;
  };

  Link(boost::asio::io_context& io, Target target, Events events);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Keeps the connection until it is cancelled.
  boost::asio::awaitable<void> keep();
  /// An emergency stop, in front of everything on the connection; without one, the first thing that the next
  /// connection carries, however long that takes: until cancel_stop().
  boost::asio::awaitable<void> stop();
  /// Whoever unlocks does not want a stop that is still waiting.
  void cancel_stop() noexcept { stop_waits_ = false; }

  /// nullptr while there is no connection. Whoever awaits something of it holds it.
  [[nodiscard]] const std::shared_ptr<Client>& client() const noexcept { return client_; }
  [[nodiscard]] const Target& target() const noexcept { return target_; }

 private:
  boost::asio::awaitable<protocol::Error> once();

  boost::asio::io_context& io_;
  Target target_;
  Events events_;
  std::shared_ptr<Client> client_;
  bool stop_waits_ = false;
};

}  // namespace celeriac::console::tui
