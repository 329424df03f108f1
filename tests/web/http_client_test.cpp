#include "web/http_client.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>

#include "tests/web/server.hpp"

using namespace celeriac::web;
using namespace celeriac::web::testing;
using celeriac::protocol::Status;
namespace asio = boost::asio;

namespace {

using Answer = Server::Answer;

Answer always(std::string text) {
  return [text](const Heard&) { return text; };
}

}  // namespace

TEST_CASE("a request brings status, headers and body") {
  asio::io_context io;
  Server server(io, always(reply(201, "hello", "X-Thing: 1\r\nX-Thing: 2\r\n")));
  const auto response = fetch_now(io, {.url = server.url("/a?b=c"),
                                       .method = "PATCH",
                                       .headers = {{"Authorization", "secret"}},
                                       .body = "{}"});
  REQUIRE(response);
  CHECK(response->status == 201);
  CHECK(response->body == "hello");
  CHECK(response->headers.at("x-thing") == "1, 2");
  REQUIRE(server.heard.size() == 1);
  CHECK(server.heard[0].line() == "PATCH /a?b=c HTTP/1.1");
  CHECK(server.heard[0].header("Authorization") == "secret");
  CHECK(server.heard[0].header("Content-Length") == "2");
  CHECK(server.heard[0].header("Host") == std::format("127.0.0.1:{}", server.port()));
  CHECK(server.heard[0].body == "{}");
}

TEST_CASE("a status of trouble is an answer, not an error") {
  asio::io_context io;
  Server server(io, always(reply(404, "no")));
  CHECK(fetch_now(io, {.url = server.url("/")})->status == 404);
}

TEST_CASE("a body may come in chunks, or last until the end of the stream") {
  asio::io_context io;
  Server chunked(
      io,
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
  CHECK(fetch_now(io, {.url = chunked.url("/")})->body == "hello world");
  Server until_end(io, always("HTTP/1.1 200 OK\r\n\r\nall of it"));
  CHECK(fetch_now(io, {.url = until_end.url("/")})->body == "all of it");
}

TEST_CASE("interim answers are passed over") {
  asio::io_context io;
  Server server(io, always("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply(200, "ok")));
  CHECK(fetch_now(io, {.url = server.url("/")})->body == "ok");
}

TEST_CASE("an answer that never comes for interim ones has failed") {
  asio::io_context io;
  std::string hints;
  for (int i = 0; i < 10; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  Server server(io, always(hints + reply(200, "late")));
  const auto response = fetch_now(io, {.url = server.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::failed);
}

TEST_CASE("the answer to HEAD has no body, whatever its length says") {
  asio::io_context io;
  Server server(io, always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  const auto response = fetch_now(io, {.url = server.url("/"), .method = "HEAD"});
  REQUIRE(response);
  CHECK(response->body.empty());
}

TEST_CASE("nobody there is offline") {
  asio::io_context io;
  std::string url;
  {
    Server gone(io, always(""));
    url = gone.url("/");
  }
  io.poll();
  const auto response = fetch_now(io, {.url = url});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::offline);
  CHECK(response.error().message.contains("refused"));
}

TEST_CASE("a host without an address is offline") {
  asio::io_context io;
  const auto response = fetch_now(io, {.url = "http://nowhere.invalid/"});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::offline);
  CHECK(response.error().message.contains("nowhere.invalid"));
}

TEST_CASE("a connection that ends too early is offline") {
  asio::io_context io;
  Server server(io, always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  const auto response = fetch_now(io, {.url = server.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::offline);
}

TEST_CASE("an answer that is no HTTP has failed") {
  asio::io_context io;
  Server server(io, always("220 mail.example ESMTP\r\n\r\n"));
  const auto response = fetch_now(io, {.url = server.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::failed);
}

TEST_CASE("the deadline holds for a server that is silent") {
  asio::io_context io;
  Server server(io, [](const Heard&) { return std::nullopt; });
  const auto begun = std::chrono::steady_clock::now();
  const auto response = fetch_now(io, {.url = server.url("/"), .timeout = std::chrono::milliseconds(100)});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::timeout);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

TEST_CASE("a body of the largest size is read, one byte more is not") {
  asio::io_context io;
  Server largest(io, always(reply(200, std::string(max_body_bytes, 'x'))));
  CHECK(fetch_now(io, {.url = largest.url("/")})->body.size() == max_body_bytes);
  Server longer(io, always(reply(200, std::string(max_body_bytes + 1, 'x'))));
  const auto response = fetch_now(io, {.url = longer.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::out_of_resources);
}

TEST_CASE("headers beyond their bound are not read") {
  asio::io_context io;
  Server server(io, always(reply(200, "", std::format("X: {}\r\n", std::string(max_header_bytes, 'x')))));
  const auto response = fetch_now(io, {.url = server.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::out_of_resources);
}

TEST_CASE("a redirect is followed, and its request is the same") {
  asio::io_context io;
  Server server(io, [](const Heard& heard) {
    return heard.line().contains("/old") ? reply(307, "", "Location: /new\r\n") : reply(200, "found");
  });
  const auto response = fetch_now(
      io,
      {.url = server.url("/old"), .method = "POST", .headers = {{"Authorization", "secret"}}, .body = "x"});
  CHECK(response->body == "found");
  REQUIRE(server.heard.size() == 2);
  CHECK(server.heard[1].line() == "POST /new HTTP/1.1");
  CHECK(server.heard[1].body == "x");
  CHECK(server.heard[1].header("Authorization") == "secret");
}

TEST_CASE("a redirect of 303 becomes a GET without the body") {
  asio::io_context io;
  Server server(io, [](const Heard& heard) {
    return heard.line().contains("/old") ? reply(303, "", "Location: new\r\n") : reply(200, "found");
  });
  CHECK(fetch_now(io, {.url = server.url("/old"), .method = "POST", .body = "x"})->body == "found");
  CHECK(server.heard[1].line() == "GET /new HTTP/1.1");
  CHECK(server.heard[1].body.empty());
}

TEST_CASE("credentials do not go to another host") {
  asio::io_context io;
  Server second(io, always(reply(200, "second")));
  Server first(io, always(reply(302, "", "Location: " + second.url("/", "localhost") + "\r\n")));
  const auto response =
      fetch_now(io, {.url = first.url("/"),
                     .headers = {{"Authorization", "secret"}, {"Cookie", "c"}, {"X-Other", "stays"}}});
  CHECK(response->body == "second");
  CHECK(first.heard[0].header("Authorization") == "secret");
  CHECK(second.heard[0].header("Authorization").empty());
  CHECK(second.heard[0].header("Cookie").empty());
  CHECK(second.heard[0].header("X-Other") == "stays");
}

TEST_CASE("redirects end after a bounded number") {
  asio::io_context io;
  Server server(io, always(reply(302, "", "Location: /\r\n")));
  const auto response = fetch_now(io, {.url = server.url("/")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::failed);
  CHECK(server.heard.size() == max_redirects + 1);
}

TEST_CASE("a method or header that would break out of its line is refused") {
  asio::io_context io;
  Server server(io, always(reply(200, "")));
  CHECK(fetch_now(io, {.url = server.url("/"), .headers = {{"A", "b\r\nC: d"}}}).error().status ==
        Status::malformed);
  CHECK(fetch_now(io, {.url = server.url("/"), .headers = {{"A b", "c"}}}).error().status ==
        Status::malformed);
  CHECK(fetch_now(io, {.url = server.url("/"), .method = "GET /x"}).error().status == Status::malformed);
  CHECK(server.heard.empty());
}

TEST_CASE("how the message is framed is not the caller's to say") {
  asio::io_context io;
  Server server(io, always(reply(200, "")));
  fetch_now(io, {.url = server.url("/"),
                 .method = "POST",
                 .headers = {{"content-length", "99"}, {"Transfer-Encoding", "chunked"}},
                 .body = "four"});
  CHECK(server.heard[0].header("Content-Length") == "4");
  CHECK(server.heard[0].header("Transfer-Encoding").empty());
}

TEST_CASE("a certificate of an authority that was named is believed, for names and addresses") {
  asio::io_context io;
  const Directory directory;
  const auto certificate = make_certificate("DNS:localhost,IP:127.0.0.1");
  Server server(io, always(reply(200, "secret")), &certificate);
  const auto ca = certificate.save(directory.path);
  CHECK(fetch_now(io, {.url = server.url("/", "localhost"), .ca_file = ca})->body == "secret");
  CHECK(fetch_now(io, {.url = server.url("/"), .ca_file = ca})->body == "secret");
}

TEST_CASE("a certificate that nobody vouches for is not believed") {
  asio::io_context io;
  const auto certificate = make_certificate("DNS:localhost");
  Server server(io, always(reply(200, "secret")), &certificate);
  const auto response = fetch_now(io, {.url = server.url("/", "localhost")});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::offline);
  CHECK(response.error().code == "certificate");
  CHECK(response.error().message.contains("self-signed"));
  CHECK(server.heard.empty());
}

TEST_CASE("a certificate of another name is not believed") {
  asio::io_context io;
  const Directory directory;
  const auto certificate = make_certificate("DNS:other.example");
  Server server(io, always(reply(200, "secret")), &certificate);
  const auto ca = certificate.save(directory.path);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto response = fetch_now(io, {.url = server.url("/", host), .ca_file = ca});
    REQUIRE_FALSE(response);
    CHECK(response.error().code == "certificate");
    CHECK(response.error().message.contains("mismatch"));
  }
  CHECK(server.heard.empty());
}

TEST_CASE("https does not lead to http") {
  asio::io_context io;
  const Directory directory;
  const auto certificate = make_certificate("DNS:localhost");
  Server plain(io, always(reply(200, "open")));
  Server secure(io, always(reply(302, "", "Location: " + plain.url("/") + "\r\n")), &certificate);
  const auto response =
      fetch_now(io, {.url = secure.url("/", "localhost"), .ca_file = certificate.save(directory.path)});
  REQUIRE_FALSE(response);
  CHECK(response.error().status == Status::denied);
  CHECK(plain.heard.empty());
}

TEST_CASE("a file of authorities that is none is named") {
  asio::io_context io;
  const Directory directory;
  const auto response =
      fetch_now(io, {.url = "https://127.0.0.1:1/", .ca_file = directory.path / "none.pem"});
  REQUIRE_FALSE(response);
  CHECK(response.error().message.contains("none.pem"));
}

TEST_CASE("requests run side by side") {
  asio::io_context io;
  Server server(io, always(reply(200, "x")));
  int answered = 0;
  for (int i = 0; i < 50; ++i)
    fetch(io.get_executor(), {.url = server.url("/")}, [&](auto response) { answered += response ? 1 : 0; });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (answered < 50 && std::chrono::steady_clock::now() < deadline) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(100));
  }
  CHECK(answered == 50);
}
