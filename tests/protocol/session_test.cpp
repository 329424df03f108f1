#include "protocol/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

/// A service that keeps what it is asked, to be answered when the test says so.
struct Held {
  Held() : dispatcher(Server::hypervisor) {
    for (const auto* name : {"SYS.HOME", "SYS.READ_STATUS", "SYS.EMERGENCY_LOCK", "SYS.EMERGENCY_UNLOCK"})
      dispatcher.on(*find_operation(name),
                    [this](Request&, Responder responder) { held.push_back(std::move(responder)); });
  }
  Dispatcher dispatcher;
  std::vector<Responder> held;
};

const std::string home = to_bson({{"axis", 0}});

Seen response(unsigned channel, unsigned status = 0, unsigned value = 0) {
  return {.is_response = true, .channel = channel, .status = status, .value = value};
}

constexpr auto busy = static_cast<unsigned>(Status::channel_busy);
constexpr auto malformed = static_cast<unsigned>(Status::malformed);

}  // namespace

TEST_CASE("a request is answered on its channel with status and value") {
  Dispatcher dispatcher(Server::hypervisor);
  dispatcher.on("SYS.READ_PIN"_op, [](Request& request, Responder responder) {
    responder.ok(static_cast<std::uint16_t>(request.arguments.integer("pin") * 10));
  });
  Connection c(&dispatcher);
  c.peer.send(request_bytes(0x0203, "SYS", "RDPIN", to_bson({{"pin", 59}, {"mode", 1}})));
  CHECK(c.peer.receive() == response(0x0203, 0, 590));
}

TEST_CASE("requests on different channels are answered as each completes") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home) + request_bytes(2, "SYS", "HOME", home) +
              request_bytes(3, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 3; });
  service.held[2].ok(30);
  service.held[0].ok(10);
  service.held[1].ok(20);
  CHECK(c.peer.receive(3) == std::vector{response(3, 0, 30), response(1, 0, 10), response(2, 0, 20)});
}

TEST_CASE("a second request on a busy channel is refused, and the first goes on") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(4, "SYS", "HOME", home) + request_bytes(4, "SYS", "STATU"));
  CHECK(c.peer.receive() == response(4, busy));
  REQUIRE(service.held.size() == 1);
  service.held[0].ok(1);
  CHECK(c.peer.receive() == response(4, 0, 1));
}

TEST_CASE("an answered channel is free again") {
  Held service;
  Connection c(&service.dispatcher);
  for (unsigned round = 1; round < 4; ++round) {
    c.peer.send(request_bytes(4, "SYS", "HOME", home));
    run_until(c.io, [&] { return service.held.size() == round; });
    service.held.back().ok();
    CHECK(c.peer.receive() == response(4));
  }
}

TEST_CASE("a request that arrives byte by byte is a request") {
  Held service;
  Connection c(&service.dispatcher);
  for (const char byte : request_bytes(4, "SYS", "HOME", home)) {
    CHECK(service.held.empty());
    c.peer.send({&byte, 1});
    settle(c.io);
  }
  CHECK(service.held.size() == 1);
}

TEST_CASE("a broken header is answered malformed once, and the next request is served") {
  Held service;
  Connection c(&service.dispatcher);
  auto broken = request_bytes(7, "SYS", "HOME", home);
  broken[2] = 's';
  c.peer.send(broken + request_bytes(8, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  service.held[0].ok();
  CHECK(c.peer.receive(2) == std::vector{response(7, malformed), response(8)});
}

TEST_CASE("garbage that never ends closes the stream, after the answer to it") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(std::string(70000, '!'));
  CHECK(c.peer.receive() == response(33 * 257, malformed));
  CHECK(c.peer.closed_by_other_side());
  CHECK_FALSE(c.session->open());
}

TEST_CASE("responses to nothing are ignored") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(response_bytes(1) + response_bytes(65535, 999, 5) + request_bytes(8, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  CHECK(c.session->open());
}

TEST_CASE("a session without a dispatcher answers unknown_operation") {
  Connection c;
  c.peer.send(request_bytes(8, "SYS", "HOME", home));
  CHECK(c.peer.receive() == response(8, static_cast<unsigned>(Status::unknown_operation)));
}

TEST_CASE("our request goes out to the byte, and its answer comes to its completion once") {
  Connection c;
  std::vector<Reply> replies;
  const auto channel = c.session->request("CODE.OPEN"_op, u16(0x0506),
                                          [&](Reply reply) { replies.push_back(std::move(reply)); });
  const auto number = static_cast<unsigned>(channel);
  CHECK(c.peer.receive() == Seen{.channel = number, .space = "CODE", .wire = "OPEN", .payload = u16(0x0506)});
  CHECK(c.session->outstanding() == 1);
  c.peer.send(response_bytes(number, 3, 17) + response_bytes(number, 0, 0));
  run_until(c.io, [&] { return !replies.empty(); });
  settle(c.io);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].status == 3);
  CHECK(replies[0].value == 17);
  CHECK(replies[0].error().status == Status::not_found);
  CHECK(c.session->outstanding() == 0);
}

TEST_CASE("our requests have channels of their own while they are unanswered, and never channel 0") {
  Connection c;
  std::set<Channel> channels;
  for (int i = 0; i < 5000; ++i) channels.insert(c.session->request("CODE.CREATE"_op, "", [](Reply) {}));
  CHECK(channels.size() == 5000);
  CHECK_FALSE(channels.contains(emergency_channel));
}

TEST_CASE("the numberings of the two sides are independent") {
  Held service;
  Connection c(&service.dispatcher);
  bool answered = false;
  const auto channel = c.session->request("CODE.CREATE"_op, "", [&](Reply) { answered = true; });
  const auto number = static_cast<unsigned>(channel);
  c.peer.send(request_bytes(number, "SYS", "HOME", home) + response_bytes(number));
  run_until(c.io, [&] { return answered && service.held.size() == 1; });
  service.held[0].ok(9);
  CHECK(c.peer.receive(2)[1] == response(number, 0, 9));
}

TEST_CASE("a payload beyond 65,535 bytes is refused here") {
  Connection c;
  std::optional<Reply> reply;
  c.session->request("CODE.WRITE"_op, std::string(65536, 'x'), [&](Reply r) { reply = std::move(r); });
  CHECK_FALSE(reply);  // never from inside the call
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->status == malformed);
  CHECK(c.peer.arrived().empty());
}

TEST_CASE("an urgent request is on channel 0 and goes out at once") {
  Connection c;
  c.session->request("CODE.CREATE"_op, "", [](Reply) {});
  c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "", [](Reply) {});
  // Nothing has run, and the stop is with the system already; the other request is behind it.
  const auto frames = c.peer.receive(2);
  CHECK(frames[0].channel == 0);
  CHECK(frames[0].wire == "ESTOP");
  CHECK(frames[1].wire == "CREAT");
}

TEST_CASE("urgent requests while one is unanswered are all sent, and one answer serves them all") {
  Connection c;
  int answered = 0;
  for (int i = 0; i < 3; ++i)
    c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "", [&](Reply reply) { answered += reply.ok(); });
  for (const auto& frame : c.peer.receive(3)) CHECK(frame.wire == "ESTOP");
  c.peer.send(response_bytes(0));
  run_until(c.io, [&] { return answered == 3; });
  c.peer.send(response_bytes(0) + response_bytes(0));
  settle(c.io);
  CHECK(answered == 3);
  CHECK(c.session->outstanding() == 0);
}

TEST_CASE(
    "an emergency stop is served on channel 0 while channel 0 is busy; anything else there is refused") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(0, "SYS", "HOME", home) + request_bytes(0, "SYS", "ESTOP") +
              request_bytes(0, "SYS", "UNLCK"));
  CHECK(c.peer.receive() == response(0, busy));
  REQUIRE(service.held.size() == 2);
  service.held[1].ok(1);
  service.held[0].ok(2);
  CHECK(c.peer.receive(2) == std::vector{response(0, 0, 1), response(0, 0, 2)});
  c.peer.send(request_bytes(0, "SYS", "UNLCK"));
  run_until(c.io, [&] { return service.held.size() == 3; });
}

TEST_CASE("the response on channel 0 overtakes what waits to be written") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(0, "SYS", "ESTOP") + request_bytes(5, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 2; });
  service.held[1].ok();
  service.held[0].ok();
  CHECK(c.peer.receive(2) == std::vector{response(0), response(5)});
}

TEST_CASE("a responder that is dropped answers internal, with a sentence") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(4, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  service.held.clear();
  const auto answer = c.peer.answer_on(4);
  CHECK(answer.status == static_cast<unsigned>(Status::internal));
  CHECK((*from_bson(answer.data))["code"] == "internal");
}

TEST_CASE("a responder answers once, whatever is said to it afterwards") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(4, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  auto& responder = service.held[0];
  responder.ok(1);
  responder.ok(2);
  responder.fail({.status = Status::failed, .message = "late"});
  responder.document({{"late", true}});
  service.held.clear();
  settle(c.io);
  CHECK(c.peer.arrived() == std::vector{response(4, 0, 1)});
}

TEST_CASE("a responder that is assigned over answers its own request first") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(4, "SYS", "HOME", home) + request_bytes(5, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 2; });
  service.held[0] = std::move(service.held[1]);
  service.held[0].ok(5);
  CHECK(c.peer.answer_on(4).status == static_cast<unsigned>(Status::internal));
  CHECK(c.peer.answer_on(5).value == 5);
}

TEST_CASE("a completion that throws harms neither the stream nor the other requests") {
  Connection c;
  bool second = false;
  const auto a =
      c.session->request("CODE.CREATE"_op, "", [](Reply) { throw std::runtime_error("a defect"); });
  const auto b = c.session->request("CODE.CREATE"_op, "", [&](Reply) { second = true; });
  c.peer.send(response_bytes(static_cast<unsigned>(a)) + response_bytes(static_cast<unsigned>(b)));
  run_until(c.io, [&] { return second; });
  CHECK(c.session->open());
}

TEST_CASE("a request can be awaited") {
  Connection c;
  std::optional<Reply> reply;
  boost::asio::co_spawn(
      c.io,
      [&]() -> boost::asio::awaitable<void> { reply = co_await c.session->request("CODE.CREATE"_op, ""); },
      boost::asio::detached);
  const auto frame = c.peer.receive();
  CHECK(frame.wire == "CREAT");
  c.peer.send(response_bytes(frame.channel, 0, 77));
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->value == 77);
}

TEST_CASE("an awaited request can have a deadline") {
  using namespace boost::asio::experimental::awaitable_operators;
  Connection c;
  bool timed_out = false;
  boost::asio::co_spawn(
      c.io,
      [&]() -> boost::asio::awaitable<void> {
        boost::asio::steady_timer timer(c.io, std::chrono::milliseconds(1));
        const auto first = co_await (c.session->request("CODE.CREATE"_op, "") ||
                                     timer.async_wait(boost::asio::use_awaitable));
        timed_out = first.index() == 1;
      },
      boost::asio::detached);
  run_until(c.io, [&] { return timed_out; });
  // The answer that comes too late goes nowhere, and frees the channel.
  c.peer.send(response_bytes(c.peer.receive().channel));
  run_until(c.io, [&] { return c.session->outstanding() == 0; });
  CHECK(c.session->open());
}

TEST_CASE("two sessions talk to each other") {
  Dispatcher adder(Server::hypervisor);
  adder.on("SYS.READ_PIN"_op, [](Request& request, Responder responder) {
    responder.document({{"pin", request.arguments.integer("pin")}});
  });
  boost::asio::io_context io;
  const auto [left, right] = socket_pair();
  const auto server = Session::start(io, Stream::of_socket(io, left), {}, &adder);
  const auto client = Session::start(io, Stream::of_socket(io, right), {}, nullptr);
  int done = 0;
  for (int i = 0; i < 1000; ++i)
    client->request("SYS.READ_PIN"_op, *encode("SYS.READ_PIN"_op, {{"pin", i}, {"mode", 0}}),
                    [&, i](Reply reply) {
                      const auto document = reply.document();
                      REQUIRE(document);
                      CHECK((*document)["pin"] == i);
                      ++done;
                    });
  run_until(io, [&] { return done == 1000; });
}
