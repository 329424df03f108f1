// The web API over real sockets, and with TLS.

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "tests/web/server.hpp"
#include "vm/sync/web_api.hpp"

using namespace celeriac::vm;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
using nlohmann::json;
namespace testing = celeriac::web::testing;
namespace asio = boost::asio;

namespace {

struct Office {
  asio::io_context io;
  Worker worker{io};

  Result<json> ask(AccountApi& api, const std::string& method, const std::string& path, json body = {}) {
    std::optional<Result<json>> made;
    api.ask(method, path, std::move(body), [&](Result<json> answer) { made = std::move(answer); });
    CHECK_FALSE(made);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!made) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      io.restart();
      io.run_one_for(std::chrono::milliseconds(100));
    }
    return std::move(*made);
  }
};

testing::Server::Answer always(std::string text) {
  return [text](const testing::Heard&) { return text; };
}

}  // namespace

TEST_CASE("the API hears the bare token, and JSON") {
  Office office;
  testing::Server server(office.io, always(testing::reply(200, R"({"id": 7})")));
  AccountApi api(office.io.get_executor(), office.worker,
                 {.server = server.url(""), .token = "abc.def", .ca_file = {}});
  const auto answer = office.ask(api, "PATCH", "/api/tools/7", {{"name", "x"}});
  REQUIRE(answer);
  CHECK(answer->at("id") == 7);
  const auto& heard = server.heard.at(0);
  CHECK(heard.line() == "PATCH /api/tools/7 HTTP/1.1");
  CHECK(heard.header("Authorization") == "abc.def");
  CHECK(heard.header("Content-Type") == "application/json");
  CHECK(heard.body == R"({"name":"x"})");
}

TEST_CASE("the API may be behind TLS with an authority of one's own") {
  Office office;
  const testing::Directory directory;
  const auto certificate = testing::make_certificate("DNS:localhost");
  testing::Server server(office.io, always(testing::reply(200, "[]")), &certificate);
  const auto url = server.url("", "localhost");
  AccountApi good(office.io.get_executor(), office.worker,
                  {.server = url, .token = "abc", .ca_file = certificate.save(directory.path)});
  CHECK(office.ask(good, "GET", "/api/tools") == json::array());
  AccountApi bad(office.io.get_executor(), office.worker, {.server = url, .token = "abc", .ca_file = {}});
  const auto refused = office.ask(bad, "GET", "/api/tools");
  REQUIRE_FALSE(refused);
  CHECK_FALSE(is_passing(refused.error()));
  CHECK(server.heard.size() == 1);
}

TEST_CASE("a status says whether asking again may help") {
  struct Row {
    int status;
    Status meaning;
    bool passes;
  };
  constexpr Row rows[] = {{401, Status::denied, false},    {403, Status::denied, false},
                          {404, Status::not_found, false}, {422, Status::malformed, false},
                          {429, Status::overloaded, true}, {500, Status::overloaded, true},
                          {503, Status::overloaded, true}};
  for (const auto& row : rows) {
    CAPTURE(row.status);
    const auto answer = answer_of(row.status, "{}", "GET /api/tools");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().status == row.meaning);
    CHECK(is_passing(answer.error()) == row.passes);
  }
}

TEST_CASE("a token that has expired is said to, and what to do") {
  const auto answer = answer_of(401, R"({"error": "bad token"})", "GET /api/device");
  CHECK(answer.error().message.contains("expired"));
  CHECK(answer.error().message.contains("Get a new one"));
}

TEST_CASE("a refusal carries the API's own words") {
  const auto answer = answer_of(422, R"({"name": "has already been taken"})", "POST /api/tools");
  CHECK(answer.error().message.contains("name: has already been taken"));
}

TEST_CASE("an answer that is no JSON is named, an empty one is null") {
  CHECK(answer_of(200, "<html>", "GET /api/device").error().status == Status::failed);
  CHECK(answer_of(204, "", "DELETE /api/tools/1")->is_null());
}
