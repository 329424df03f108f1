#pragma once
// A daemon under systemd: it says when it is ready, how it is and that it lives, and takes over the sockets
// that systemd listens on for it. Where nobody supervises it, all of this does nothing.
//
//   made ──ready()──► READY=1, then WATCHDOG=1 every half of WatchdogSec= ──stopping()──► STOPPING=1
//                       └─ with each of them STATUS=…, the line that `systemctl status` shows, if it has
//                       changed
//
// WATCHDOG=1 comes from a timer on the daemon's own loop, so a loop that hangs is ended and started anew.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace celeriac::protocol {

class Service {
 public:
  /// Takes over what systemd has handed to this process. Programs that it starts are not the service: systemd
  /// takes signs of life of the main process alone (NotifyAccess=main), and its sockets are not inherited.
  explicit Service(boost::asio::io_context& io);
  /// Closes the sockets that nobody took.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Descriptor of the listening unix socket with this FileDescriptorName=, which the caller closes; each is
  /// given once.
  [[nodiscard]] std::optional<int> take_socket(std::string_view name);

  /// How the daemon is, in one line: asked with every sign of life, so that no timer is needed for it.
  using Describe = std::function<std::string()>;
  /// Said once, when clients are served.
  void ready(Describe describe);
  /// The end has begun, and why: "it finishes what it is doing". The watchdog goes on.
  void stopping(std::string_view line);
  /// The end takes longer than TimeoutStopSec=: so long from now on.
  void needs(std::chrono::seconds longer);

  /// Time between two signs of life; nullopt: nobody waits for them.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

 private:
  void live();
  /// The line as a field, after a line feed; "" if it was said before.
  [[nodiscard]] std::string news();

  std::optional<std::chrono::microseconds> watchdog_;
  std::vector<std::pair<std::string, int>> sockets_;
  Describe describe_;
  std::string line_;  // said last
  boost::asio::steady_timer timer_;
};

}  // namespace celeriac::protocol
