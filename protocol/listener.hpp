#pragma once
// Where sessions come from: listening sockets and standard input, and the client's side of them.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/session.hpp"

namespace celeriac::protocol {

/// Streams that one daemon serves at once; one more is closed as soon as it is accepted.
inline constexpr std::size_t max_sessions = 256;
/// How long a TCP peer may take to say HELLO with the token.
inline constexpr std::chrono::seconds hello_deadline{10};

/// Accepts streams and starts their sessions. Stops listening, and removes its socket file, when it is
/// destroyed; sessions that it started go on.
class Listener {
 public:
  /// Listens on a unix socket (mode 0660). A socket file that nobody listens on is replaced; one that answers
  /// is an error (`wrong_state`).
  static Result<std::unique_ptr<Listener>> on_unix(boost::asio::io_context& io,
                                                   const std::filesystem::path& path,
                                                   const Dispatcher& dispatcher);
  /// Takes over a unix socket that listens already, and whose file is somebody else's.
  static Result<std::unique_ptr<Listener>> on_inherited(boost::asio::io_context& io, int descriptor,
                                                        const Dispatcher& dispatcher);
  /// Listens on `address`:`port`; peers are admitted by HELLO with the dispatcher's token,
  /// and closed when they do not say it in time.
  static Result<std::unique_ptr<Listener>> on_tcp(boost::asio::io_context& io, const std::string& address,
                                                  std::uint16_t port, const Dispatcher& dispatcher,
                                                  std::chrono::milliseconds deadline = hello_deadline);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The port of a TCP listener (the one chosen, where 0 was asked for), else 0.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Sessions that are open.
  [[nodiscard]] std::size_t sessions() const noexcept;

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// True if somebody listens on a unix socket.
[[nodiscard]] bool answers(const std::filesystem::path& path);

/// The session on standard input and output.
std::shared_ptr<Session> serve_stdio(boost::asio::io_context& io, const Dispatcher& dispatcher);

/// Connects to a unix socket; Status::offline with a sentence if nobody listens there. Requests of
/// the other side (REGISTER.SET) go to `dispatcher`.
Result<std::shared_ptr<Session>> connect_unix(boost::asio::io_context& io, const std::filesystem::path& path,
                                              const Dispatcher* dispatcher);
/// The same over TCP; the session has to say HELLO with the token before anything else.
Result<std::shared_ptr<Session>> connect_tcp(boost::asio::io_context& io, const std::string& host,
                                             std::uint16_t port, const Dispatcher* dispatcher);

}  // namespace celeriac::protocol
