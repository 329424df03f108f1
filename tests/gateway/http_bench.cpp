#include "tests/gateway/http_bench.hpp"

#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <charconv>
#include <format>

namespace celeriac::gateway::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

Client::Client(asio::io_context& io, std::uint16_t port) : io_(io), socket_(io) {
  socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
}

void Client::send(std::string bytes) {
  const auto held = std::make_shared<std::string>(std::move(bytes));
  asio::async_write(socket_, asio::buffer(*held), [held](const auto&, std::size_t) {});
}

void Client::read_more() {
  if (reading_ || ended_) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(chunk_),
                          [this](const boost::system::error_code& error, std::size_t bytes) {
                            reading_ = false;
                            received_.append(chunk_.data(), bytes);
                            if (error) ended_ = true;
                          });
}

std::string Client::read_to_end() {
  while (!ended_) {
    read_more();
    run_until(io_, [&] { return !reading_; });
  }
  return std::exchange(received_, {});
}

std::string Client::read(std::size_t bytes) {
  while (!ended_ && received_.size() < bytes) {
    read_more();
    run_until(io_, [&] { return !reading_; });
  }
  return std::exchange(received_, {});
}

std::string Client::read_answer(bool head) {
  while (!ended_) {
    if (const auto end = received_.find("\r\n\r\n"); end != std::string::npos) {
      std::size_t length = 0;
      if (const auto at = received_.find("Content-Length: "); at < end && !head) {
        const auto* begin = received_.data() + at + 16;
        std::from_chars(begin, received_.data() + end, length);
      }
      if (received_.size() >= end + 4 + length) {
        auto answer = received_.substr(0, end + 4 + length);
        received_.erase(0, answer.size());
        return answer;
      }
    }
    read_more();
    run_until(io_, [&] { return !reading_; });
  }
  return std::exchange(received_, {});
}

HttpBench::HttpBench(HttpTimes with, HttpAccess access)
    : times(with), service(*link, io, std::move(access), times) {
  auto listening = HttpServer::listen(io, {.address = "127.0.0.1", .port = 0, .names = {"garden.example"}},
                                      service, times);
  REQUIRE(listening);
  server = std::move(*listening);
  link->start();
  run_until(io, [&] { return link->up(); });
}

HttpBench::~HttpBench() {
  server.reset();
  link->stop();
  io.restart();
  io.poll();
}

Json HttpBench::act(const std::string& process, const Json& action, const std::string& blob) {
  Outgoing message;
  message.to = "http-server:distro:sys";
  message.body = action.dump();
  if (!blob.empty()) {
    message.blob_bytes = blob;
    message.mime = "text/html";
  }
  return Json::parse(vm.ask(process, std::move(message)).first.body);
}

std::string HttpBench::raw(const std::string& bytes) {
  Client connection(io, server->port());
  connection.send(bytes);
  return connection.read_to_end();
}

std::string HttpBench::get(const std::string& target, const std::string& headers) {
  return raw(
      std::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n", target, headers));
}

Outgoing http_response(const std::string& body, int status, Json headers) {
  Outgoing answer;
  answer.body = Json{{"HttpResponse", {{"status", status}, {"headers", std::move(headers)}}}}.dump();
  answer.blob_bytes = body;
  return answer;
}

int status_of(const std::string& answer) {
  int status = 0;
  if (answer.size() > 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

}  // namespace celeriac::gateway::testing
