#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/gateway/http_bench.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

const Json ok{{"Ok", nullptr}};

/// A browser's end of a WebSocket.
struct Browser {
  Browser(HttpBench& with, const std::string& target, const std::string& origin = {})
      : bench(with), ws(with.io) {
    ws.next_layer().connect({asio::ip::address_v4::loopback(), with.server->port()});
    ws.set_option(websocket::stream_base::decorator([origin](websocket::request_type& request) {
      if (!origin.empty()) request.set(beast::http::field::origin, origin);
    }));
    bool done = false;
    ws.async_handshake(response, "localhost", target, [&](beast::error_code failed) {
      error = failed;
      done = true;
    });
    run_until(bench.io, [&] { return done; });
  }
  std::string read() {
    bool done = false;
    ws.async_read(buffer, [&](beast::error_code failed, std::size_t) {
      error = failed;
      done = true;
    });
    run_until(bench.io, [&] { return done; });
    auto text = beast::buffers_to_string(buffer.data());
    buffer.consume(buffer.size());
    return text;
  }
  void write(const std::string& text) {
    bool done = false;
    ws.async_write(asio::buffer(text), [&](beast::error_code failed, std::size_t) {
      error = failed;
      done = true;
    });
    run_until(bench.io, [&] { return done; });
  }

  HttpBench& bench;
  websocket::stream<asio::ip::tcp::socket> ws;
  websocket::response_type response;
  beast::flat_buffer buffer;
  beast::error_code error;
};

struct Chat : HttpBench {
  Chat() {
    vm.play("chat:garden:local", [](const Item&, const std::string&) { return std::nullopt; });
    REQUIRE(act("chat:garden:local", {{"WebSocketBind", {{"path", "/ws"}}}}) == ok);
  }
  Json heard(std::size_t which) {
    run_until(io, [&] { return vm.heard.size() > which; });
    return Json::parse(vm.heard[which].item.body);
  }
  Json push(const Json& channel, const std::string& text, const std::string& from = "chat:garden:local",
            const std::string& type = "Text") {
    return act(from, {{"WebSocketPush", {{"channel_id", channel}, {"message_type", type}}}}, text);
  }
};

const std::string place = "/chat:garden:local/ws";

}  // namespace

TEST_CASE("a WebSocket is a channel: opened, pushed to both ways, closed") {
  Chat chat;
  Browser browser(chat, place);
  REQUIRE_FALSE(browser.error);
  const auto opened = chat.heard(0)["WebSocketOpen"];
  CHECK(opened["path"] == place);
  const auto channel = opened["channel_id"];
  browser.write("hello");
  CHECK(chat.heard(1) == Json{{"WebSocketPush", {{"channel_id", channel}, {"message_type", "Text"}}}});
  CHECK(chat.vm.heard[1].blob == "hello");
  CHECK(chat.push(channel, "water") == ok);
  CHECK(chat.push(channel, std::string("\0\xff", 2), "chat:garden:local", "Binary") == ok);
  CHECK(browser.read() == "water");
  CHECK(browser.ws.got_text());
  CHECK(browser.read() == std::string("\0\xff", 2));
  CHECK(browser.ws.got_binary());
  CHECK(chat.act("chat:garden:local", {{"WebSocketClose", channel}}) == ok);
  browser.read();
  CHECK(browser.error == websocket::error::closed);
  CHECK(chat.heard(2) == Json{{"WebSocketClose", channel}});
  CHECK(chat.push(channel, "late").contains("Err"));
}

TEST_CASE("a process is told when the client of its WebSocket is gone") {
  Chat chat;
  {
    Browser browser(chat, place);
    chat.heard(0);
    browser.ws.next_layer().close();
  }
  CHECK(chat.heard(1).contains("WebSocketClose"));
  CHECK(chat.service.channels().size() == 0);
}

TEST_CASE("only the process of a WebSocket may push to it") {
  Chat chat;
  chat.vm.play("other:garden:local", [](const Item&, const std::string&) { return std::nullopt; });
  Browser browser(chat, place);
  const auto channel = chat.heard(0)["WebSocketOpen"]["channel_id"];
  CHECK(chat.push(channel, "forged", "other:garden:local").contains("Err"));
  CHECK(chat.push(channel, "true") == ok);
  CHECK(browser.read() == "true");
}

TEST_CASE(
    "nobody takes WebSockets at a path that is not bound for them, and pages of other sites open none") {
  Chat chat;
  const Browser nowhere(chat, "/elsewhere");
  CHECK(nowhere.response.result_int() == 404);
  const Browser foreign(chat, place, "https://evil.example");
  CHECK(foreign.response.result_int() == 403);
  const Browser own(chat, place, "http://localhost");
  CHECK_FALSE(own.error);
}

TEST_CASE("a message on a WebSocket that is too long closes it") {
  Chat chat;
  Browser browser(chat, place);
  chat.heard(0);
  browser.write(std::string(max_websocket_message + 1, 'x'));
  browser.read();
  CHECK(browser.error == websocket::error::closed);
  CHECK(browser.ws.reason().code == websocket::close_code::too_big);
  CHECK(chat.push(1, std::string(max_websocket_message + 1, 'x')).contains("Err"));
}

TEST_CASE("a client that does not read its WebSocket loses it") {
  Chat chat;
  Browser browser(chat, place);
  const auto channel = chat.heard(0)["WebSocketOpen"]["channel_id"];
  const std::string much(max_websocket_message, 'x');
  bool refused = false;
  for (int i = 0; i < 64 && !refused; ++i) refused = chat.push(channel, much).contains("Err");
  CHECK(refused);
  run_until(chat.io, [&] { return chat.service.channels().size() == 0; });
}

TEST_CASE("there are so many WebSockets and no more") {
  Chat chat;
  std::vector<std::unique_ptr<Browser>> browsers;
  for (std::size_t i = 0; i < max_websockets; ++i) {
    browsers.push_back(std::make_unique<Browser>(chat, place));
    REQUIRE_FALSE(browsers.back()->error);
  }
  const Browser one_more(chat, place);
  CHECK(one_more.response.result_int() == 503);
}
