#pragma once
// The HTTP server: connections, their limits and deadlines, WebSocket upgrades. What is served, the service
// knows.
//
//   accepted ──header──► body ──► service ──► written ──keep-alive──► idle ──header──► …
//      │  431, 400, 408     │ 413, 408   └─ upgrade ──► WebSocket until either side closes
//      └─ 503 past max_connections

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "gateway/http/service.hpp"

namespace celeriac::gateway {

struct HttpDoor {
  std::string address;     ///< "127.0.0.1", "::1", "0.0.0.0"
  std::uint16_t port = 0;  ///< 0: the system chooses
  /// Names that the Host header may have beside addresses and `localhost`: a page of another site cannot make
  /// a browser ask us by a name that it lets point here.
  std::vector<std::string> names;
};

/// "127.0.0.1:8080", "[::1]:8080". Status::malformed if it is none.
protocol::Result<HttpDoor> parse_http_door(std::string_view text);

class HttpServer {
 public:
  /// Listens. Status::failed with a sentence if it cannot.
  static protocol::Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io, HttpDoor door,
                                                              HttpService& service, const HttpTimes& times);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace celeriac::gateway
