#include "protocol/listener.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <format>

namespace celeriac::protocol {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using error_code = boost::system::error_code;

struct Listener::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;
  virtual void stop() = 0;

  std::filesystem::path file;  // removed with the listener; "" for TCP
  std::uint16_t port = 0;
  std::size_t sessions = 0;
  std::chrono::milliseconds hello_deadline{};
};

namespace {

/// Until the next attempt after a client could not be accepted.
constexpr std::chrono::milliseconds accept_pause{100};

Peer peer_of(stream_protocol::socket& socket) {
  Peer peer{.transport = Transport::unix_socket, .name = "a client"};
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
    peer.uid = who.uid;
    peer.pid = who.pid;
    peer.name = std::format("pid {}", who.pid);
  }
  return peer;
}

Peer peer_of(asio::ip::tcp::socket& socket) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  socket.set_option(asio::ip::tcp::no_delay(true),
                    error);  // a frame is a whole message: waiting only delays it
  return {.transport = Transport::tcp,
          .name = error ? "a client" : std::format("{}:{}", remote.address().to_string(), remote.port()),
          .admitted = false};
}

/// Closes a stream that is not admitted in time: strangers must not hold the places of clients.
void expect_hello(asio::io_context& io, const std::shared_ptr<Session>& session,
                  std::chrono::milliseconds deadline) {
  if (session->peer().admitted) return;
  const auto timer = std::make_shared<asio::steady_timer>(io, deadline);
  timer->async_wait([timer, weak = std::weak_ptr(session)](const error_code&) {
    const auto stranger = weak.lock();
    if (stranger == nullptr || !stranger->open() || stranger->peer().admitted) return;
    spdlog::warn("{} said no HELLO with the token in time and is closed", stranger->peer().name);
    stranger->close();
  });
}

/// Accepts for ever, until stopped.
template <class Acceptor, class State>
void accept(const std::shared_ptr<State>& state, Acceptor& acceptor, asio::io_context& io,
            const Dispatcher& dispatcher) {
  acceptor.async_accept([state, &acceptor, &io, &dispatcher](const error_code& error, auto socket) {
    if (!acceptor.is_open()) return;
    if (error) {
      // Out of descriptors, most likely: the client stays in the queue, so asking again at once would spin.
      spdlog::warn("a client cannot be accepted: {}", error.message());
      auto pause = std::make_shared<asio::steady_timer>(io, accept_pause);
      return pause->async_wait([pause, state, &acceptor, &io, &dispatcher](const error_code&) {
        if (acceptor.is_open()) accept(state, acceptor, io, dispatcher);
      });
    }
    if (state->sessions >= max_sessions) {
      spdlog::warn("a client is turned away: {} streams are open already", max_sessions);
    } else {
      Peer peer = peer_of(socket);
      const auto session =
          Session::start(io, Stream::of_socket(io, socket.release()), std::move(peer), &dispatcher);
      ++state->sessions;
      session->on_closed([state] { --state->sessions; });
      expect_hello(io, session, state->hello_deadline);
    }
    accept(state, acceptor, io, dispatcher);
  });
}

Error cannot_listen(const std::string& where, const std::string& why) {
  return {.status = Status::wrong_state, .message = std::format("Cannot listen on {}: {}.", where, why)};
}

template <class State, class Acceptor>
struct Accepting : State {
  explicit Accepting(asio::io_context& io) : acceptor(io) {}
  void stop() override {
    error_code ignored;
    acceptor.close(ignored);
  }
  Acceptor acceptor;
};

}  // namespace

bool answers(const std::filesystem::path& path) {
  if (path.string().size() >= sizeof(sockaddr_un::sun_path)) return false;
  asio::io_context io;
  stream_protocol::socket probe(io);
  error_code error;
  probe.open(stream_protocol(), error);
  probe.non_blocking(true, error);
  probe.connect(stream_protocol::endpoint(path.string()), error);
  return !error || error == asio::error::would_block;  // its queue is full: somebody is there, and busy
}

Result<std::unique_ptr<Listener>> Listener::on_unix(asio::io_context& io, const std::filesystem::path& path,
                                                    const Dispatcher& dispatcher) {
  // The kernel's limit on the length of a socket's path, its closing zero included.
  if (path.string().size() >= sizeof(sockaddr_un::sun_path))
    return std::unexpected(cannot_listen(
        path.string(), std::format("the path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 1)));
  std::error_code ignored;
  if (std::filesystem::is_socket(path, ignored)) {
    if (answers(path))
      return std::unexpected(cannot_listen(path.string(), "another daemon answers there already"));
    std::filesystem::remove(path, ignored);
  }
  auto state = std::make_shared<Accepting<State, stream_protocol::acceptor>>(io);
  error_code error;
  const stream_protocol::endpoint endpoint(path.string());
  if (!error) state->acceptor.open(endpoint.protocol(), error);
  const mode_t before = ::umask(0117);  // the file is born with mode 0660
  if (!error) state->acceptor.bind(endpoint, error);
  ::umask(before);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(cannot_listen(path.string(), error.message()));
  state->file = path;
  accept(state, state->acceptor, io, dispatcher);
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Result<std::unique_ptr<Listener>> Listener::on_inherited(asio::io_context& io, int descriptor,
                                                         const Dispatcher& dispatcher) {
  auto state = std::make_shared<Accepting<State, stream_protocol::acceptor>>(io);
  error_code error;
  state->acceptor.assign(stream_protocol(), descriptor, error);
  if (error) return std::unexpected(cannot_listen("the socket that was handed over", error.message()));
  accept(state, state->acceptor, io, dispatcher);
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Result<std::unique_ptr<Listener>> Listener::on_tcp(asio::io_context& io, const std::string& address,
                                                   std::uint16_t port, const Dispatcher& dispatcher,
                                                   std::chrono::milliseconds deadline) {
  using asio::ip::tcp;
  const auto where = std::format("{}:{}", address, port);
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return std::unexpected(cannot_listen(where, "that is not an address"));
  auto state = std::make_shared<Accepting<State, tcp::acceptor>>(io);
  const tcp::endpoint endpoint(ip, port);
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(cannot_listen(where, error.message()));
  state->port = state->acceptor.local_endpoint(error).port();
  state->hello_deadline = deadline;
  accept(state, state->acceptor, io, dispatcher);
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->stop();
  std::error_code ignored;
  if (!state_->file.empty()) std::filesystem::remove(state_->file, ignored);
}

std::uint16_t Listener::port() const noexcept {
  return state_->port;
}
std::size_t Listener::sessions() const noexcept {
  return state_->sessions;
}

std::shared_ptr<Session> serve_stdio(asio::io_context& io, const Dispatcher& dispatcher) {
  return Session::start(io, Stream::of_stdio(io), {.transport = Transport::stdio, .name = "standard input"},
                        &dispatcher);
}

Result<std::shared_ptr<Session>> connect_unix(asio::io_context& io, const std::filesystem::path& path,
                                              const Dispatcher* dispatcher) {
  if (path.string().size() >= sizeof(sockaddr_un::sun_path))
    return fail(Status::offline, std::format("The path of the socket is too long: {}.", path.string()));
  stream_protocol::socket socket(io);
  error_code error;
  socket.connect(stream_protocol::endpoint(path.string()), error);
  if (error)
    return fail(Status::offline, std::format("Nobody answers on {}: {}.", path.string(), error.message()));
  return Session::start(io, Stream::of_socket(io, socket.release()),
                        {.transport = Transport::unix_socket, .name = path.filename().string()}, dispatcher);
}

Result<std::shared_ptr<Session>> connect_tcp(asio::io_context& io, const std::string& host,
                                             std::uint16_t port, const Dispatcher* dispatcher) {
  using asio::ip::tcp;
  const auto where = std::format("{}:{}", host, port);
  error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), error);
  tcp::socket socket(io);
  if (!error) asio::connect(socket, found, error);
  if (error) return fail(Status::offline, std::format("Nobody answers on {}: {}.", where, error.message()));
  socket.set_option(tcp::no_delay(true), error);
  return Session::start(io, Stream::of_socket(io, socket.release()),
                        {.transport = Transport::tcp, .name = where}, dispatcher);
}

}  // namespace celeriac::protocol
