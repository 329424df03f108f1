#pragma once
// A server on loopback that says what the test tells it to, byte by byte; and certificates to say it with.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "web/http_client.hpp"

namespace celeriac::web::testing {

/// A directory that goes with its object.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::filesystem::path path;
};

/// A self-signed certificate for these names ("DNS:localhost,IP:127.0.0.1"), PEM, and its key.
struct Certificate {
  std::string certificate, key;
  std::filesystem::path save(const std::filesystem::path& directory) const;  ///< the certificate alone
};
Certificate make_certificate(const std::string& names);

/// What a client has sent.
struct Heard {
  std::string head;  ///< request line and headers
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const;  ///< "" if there is none
  [[nodiscard]] std::string line() const { return head.substr(0, head.find("\r\n")); }
};

class Server {
 public:
  /// nullopt: never answer, and hold the connection.
  using Answer = std::function<std::optional<std::string>(const Heard&)>;

  Server(boost::asio::io_context& io, Answer answer, const Certificate* certificate = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& target, const std::string& host = "127.0.0.1") const;
  std::vector<Heard> heard;

 private:
  struct State;
  bool secure_;
  std::uint16_t port_ = 0;
  std::shared_ptr<State> state_;
};

/// "HTTP/1.1 200 OK", the headers, and a Content-Length.
std::string reply(int status, const std::string& body, const std::string& headers = "");

/// Runs the loop until the answer is there.
protocol::Result<HttpResponse> fetch_now(boost::asio::io_context& io, HttpRequest request);

}  // namespace celeriac::web::testing
