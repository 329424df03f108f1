#include "web/http_client.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <format>
#include <memory>
#include <optional>

#include "web/tls.hpp"
#include "web/url.hpp"

namespace celeriac::web {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// `103 Early Hints` and their like that an answer may begin with.
constexpr int max_interim_answers = 8;

// ---- what may be sent -----------------------------------------------------------------------------

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

Result<void> check(const HttpRequest& request) {
  if (!is_token(request.method) || beast::iequals(request.method, "CONNECT"))
    return fail(Status::malformed, std::format("\"{}\" is no method of HTTP.", request.method));
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || !is_header_value(value))
      return fail(
          Status::malformed,
          std::format("The header \"{}\" cannot be sent: a name is letters, digits and dashes, a value "
                      "one line.",
                      name));
  return {};
}

/// Ours to set: they describe how the message is sent.
bool is_framing(std::string_view name) {
  constexpr std::array<std::string_view, 6> ours = {"content-length", "transfer-encoding", "connection",
                                                    "keep-alive",     "upgrade",           "te"};
  return std::ranges::any_of(ours, [&](auto each) { return beast::iequals(each, name); });
}

http::request<http::string_body> message_of(const HttpRequest& request, const Url& url) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(url.target);
  message.set(http::field::host, url.authority());
  message.set(http::field::user_agent, "Celeriac/" CELERIAC_VERSION);
  message.set(http::field::accept, "*/*");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers)
    if (!is_framing(name)) message.set(name, value);
  message.body() = request.body;
  // prepare_payload() knows methods only by their number, and a GET needs no length.
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH")
    message.content_length(request.body.size());
  return message;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// ---- what has gone wrong --------------------------------------------------------------------------

Error error_of_reading(const error_code& error, const Url& url, std::size_t max_body) {
  if (error == http::error::body_limit)
    return {
        .status = Status::out_of_resources,
        .message = std::format("The answer of {} is longer than {} MB.", url.host, max_body / (1024 * 1024))};
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return {.status = Status::out_of_resources,
            .message = std::format("The headers of the answer of {} are longer than {} kB.", url.host,
                                   max_header_bytes / 1024)};
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
      error == asio::error::connection_reset)
    return {.status = Status::offline,
            .message = std::format("{} closed the connection before its answer was whole.", url.host)};
  if (error.category() == http::make_error_code(http::error::bad_version).category())
    return {.status = Status::failed,
            .message = std::format("{} did not answer in HTTP: {}.", url.authority(), error.message())};
  return {.status = Status::offline,
          .message = std::format("The connection to {} broke: {}.", url.host, error.message())};
}

bool is_redirect(const HttpResponse& response) {
  constexpr std::array<int, 5> redirects = {301, 302, 303, 307, 308};
  return std::ranges::find(redirects, response.status) != redirects.end() &&
         response.headers.contains("location");
}

/// Credentials go where they were meant to go, and there by the same or a better way.
bool is_same_place(const Url& from, const Url& to) {
  const bool upgraded = !from.secure && to.secure && from.port == 80 && to.port == 443;
  return from.host == to.host && (from.port == to.port || upgraded);
}

// ---- one request ----------------------------------------------------------------------------------

/// Lives until its coroutine has ended. The deadline answers in its place: a name server that is silent
/// cannot be interrupted.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(const asio::any_io_executor& executor, HttpRequest request, HttpDone done)
      : executor_(executor),
        request_(std::move(request)),
        done_(std::move(done)),
        timer_(executor),
        resolver_(executor) {}

  void start() {
    timer_.expires_after(request_.timeout);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->late();
    });
    asio::co_spawn(
        executor_, run(shared_from_this()), [self = shared_from_this()](std::exception_ptr defect) {
          if (defect)
            self->finish(
                fail(Status::internal, "A defect ended the request: please report it with the log."));
        });
  }

 private:
  void late() {
    finish(fail(Status::timeout, std::format("{} did not answer within {:g} s.", asked_,
                                             static_cast<double>(request_.timeout.count()) / 1000)));
    resolver_.cancel();
    if (stream_ != nullptr) stream_->close();
  }

  void finish(Result<HttpResponse> result) {
    timer_.cancel();
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  static asio::awaitable<void> run(std::shared_ptr<Exchange> self) {
    co_await asio::post(asio::use_awaitable);  // never inside the call of fetch()
    self->finish(co_await self->follow());
  }

  asio::awaitable<Result<HttpResponse>> follow() {
    if (auto legal = check(request_); !legal) co_return std::unexpected(std::move(legal.error()));
    auto url = parse_url(request_.url);
    if (!url) co_return std::unexpected(std::move(url.error()));
    for (int redirects = 0;; ++redirects) {
      asked_ = url->host;
      auto response = co_await ask(*url);
      if (!response || !is_redirect(*response)) co_return response;
      auto next = resolve(*url, response->headers["location"]);
      if (!next) co_return std::unexpected(std::move(next.error()));
      if (redirects == max_redirects)
        co_return fail(Status::failed,
                       std::format("{} sends us on more than {} times.", asked_, max_redirects));
      if (url->secure && !next->secure)
        co_return fail(Status::denied,
                       std::format("{} sends us from https to {}, where anybody could read along.", url->host,
                                   next->text()));
      redirected(*url, *next, response->status);
      url = std::move(next);
    }
  }

  void redirected(const Url& from, const Url& to, int status) {
    const bool becomes_get =
        status == 303 ? request_.method != "HEAD" : status <= 302 && request_.method == "POST";
    if (becomes_get) {
      request_.method = "GET";
      request_.body.clear();
    }
    std::erase_if(request_.headers, [&](const auto& header) {
      const auto is = [&](std::string_view name) { return beast::iequals(header.first, name); };
      if (is("host")) return true;
      if (becomes_get && is("content-type")) return true;
      return !is_same_place(from, to) && (is("authorization") || is("cookie") || is("proxy-authorization"));
    });
  }

  asio::awaitable<Result<HttpResponse>> ask(const Url& url) {
    const auto [no_name, addresses] =
        co_await resolver_.async_resolve(url.host, std::to_string(url.port), as_result);
    if (no_name)
      co_return fail(Status::offline,
                     std::format("There is no host {}, or no network: {}.", url.host, no_name.message()));
    if (!url.secure) {
      beast::tcp_stream stream(executor_);
      const Open open(*this, stream);
      if (auto connected = co_await connect(stream, addresses, url); !connected)
        co_return std::unexpected(std::move(connected.error()));
      co_return co_await converse(stream, url);
    }
    auto context = client_context(request_.ca_file);
    if (!context) co_return std::unexpected(std::move(context.error()));
    asio::ssl::stream<beast::tcp_stream> stream(executor_, *context);
    const Open open(*this, stream.next_layer());
    if (auto expected = expect_host(stream.native_handle(), url.host); !expected)
      co_return std::unexpected(std::move(expected.error()));
    if (auto connected = co_await connect(stream.next_layer(), addresses, url); !connected)
      co_return std::unexpected(std::move(connected.error()));
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, as_result);
    if (error) {
      const auto trouble = certificate_trouble(stream.native_handle());
      if (trouble.empty())
        co_return fail(Status::offline,
                       std::format("{} makes no secure connection: {}.", url.authority(), error.message()));
      co_return std::unexpected(Error{
          .status = Status::offline,
          .message = std::format("The certificate of {} is not believed: {}.", url.authority(), trouble),
          .code = "certificate"});
    }
    co_return co_await converse(stream, url);
  }

  asio::awaitable<Result<void>> connect(beast::tcp_stream& stream,
                                        const asio::ip::tcp::resolver::results_type& addresses,
                                        const Url& url) {
    const auto [error, endpoint] = co_await stream.async_connect(addresses, as_result);
    if (error)
      co_return fail(Status::offline,
                     std::format("{} cannot be reached: {}.", url.authority(), error.message()));
    co_return Result<void>();
  }

  template <class Stream>
  asio::awaitable<Result<HttpResponse>> converse(Stream& stream, const Url& url) {
    const auto message = message_of(request_, url);
    if (const auto [error, bytes] = co_await http::async_write(stream, message, as_result); error)
      co_return std::unexpected(error_of_reading(error, url, request_.max_body));
    beast::flat_buffer buffer;
    for (int interim = 0; interim <= max_interim_answers; ++interim) {
      http::response_parser<http::string_body> parser;
      parser.header_limit(max_header_bytes);
      parser.body_limit(request_.max_body);
      if (request_.method == "HEAD") parser.skip(true);
      if (const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, as_result); error)
        co_return std::unexpected(error_of_reading(error, url, request_.max_body));
      auto& answer = parser.get();
      if (answer.result_int() < 200) continue;
      HttpResponse response{.status = static_cast<int>(answer.result_int()), .headers = {}, .body = {}};
      for (const auto& field : answer) {
        std::string name(field.name_string());
        std::ranges::transform(name, name.begin(), lower);
        auto& value = response.headers[std::move(name)];
        value += std::format("{}{}", value.empty() ? "" : ", ", std::string_view(field.value()));
      }
      response.body = std::move(answer.body());
      co_return response;
    }
    co_return fail(Status::failed, std::format("{} does not come to an answer.", url.host));
  }

  /// The connection that the deadline closes.
  struct Open {
    Open(Exchange& exchange, beast::tcp_stream& stream) : exchange_(exchange) {
      exchange_.stream_ = &stream;
      // Too late already: every operation on the stream fails.
      if (!exchange_.done_) stream.expires_at(std::chrono::steady_clock::now());
    }
    ~Open() { exchange_.stream_ = nullptr; }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    Exchange& exchange_;
  };

  asio::any_io_executor executor_;
  HttpRequest request_;
  HttpDone done_;
  asio::steady_timer timer_;
  asio::ip::tcp::resolver resolver_;
  beast::tcp_stream* stream_ = nullptr;
  std::string asked_ = "The host";
};

}  // namespace

void fetch(asio::any_io_executor executor, HttpRequest request, HttpDone done) {
  std::make_shared<Exchange>(executor, std::move(request), std::move(done))->start();
}

}  // namespace celeriac::web
