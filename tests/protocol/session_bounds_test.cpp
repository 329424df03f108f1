#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>

#include "protocol/session.hpp"
#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

struct Service {
  Service() : dispatcher(Server::hypervisor) {
    dispatcher.on("SYS.HOME"_op,
                  [this](Request&, Responder responder) { held.push_back(std::move(responder)); });
    dispatcher.on("SYS.EMERGENCY_LOCK"_op, [this](Request&, Responder responder) {
      ++stops;
      if (hold_stops) return held.push_back(std::move(responder));
      responder.ok();
    });
    dispatcher.on("SYS.READ_STATUS"_op,
                  [this](Request&, Responder responder) { responder.document(status); });
    dispatcher.on("SYS.ZERO"_op, [](Request&, Responder responder) { responder.ok(); });
  }
  Dispatcher dispatcher;
  std::vector<Responder> held;
  int stops = 0;
  bool hold_stops = false;
  Json status = {{"text", std::string(4000, 'x')}};
};

const std::string home = to_bson({{"axis", 0}});
constexpr auto overloaded = static_cast<unsigned>(Status::overloaded);

}  // namespace

TEST_CASE("the contract's 1,024 unanswered requests are accepted, and the bound is above it") {
  STATIC_REQUIRE(max_unanswered >= 1024);
}

TEST_CASE("at the bound of unanswered requests the next is overloaded at once, and nothing is done") {
  Service service;
  Connection c(&service.dispatcher);
  std::string all;
  for (unsigned i = 1; i <= max_unanswered; ++i) all += request_bytes(i, "SYS", "HOME", home);
  c.peer.send(all);
  run_until(c.io, [&] { return service.held.size() == max_unanswered; });
  c.peer.send(request_bytes(60000, "SYS", "HOME", home));
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 60000, .status = overloaded});
  CHECK(service.held.size() == max_unanswered);

  SECTION("channel 0 is served all the same") {
    c.peer.send(request_bytes(0, "SYS", "ESTOP"));
    CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 0});
    c.peer.send(request_bytes(0, "SYS", "HOME", home));
    run_until(c.io, [&] { return service.held.size() == max_unanswered + 1; });
  }
  SECTION("one answer makes room for one request") {
    service.held.pop_back();  // answers internal
    c.peer.answer_on(max_unanswered);
    c.peer.send(request_bytes(60000, "SYS", "HOME", home) + request_bytes(60001, "SYS", "HOME", home));
    CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 60001, .status = overloaded});
  }
}

TEST_CASE("1,024 requests with answers of 4 KB are answered to a peer that reads only afterwards") {
  Service service;
  Connection c(&service.dispatcher);
  std::string all;
  for (unsigned i = 1; i <= 1024; ++i) all += request_bytes(i, "SYS", "STATU");
  c.peer.send(all);
  settle(c.io);
  for (unsigned i = 1; i <= 1024; ++i) CHECK(c.peer.answer_on(i).status == 0);
}

TEST_CASE(
    "while too much waits for a peer that does not read, its requests are overloaded and channel 0 is "
    "served") {
  Service service;
  service.status = {{"text", std::string(1'500'000, 'x')}};
  Connection c(&service.dispatcher);
  for (unsigned i = 1; i <= 12; ++i) c.peer.send(request_bytes(i, "SYS", "STATU"));
  settle(c.io);
  c.peer.send(request_bytes(50, "SYS", "HOME", home) + request_bytes(0, "SYS", "ESTOP"));
  run_until(c.io, [&] { return service.stops == 1; });
  CHECK(service.held.empty());
  CHECK(c.peer.answer_on(50).status == overloaded);
}

TEST_CASE("a peer that asks and does not read is closed at the bound, and others are served meanwhile") {
  Service service;
  boost::asio::io_context io;
  const auto [bad_end, bad_other] = socket_pair();
  const auto [good_end, good_other] = socket_pair();
  const auto bad = Session::start(io, Stream::of_socket(io, bad_end), {}, &service.dispatcher);
  const auto good = Session::start(io, Stream::of_socket(io, good_end), {}, &service.dispatcher);
  RawPeer silent(io, bad_other), polite(io, good_other);
  // Each refusal of a busy channel is 8 bytes to be read; nobody reads them.
  silent.send(request_bytes(1, "SYS", "HOME", home));
  std::string flood;
  for (unsigned i = 0; i < 10000; ++i) flood += request_bytes(1, "SYS", "ZERO");
  unsigned rounds = 0;
  while (bad->open() && rounds < 1000) {
    silent.send(flood);
    settle(io);
    CHECK(polite.ask(3, "SYS", "ZERO", home).status == 0);
    ++rounds;
  }
  CHECK_FALSE(bad->open());
  CHECK(rounds >= outbound_limit / (8 * 10000));
  CHECK(rounds < 2 * outbound_limit / (8 * 10000));
  CHECK(good->open());
}

TEST_CASE("a service that answers without end to a peer that does not read is stopped at the bound") {
  Connection c;
  bool closed = false;
  c.session->on_closed([&] { closed = true; });
  std::size_t sent = 0;
  for (; c.session->open() && sent < 10 * outbound_limit; sent += 60000) {
    c.session->request("CODE.WRITE"_op, std::string(60000, 'x'), [](Reply) {});
    settle(c.io);
  }
  CHECK(closed);
  CHECK(sent < 2 * outbound_limit);
}

TEST_CASE("stops beyond 16 unanswered ones are not handed on, and are answered with the next answer") {
  Service service;
  service.hold_stops = true;
  Connection c(&service.dispatcher);
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += request_bytes(0, "SYS", "ESTOP");
  c.peer.send(flood);
  settle(c.io);
  CHECK(service.stops == static_cast<int>(max_unanswered_stops));
  for (auto& responder : service.held) responder.ok();
  const auto frames = c.peer.receive(1000);
  CHECK(std::ranges::all_of(frames,
                            [](const Seen& f) { return f.is_response && f.channel == 0 && f.status == 0; }));
  CHECK(c.peer.arrived().empty());
}

TEST_CASE("without a free channel our request is overloaded") {
  Connection c;
  std::optional<Reply> reply;
  for (unsigned i = 0; i < 0xfff0; ++i) c.session->request("CODE.CREATE"_op, "", [](Reply) {});
  CHECK(c.session->request("CODE.CREATE"_op, "", [&](Reply r) { reply = std::move(r); }) ==
        emergency_channel);
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->status == overloaded);
}

TEST_CASE("an urgent request overtakes frames of which nothing has been sent, when the peer does not read") {
  Connection c;
  for (int i = 0; i < 100; ++i) c.session->request("CODE.WRITE"_op, std::string(60000, 'x'), [](Reply) {});
  settle(c.io);
  c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "", [](Reply) {});
  const auto frames = c.peer.receive(101);
  const auto stop = std::ranges::find(frames, std::string("ESTOP"), &Seen::wire);
  REQUIRE(stop != frames.end());
  // What the kernel's buffer held, and the frame that had begun, go before it.
  CHECK(stop - frames.begin() < 20);
}
