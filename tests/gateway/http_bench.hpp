#pragma once
// A gateway's HTTP half before a played VM, and clients that send what the test says, byte by byte.

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "gateway/http/client_service.hpp"
#include "gateway/http/server.hpp"
#include "protocol/document.hpp"
#include "tests/gateway/fake_vm.hpp"

namespace celeriac::gateway::testing {

using protocol::Json;

/// A connection of a client.
class Client {
 public:
  Client(boost::asio::io_context& io, std::uint16_t port);
  void send(std::string bytes);
  /// Reads until the server has closed.
  std::string read_to_end();
  /// Reads one answer with a Content-Length.
  std::string read_answer(bool head = false);
  /// Reads what is there, at least `bytes`.
  std::string read(std::size_t bytes);
  [[nodiscard]] bool closed() const { return ended_; }
  void close() { socket_.close(); }

 private:
  void read_more();
  boost::asio::io_context& io_;
  boost::asio::ip::tcp::socket socket_;
  std::string received_;
  bool ended_ = false, reading_ = false;
  std::array<char, 16384> chunk_;
};

struct HttpBench {
  explicit HttpBench(HttpTimes with = {}, HttpAccess access = {});
  ~HttpBench();
  /// {"Ok": null}, or what was wrong.
  Json act(const std::string& process, const Json& action, const std::string& blob = {});
  /// One request on a connection of its own; the whole answer.
  std::string get(const std::string& target, const std::string& headers = {});
  std::string raw(const std::string& bytes);

  Directory directory;
  boost::asio::io_context io{1};
  HttpTimes times;
  FakeVm vm{io, directory.path / "vm.sock"};
  std::shared_ptr<VmLink> link = std::make_shared<VmLink>(io, directory.path / "vm.sock");
  HttpService service;
  HttpClientService client{*link, {}};
  std::unique_ptr<HttpServer> server;
};

/// Kinode's answer: 200 and this body.
Outgoing http_response(const std::string& body, int status = 200, Json headers = Json::object());

int status_of(const std::string& answer);
std::string body_of(const std::string& answer);

}  // namespace celeriac::gateway::testing
