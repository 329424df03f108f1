#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/gateway/http_bench.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;
using celeriac::protocol::Format;

namespace {

const Json ok{{"Ok", nullptr}};

Json bind(const std::string& path) {
  return {{"Bind", {{"path", path}, {"authenticated", false}, {"local_only", false}, {"cache", false}}}};
}

}  // namespace

TEST_CASE("a request becomes a Kinode message, and its response an answer") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item&, const std::string& blob) {
    return http_response("got " + blob, 201, {{"Content-Type", "text/plain"}, {"X-Bed", "4"}});
  });
  REQUIRE(bench.act("status:garden:local", bind("/status")) == ok);
  const auto answer = bench.raw(
      "POST /status:garden:local/status/now?a=1&b=x%20y HTTP/1.1\r\nHost: localhost:8080\r\nConnection: "
      "close\r\n"
      "X-Thing: 1\r\nX-Thing: 2\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nwater");
  CHECK(status_of(answer) == 201);
  CHECK(answer.contains("X-Bed: 4\r\n"));
  CHECK(body_of(answer) == "got water");
  REQUIRE(bench.vm.heard.size() == 1);
  const auto& heard = bench.vm.heard[0];
  CHECK(heard.item.blob->mime == "text/plain");
  const auto http = Json::parse(heard.item.body).at("Http");
  CHECK(http["method"] == "POST");
  CHECK(http["url"] == "http://localhost:8080/status:garden:local/status/now?a=1&b=x%20y");
  CHECK(http["bound_path"] == "/status:garden:local/status");
  CHECK(http["headers"]["x-thing"] == "1, 2");
  CHECK(http["query_params"] == Json{{"a", "1"}, {"b", "x y"}});
  CHECK(http["url_params"] == Json::object());
  CHECK(http["source_socket_addr"].get<std::string>().starts_with("127.0.0.1:"));
}

TEST_CASE("a request becomes an Othismo document where an object has bound the path") {
  HttpBench bench;
  const auto say = [](const Json& document) {
    Outgoing message;
    message.format = Format::othismo;
    message.body = celeriac::protocol::to_bson(document);
    return message;
  };
  bench.vm.play(
      "page-1234abcd:othismo:local",
      [&](const Item& request, const std::string&) {
        const auto asked = celeriac::protocol::from_bson(request.body).value().at("othismo.http.request");
        const auto text = asked["method"].get<std::string>() + asked["endpoint"].get<std::string>();
        return say({{"othismo.http.request.response",
                     {{"status", 200},
                      {"headers", {{"content-type", "text/html"}}},
                      {"body", Json::binary({text.begin(), text.end()})}}}});
      },
      "/garden/page");
  auto message = say({{"othismo.http.bind", {{"path", "/now"}}}});
  message.to = "http-server:distro:sys";
  const auto bound =
      celeriac::protocol::from_bson(bench.vm.ask("page-1234abcd:othismo:local", message).first.body);
  REQUIRE(bound);
  CHECK(bound->contains("othismo.http.bind.response"));
  const auto answer = bench.get("/garden/page/now?x=1");
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == "GET/garden/page/now");
  const auto document = celeriac::protocol::from_bson(bench.vm.heard.at(0).item.body).value();
  CHECK(document["othismo"]["send_to"] == "/garden/page");
  CHECK(document["othismo.http.request"]["query"] == Json{{"x", "1"}});
  CHECK(document["othismo.http.request"]["host"] == "localhost");
}

TEST_CASE("nobody serves a path that is not bound, or no more") {
  HttpBench bench;
  CHECK(status_of(bench.get("/status")) == 404);
  bench.vm.play("status:garden:local", [](const Item&, const std::string&) { return http_response("here"); });
  REQUIRE(bench.act("status:garden:local", bind("/status")) == ok);
  CHECK(status_of(bench.get("/status:garden:local/status")) == 200);
  REQUIRE(bench.act("status:garden:local", {{"Unbind", {{"path", "/status"}}}}) == ok);
  CHECK(status_of(bench.get("/status:garden:local/status")) == 404);
}

TEST_CASE("the paths of a process go when it has ended") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item&, const std::string&) { return http_response("here"); });
  REQUIRE(bench.act("status:garden:local", bind("/status")) == ok);
  bench.vm.end("status:garden:local");
  CHECK(status_of(bench.get("/status:garden:local/status")) == 503);
  CHECK(status_of(bench.get("/status:garden:local/status")) == 404);
}

TEST_CASE("a short path is for whom the person gave it, or who brings the capability") {
  HttpBench bench({}, {.token = {}, .given_paths = {{"/status", "status:garden:local"}}});
  const auto here = [](const Item&, const std::string&) { return http_response("here"); };
  for (const auto* id : {"status:garden:local", "other:garden:local", "third:garden:local"})
    bench.vm.play(id, here);
  REQUIRE(bench.act("other:garden:local", bind("/status")) == ok);
  CHECK(status_of(bench.get("/status")) == 404);
  REQUIRE(bench.act("status:garden:local", bind("/status")) == ok);
  CHECK(status_of(bench.get("/status")) == 200);
  Outgoing message;
  message.to = "http-server:distro:sys";
  message.body = bind("/third/page").dump();
  message.capabilities = {{"test.os@http-server:distro:sys", R"({"path":"/third"})"}};
  bench.vm.ask("third:garden:local", message);
  CHECK(status_of(bench.get("/third/page")) == 200);
  message.capabilities = {{"test.os@third:garden:local", R"({"path":"/elsewhere"})"}};
  message.body = bind("/elsewhere").dump();
  bench.vm.ask("third:garden:local", message);
  CHECK(status_of(bench.get("/elsewhere")) == 404);
}

TEST_CASE("an authenticated path asks for the token") {
  HttpBench bench({}, {.token = "open-sesame", .given_paths = {}});
  bench.vm.play("status:garden:local", [](const Item&, const std::string&) { return http_response("here"); });
  REQUIRE(bench.act("status:garden:local", {{"Bind", {{"path", "/s"}, {"authenticated", true}}}}) == ok);
  CHECK(status_of(bench.get("/status:garden:local/s")) == 401);
  CHECK(status_of(bench.get("/status:garden:local/s", "Authorization: Bearer open-sesamf\r\n")) == 401);
  CHECK(status_of(bench.get("/status:garden:local/s", "Authorization: Bearer open-sesame\r\n")) == 200);
}

TEST_CASE("what is cached is served without asking") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item&, const std::string&) { return std::nullopt; });
  REQUIRE(bench.act("status:garden:local", {{"Bind", {{"path", "/"}, {"cache", true}}}}, "<h1>Garden</h1>") ==
          ok);
  const auto answer = bench.get("/status:garden:local");
  CHECK(body_of(answer) == "<h1>Garden</h1>");
  CHECK(answer.contains("content-type: text/html"));
  CHECK(bench.vm.heard.empty());
}

TEST_CASE("a gateway that starts anew remembers the bound paths") {
  const Directory kept;
  const auto here = [](const Item&, const std::string&) { return http_response("here"); };
  {
    HttpBench bench({}, {.token = {}, .given_paths = {}, .kept = kept.path / "paths"});
    REQUIRE(bench.act("status:garden:local", bind("/a")) == ok);
    REQUIRE(bench.act("status:garden:local", bind("/b")) == ok);
    REQUIRE(bench.act("status:garden:local", {{"Unbind", {{"path", "/b"}}}}) == ok);
  }
  HttpBench bench({}, {.token = {}, .given_paths = {}, .kept = kept.path / "paths"});
  bench.vm.play("status:garden:local", here);
  CHECK(status_of(bench.get("/status:garden:local/a")) == 200);
  CHECK(status_of(bench.get("/status:garden:local/b")) == 404);
}

TEST_CASE("an action that cannot be read is refused with a sentence") {
  HttpBench bench;
  for (const Json& action : {Json("Bind"), Json::object(), Json{{"Bind", 1}}, Json{{"Smoke", Json::object()}},
                             Json{{"Bind", {{"path", "a"}}}}, Json{{"WebSocketPush", {{"channel_id", 1}}}}})
    CHECK(bench.act("status:garden:local", action).at("Err").contains("MalformedRequest"));
}

TEST_CASE("several requests go over one connection, also when they are sent at once") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item& request, const std::string&) {
    return http_response(Json::parse(request.body)["Http"]["query_params"].dump());
  });
  REQUIRE(bench.act("status:garden:local", bind("/s")) == ok);
  Client client(bench.io, bench.server->port());
  const auto ask = [](int i) {
    return std::format("GET /status:garden:local/s?n={} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
  };
  client.send(ask(1));
  CHECK(body_of(client.read_answer()) == R"({"n":"1"})");
  client.send(ask(2) + ask(3));
  CHECK(body_of(client.read_answer()) == R"({"n":"2"})");
  CHECK(body_of(client.read_answer()) == R"({"n":"3"})");
  client.send("HEAD /status:garden:local/s HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.read_answer(true);
  CHECK(head.contains("Content-Length: 2"));
  CHECK(body_of(head).empty());
  CHECK(bench.server->connections() == 1);
}

TEST_CASE("what is no answer of HTTP becomes 502, and says what is wrong with it") {
  HttpBench bench;
  std::string body;
  Json headers = Json::object();
  bench.vm.play("status:garden:local", [&](const Item&, const std::string&) {
    Outgoing answer;
    answer.body = body;
    return answer;
  });
  REQUIRE(bench.act("status:garden:local", bind("/s")) == ok);
  for (const auto* bad :
       {"", "no", "{}", R"({"HttpResponse":{}})", R"({"HttpResponse":{"status":99}})", R"({"status":"200"})",
        R"({"status":200,"headers":{"a b":"c"}})", R"({"status":200,"headers":{"a":"b\r\nc: d"}})",
        R"({"status":200,"headers":{"a":1}})"}) {
    body = bad;
    const auto answer = bench.get("/status:garden:local/s");
    CHECK(status_of(answer) == 502);
    CHECK(answer.contains("status:garden:local answered with what is no answer of HTTP"));
  }
  body = R"({"status":200,"headers":{"a":")" + std::string(max_response_header, 'x') + R"("}})";
  CHECK(status_of(bench.get("/status:garden:local/s")) == 502);
  body = R"({"status":204,"headers":{"content-length":"7","x":"y"}})";
  const auto good = bench.get("/status:garden:local/s");
  CHECK(status_of(good) == 204);
  CHECK_FALSE(good.contains("ontent-"));
}

TEST_CASE("without the VM the server answers that it is away") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item&, const std::string&) { return std::nullopt; });
  REQUIRE(bench.act("status:garden:local", bind("/s")) == ok);
  bench.vm.stop_listening();
  bench.vm.drop();
  run_until(bench.io, [&] { return !bench.link->up(); });
  CHECK(status_of(bench.get("/status:garden:local/s")) == 503);
}

TEST_CASE("names that nobody gave this server are not answered") {
  HttpBench bench;
  const auto asking = [&](const std::string& host) {
    return status_of(bench.raw("GET / HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n"));
  };
  CHECK(asking("evil.example") == 421);
  for (const auto* good : {"127.0.0.1:80", "[::1]:80", "localhost", "Garden.Example:8080"})
    CHECK(asking(good) == 404);
}

TEST_CASE("a process asks other servers through http-client") {
  HttpBench bench;
  bench.vm.play("status:garden:local", [](const Item&, const std::string& blob) {
    return http_response("heard " + blob, 200, {{"Content-Type", "text/plain"}});
  });
  REQUIRE(bench.act("status:garden:local", bind("/s")) == ok);
  const auto ask = [&](const Json& request) {
    Outgoing message;
    message.to = "http-client:distro:sys";
    message.body = request.dump();
    message.blob_bytes = "rain";
    return bench.vm.ask("weather:garden:local", message);
  };
  const auto url = std::format("http://127.0.0.1:{}/status:garden:local/s", bench.server->port());
  const auto [item, blob] =
      ask({{"HttpRequest", {{"method", "POST"}, {"url", url}, {"headers", {{"X", "y"}}}}}});
  CHECK(Json::parse(item.body)["Ok"]["HttpResponse"]["status"] == 200);
  CHECK(blob == "heard rain");
  CHECK(item.blob->mime == "text/plain");
  CHECK(Json::parse(ask({{"HttpRequest", {{"url", "ftp://x"}}}}).first.body)["Err"].contains("BadUrl"));
  CHECK(Json::parse(ask({{"HttpRequest", 1}}).first.body)["Err"].contains("MalformedRequest"));
  CHECK(Json::parse(ask({{"HttpRequest", {{"url", "http://127.0.0.1:1/"}}}}).first.body)["Err"].contains(
      "RequestFailed"));
}
