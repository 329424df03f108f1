#include "gateway/http/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>
#include <format>

#include "gateway/http/websocket.hpp"
#include "gateway/spawn.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// The same, given up after a while with operation_aborted. (A deadline of the stream itself would close it,
/// and nobody could say why.)
auto within(std::chrono::milliseconds time) {
  return asio::cancel_after(time, as_result);
}
/// After a refusal: what a client still sends is read for so long, or the answer would be lost with a reset.
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::size_t linger_bytes = std::size_t{256} * 1024;
/// Between two attempts to accept, when the system has no descriptor left.
constexpr std::chrono::milliseconds accept_pause{100};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](char c) { return lower(c); });
  return made;
}

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

/// The Host header without its port: "[::1]:80" → "::1".
std::string_view host_name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

struct Refusal {
  int status;
  std::string_view sentence;
};

/// What a request that cannot be read is answered; nothing where nobody is left to read it.
std::optional<Refusal> refusal_of(const error_code& error, bool begun) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return Refusal{431, "The request's headers are too long."};
  if (error == http::error::body_limit) return Refusal{413, "The request's body is too long."};
  if (error == asio::error::operation_aborted)
    return begun ? std::optional(Refusal{408, "The request did not arrive in time."}) : std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_version).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message)
    return Refusal{400, "The request is not HTTP."};
  return std::nullopt;
}

}  // namespace

Result<HttpDoor> parse_http_door(std::string_view text) {
  const auto colon = text.rfind(':');
  HttpDoor door;
  if (colon != std::string_view::npos) {
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    const auto port = text.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), door.port);
    if (!not_an_address && !port.empty() && read.ec == std::errc() && read.ptr == port.data() + port.size()) {
      door.address = host;
      return door;
    }
  }
  return fail(Status::malformed,
              std::format("\"{}\" is no address and port to listen on: 127.0.0.1:8080.", text));
}

struct HttpServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& loop, HttpDoor where, HttpService& what, const HttpTimes& limits)
      : io(loop), acceptor(loop), door(std::move(where)), service(what), times(limits) {}

  struct Place;
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(beast::tcp_stream stream, std::string peer, bool local,
                              std::unique_ptr<Place> place);
  asio::awaitable<void> refuse(beast::tcp_stream stream, std::unique_ptr<Place> place);
  asio::awaitable<bool> write(beast::tcp_stream& stream, HttpAnswer answer, unsigned version, bool keep,
                              bool head);
  asio::awaitable<void> linger(beast::tcp_stream& stream);
  [[nodiscard]] std::optional<HttpAnswer> unwelcome(const HttpQuestion& question, unsigned version) const;

  /// One of a bounded number, while it lives.
  struct Place {
    Place(std::shared_ptr<State> of, std::size_t State::* which) : state(std::move(of)), count(which) {
      ++(state.get()->*count);
    }
    ~Place() { --(state.get()->*count); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::shared_ptr<State> state;
    std::size_t State::* count;
  };

  asio::io_context& io;
  tcp::acceptor acceptor;
  HttpDoor door;
  HttpService& service;
  HttpTimes times;
  std::string own_name = lower(asio::ip::host_name());
  std::size_t connections = 0, refusals = 0, websockets = 0;
  bool stopped = false;
};

asio::awaitable<void> HttpServer::State::accept() {
  asio::steady_timer pause(io);
  while (!stopped) {
    tcp::endpoint from;
    auto [error, socket] = co_await acceptor.async_accept(from, as_result);
    if (stopped) break;
    if (error) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    beast::tcp_stream stream(std::move(socket));
    const auto self = shared_from_this();
    if (connections < max_connections) {
      const auto address = from.address();
      const auto peer = address.is_v6() ? std::format("[{}]:{}", address.to_string(), from.port())
                                        : std::format("{}:{}", address.to_string(), from.port());
      spawn(io, "an HTTP connection",
            serve(std::move(stream), peer, is_loopback(address),
                  std::make_unique<Place>(self, &State::connections)));
    } else if (refusals < max_refusals) {
      spawn(io, "a refused HTTP connection",
            refuse(std::move(stream), std::make_unique<Place>(self, &State::refusals)));
    }
  }
}

asio::awaitable<void> HttpServer::State::refuse(beast::tcp_stream stream, std::unique_ptr<Place>) {
  if (co_await write(stream, plain_answer(503, "The server has too many connections. Try again later."), 11,
                     false, false))
    co_await linger(stream);
}

asio::awaitable<bool> HttpServer::State::write(beast::tcp_stream& stream, HttpAnswer answer, unsigned version,
                                               bool keep, bool head) {
  http::response<http::string_body> response;
  response.version(version);
  response.result(static_cast<unsigned>(answer.status));
  for (const auto& [name, value] : answer.headers) response.insert(name, value);
  response.set(http::field::server, "Celeriac");
  response.keep_alive(keep);
  const bool bodiless = answer.status == 204 || answer.status == 304;
  if (!bodiless) response.content_length(answer.body.size());
  if (!bodiless && !head) response.body() = std::move(answer.body);
  http::response_serializer<http::string_body> serializer(response);
  error_code error;
  if (head || bodiless)
    error = std::get<0>(co_await http::async_write_header(stream, serializer, within(times.write)));
  else
    error = std::get<0>(co_await http::async_write(stream, serializer, within(times.write)));
  co_return !error;
}

asio::awaitable<void> HttpServer::State::linger(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  const auto until = std::chrono::steady_clock::now() + linger_time;
  std::array<char, 4096> waste;
  for (std::size_t drained = 0; drained < linger_bytes;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const auto [error, bytes] = co_await stream.async_read_some(asio::buffer(waste), within(left));
    if (error) break;
    drained += bytes;
  }
}

/// What is refused before anybody is asked.
std::optional<HttpAnswer> HttpServer::State::unwelcome(const HttpQuestion& question, unsigned version) const {
  if (question.method == "CONNECT" || question.method == "TRACE")
    return plain_answer(405, std::format("{} is not served here.", question.method));
  if (question.host.empty() && version >= 11) return plain_answer(400, "The request has no Host header.");
  const auto name = lower(host_name_of(question.host));
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  const bool known = name.empty() || !not_an_address || name == "localhost" || name.ends_with(".localhost") ||
                     name == own_name || name == own_name + ".local" ||
                     std::ranges::contains(door.names, name);
  if (known) return std::nullopt;
  return plain_answer(421,
                      "This server does not go by the name that was asked for: --http-name would allow it.");
}

asio::awaitable<void> HttpServer::State::serve(beast::tcp_stream stream, std::string peer, bool local,
                                               std::unique_ptr<Place> place) {
  beast::flat_buffer buffer(max_request_header + 64 * 1024);
  for (int served = 0; served < max_requests_per_connection && !stopped; ++served) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(max_request_header);
    parser.body_limit(max_request_body);
    // The next request's deadline begins with its first byte.
    if (served > 0 && buffer.size() == 0) {
      const auto [error, bytes] = co_await stream.async_read_some(buffer.prepare(4096), within(times.idle));
      if (error) co_return;
      buffer.commit(bytes);
    }
    auto [failed, header_bytes] =
        co_await http::async_read_header(stream, buffer, parser, within(times.header));
    if (!failed) {
      if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
        http::response<http::empty_body> go_on(http::status::continue_, 11);
        failed = std::get<0>(co_await http::async_write(stream, go_on, within(times.write)));
      }
      if (!failed)
        failed = std::get<0>(co_await http::async_read(stream, buffer, parser, within(times.body)));
    }
    if (failed) {
      const bool begun = buffer.size() > 0 || parser.got_some() || served == 0;
      const auto refused = refusal_of(failed, begun);
      if (!refused) co_return;
      if (co_await write(stream, plain_answer(refused->status, std::string(refused->sentence)), 11, false,
                         false))
        co_await linger(stream);
      co_return;
    }
    auto& request = parser.get();
    HttpQuestion question{.peer = peer,
                          .local = local,
                          .method = std::string(request.method_string()),
                          .host = std::string(request[http::field::host]),
                          .target = std::string(request.target())};
    for (const auto& field : request) {
      auto name = lower(field.name_string());
      const auto known = std::ranges::find(question.headers, name, &Headers::value_type::first);
      if (known == question.headers.end())
        question.headers.emplace_back(std::move(name), field.value());
      else
        known->second.append(name == "cookie" ? "; " : ", ").append(field.value());
    }
    const unsigned version = request.version();
    const bool keep = request.keep_alive() && served + 1 < max_requests_per_connection;
    const bool head = request.method() == http::verb::head;
    auto answer = unwelcome(question, version);
    if (!answer)
      if (auto read = read_target(question); !read) answer = plain_answer(400, read.error().message);
    if (!answer && beast::websocket::is_upgrade(request)) {
      // A page of another site may open a WebSocket in its visitor's name; browsers say where it is from.
      const auto origin = question.header("origin");
      const bool foreign = !origin.empty() && origin.substr(origin.find("://") + 3) != question.host;
      auto binding = service.websocket_binding(question);
      if (foreign) {
        answer = plain_answer(403, "Pages of another site may not open a WebSocket here.");
      } else if (websockets >= max_websockets) {
        answer = plain_answer(503, "There are too many WebSockets. Try again later.");
      } else if (binding) {
        const Place socket(place->state, &State::websockets);
        co_return co_await serve_websocket(io, std::move(stream), parser.release(), service,
                                           std::move(*binding), times);
      } else {
        answer = std::move(binding.error());
      }
    }
    if (!answer) {
      question.body = std::move(request.body());
      answer = co_await service.answer(question);
    }
    if (!co_await write(stream, std::move(*answer), version, keep, head)) co_return;
    if (!keep) co_return co_await linger(stream);
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io, HttpDoor door,
                                                       HttpService& service, const HttpTimes& times) {
  for (auto& name : door.names) name = lower(name);
  auto state = std::make_shared<State>(io, std::move(door), service, times);
  auto& acceptor = state->acceptor;
  const tcp::endpoint endpoint(asio::ip::make_address(state->door.address), state->door.port);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Status::failed, std::format("Cannot listen for HTTP on {}:{}: {}.", state->door.address,
                                            state->door.port, error.message()));
  if (!is_loopback(endpoint.address()))
    spdlog::warn("HTTP is served to the whole network on {}:{}, without encryption.", state->door.address,
                 acceptor.local_endpoint(error).port());
  spawn(io, "the HTTP server",
        [](std::shared_ptr<State> self) -> asio::awaitable<void> { co_await self->accept(); }(state));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->stopped = true;
  error_code ignored;
  state_->acceptor.close(ignored);
}

std::uint16_t HttpServer::port() const noexcept {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

std::size_t HttpServer::connections() const noexcept {
  return state_->connections;
}

}  // namespace celeriac::gateway
