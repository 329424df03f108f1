// Each limit of gateway/http/limits.hpp, reached.

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <random>

#include "tests/gateway/http_bench.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;

namespace {

using namespace std::chrono_literals;

const Json ok{{"Ok", nullptr}};

Json bind(const std::string& path) {
  return {{"Bind", {{"path", path}}}};
}

/// A text and so many of a character behind it.
std::string much(std::string text, std::size_t count) {
  text.append(count, 'x');
  return text;
}

const HttpTimes hasty{.header = 300ms, .body = 300ms, .idle = 300ms, .process = 300ms, .write = 300ms};

}  // namespace

TEST_CASE("headers that are too long are answered 431") {
  HttpBench bench;
  CHECK(status_of(bench.get("/", much("X: ", max_request_header).append("\r\n"))) == 431);
  CHECK(status_of(bench.get(much("/", max_request_header))) == 431);
}

TEST_CASE("a body that is too long is answered 413, announced or in chunks") {
  HttpBench bench;
  const auto announced = bench.raw(
      std::format("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", max_request_body + 1));
  CHECK(status_of(announced) == 413);
  std::string chunks = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t sent = 0; sent <= max_request_body; sent += 65536)
    chunks += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  CHECK(status_of(bench.raw(chunks)) == 413);
}

TEST_CASE("a body of just the limit reaches the process") {
  HttpBench bench;
  bench.vm.play("s:g:l", [](const Item&, const std::string& blob) {
    return http_response(std::to_string(blob.size()));
  });
  REQUIRE(bench.act("s:g:l", bind("/")) == ok);
  const auto answer = bench.raw(
      std::format(
          "POST /s:g:l HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
          max_request_body) +
      std::string(max_request_body, 'x'));
  CHECK(body_of(answer) == std::to_string(max_request_body));
}

TEST_CASE("a slow client is answered 408, in its headers and in its body") {
  HttpBench bench(hasty);
  const auto headers = bench.raw("GET / HTTP/1.1\r\nHost: local");
  CHECK(status_of(headers) == 408);
  const auto body = bench.raw("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status_of(body) == 408);
}

TEST_CASE("a client that sends a byte now and then does not get more time") {
  HttpBench bench(hasty);
  Client client(bench.io, bench.server->port());
  const auto begun = std::chrono::steady_clock::now();
  boost::asio::steady_timer drip(bench.io);
  std::function<void()> more = [&] {
    client.send("X");
    drip.expires_after(50ms);
    drip.async_wait([&](const auto& error) {
      if (!error) more();
    });
  };
  client.send("GET / HTTP/1.1\r\nX-");
  more();
  const auto answer = client.read_to_end();
  drip.cancel();
  CHECK(status_of(answer) == 408);
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
}

TEST_CASE("a connection on which nothing is asked any more is closed without a word") {
  HttpBench bench(hasty);
  Client client(bench.io, bench.server->port());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(status_of(client.read_answer()) == 404);
  CHECK(client.read_to_end().empty());
  run_until(bench.io, [&] { return bench.server->connections() == 0; });
}

TEST_CASE("a process that does not answer is answered for: 504") {
  HttpBench bench(hasty);
  bench.vm.play("s:g:l", [](const Item&, const std::string&) { return std::nullopt; });
  REQUIRE(bench.act("s:g:l", bind("/")) == ok);
  const auto answer = bench.get("/s:g:l");
  CHECK(status_of(answer) == 504);
  CHECK(body_of(answer) == "The process that serves this did not answer in time.\n");
}

TEST_CASE("a client that does not read its answer loses its connection") {
  HttpBench bench(hasty);
  bench.vm.play("s:g:l", [](const Item&, const std::string&) {
    return http_response(std::string(max_response_body, 'x'));
  });
  REQUIRE(bench.act("s:g:l", bind("/")) == ok);
  Client client(bench.io, bench.server->port());
  client.send("GET /s:g:l HTTP/1.1\r\nHost: localhost\r\n\r\n");
  run_until(bench.io, [&] { return bench.vm.heard.size() == 1; });
  run_until(bench.io, [&] { return bench.server->connections() == 0; });
}

TEST_CASE("an answer that is too long becomes 502") {
  HttpBench bench;
  bench.vm.play("s:g:l", [](const Item&, const std::string&) {
    return http_response(std::string(max_response_body + 1, 'x'));
  });
  REQUIRE(bench.act("s:g:l", bind("/")) == ok);
  CHECK(status_of(bench.get("/s:g:l")) == 502);
}

TEST_CASE("one connection too many is answered 503, and those before go on") {
  HttpBench bench;
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < max_connections; ++i)
    clients.push_back(std::make_unique<Client>(bench.io, bench.server->port()));
  run_until(bench.io, [&] { return bench.server->connections() == max_connections; });
  CHECK(status_of(bench.raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 503);
  clients[0]->send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(status_of(clients[0]->read_to_end()) == 404);
  run_until(bench.io, [&] { return bench.server->connections() == max_connections - 1; });
  CHECK(status_of(bench.get("/")) == 404);
}

TEST_CASE("a connection is closed after so many requests") {
  HttpBench bench;
  Client client(bench.io, bench.server->port());
  for (int i = 1; i < max_requests_per_connection; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(status_of(client.read_answer()) == 404);
  }
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_to_end().contains("Connection: close"));
}

TEST_CASE("garbage is answered 400 or not at all, and the server goes on") {
  HttpBench bench;
  for (const std::string bad :
       {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET http://elsewhere/ HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    const auto answer = bench.raw(bad);
    CHECK(status_of(answer) == 400);
  }
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    std::string noise(1 + random() % 300, ' ');
    for (auto& c : noise) c = static_cast<char>(random());
    Client client(bench.io, bench.server->port());
    client.send(noise);
    client.close();
  }
  CHECK(status_of(bench.get("/")) == 404);
  run_until(bench.io, [&] { return bench.server->connections() == 0; });
}
