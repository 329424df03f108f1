#include <catch2/catch_test_macros.hpp>

#include "protocol/session.hpp"
#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

struct Held {
  Held() : dispatcher(Server::hypervisor) {
    dispatcher.on("SYS.HOME"_op,
                  [this](Request&, Responder responder) { held.push_back(std::move(responder)); });
  }
  Dispatcher dispatcher;
  std::vector<Responder> held;
};

const std::string home = to_bson({{"axis", 0}});
constexpr auto offline = static_cast<unsigned>(Status::offline);

}  // namespace

TEST_CASE("requests that are unanswered when the stream ends complete with offline, each once") {
  Connection c;
  std::vector<unsigned> statuses;
  for (int i = 0; i < 3; ++i)
    c.session->request("CODE.CREATE"_op, "", [&](Reply reply) { statuses.push_back(reply.status); });
  c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "",
                            [&](Reply reply) { statuses.push_back(reply.status); });
  settle(c.io);
  c.peer.close();
  run_until(c.io, [&] { return !c.session->open(); });
  settle(c.io);
  CHECK(statuses == std::vector<unsigned>(4, offline));
}

TEST_CASE("close completes what is unanswered with offline, each once, and not from inside the call") {
  Connection c;
  int ran = 0;
  for (int i = 0; i < 3; ++i)
    c.session->request("CODE.CREATE"_op, "", [&](Reply reply) { ran += reply.status == offline; });
  c.session->close();
  c.session->close();
  CHECK(ran == 0);
  settle(c.io);
  CHECK(ran == 3);
  CHECK(c.peer.closed_by_other_side());
}

TEST_CASE("a request on a stream that has ended completes with offline, and not from inside the call") {
  Connection c;
  c.session->close();
  settle(c.io);
  std::vector<unsigned> statuses;
  c.session->request("CODE.CREATE"_op, "", [&](Reply reply) { statuses.push_back(reply.status); });
  c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "",
                            [&](Reply reply) { statuses.push_back(reply.status); });
  CHECK(statuses.empty());
  settle(c.io);
  CHECK(statuses == std::vector{offline, offline});
}

TEST_CASE("what waits to be written is tried before close ends the stream") {
  Connection c;
  c.session->request("CODE.CREATE"_op, "", [](Reply) {});
  c.session->close();
  settle(c.io);
  CHECK(c.peer.receive().wire == "CREAT");
  CHECK(c.peer.closed_by_other_side());
}

TEST_CASE("after close no further request is served") {
  int served = 0;
  Dispatcher dispatcher(Server::hypervisor);
  dispatcher.on("SYS.HOME"_op, [&](Request& request, Responder responder) {
    ++served;
    responder.ok();
    request.session->close();
  });
  Connection c(&dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home) + request_bytes(2, "SYS", "HOME", home));
  settle(c.io);
  CHECK(served == 1);
  CHECK(c.peer.receive().channel == 1);
  CHECK(c.peer.closed_by_other_side());
}

TEST_CASE("handlers of the end run once each, also one that comes late") {
  Connection c;
  int first = 0, second = 0, late = 0;
  c.session->on_closed([&] { ++first; });
  c.session->on_closed([&] { ++second; });
  c.peer.close();
  run_until(c.io, [&] { return !c.session->open(); });
  c.session->on_closed([&] { ++late; });
  CHECK(late == 0);
  settle(c.io);
  CHECK(first == 1);
  CHECK(second == 1);
  CHECK(late == 1);
}

TEST_CASE("a handler of the end that throws does not keep the others from running") {
  Connection c;
  bool second = false;
  c.session->on_closed([] { throw std::runtime_error("a defect"); });
  c.session->on_closed([&] { second = true; });
  c.peer.close();
  run_until(c.io, [&] { return second; });
}

TEST_CASE("a stream that ends inside a frame is a clean close for everything before it") {
  Held service;
  Connection c(&service.dispatcher);
  const auto whole = request_bytes(1, "SYS", "HOME", home), next = request_bytes(2, "SYS", "HOME", home);
  c.peer.send(whole + next.substr(0, 20));
  c.peer.stop_sending();
  run_until(c.io, [&] { return service.held.size() == 1; });
  settle(c.io);
  service.held[0].ok(7);
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 1, .value = 7});
  CHECK(c.peer.closed_by_other_side());
  CHECK(service.held.size() == 1);
}

TEST_CASE("a peer that only stopped sending gets all its answers, slices without waiting for theirs") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home) + request_bytes(2, "SYS", "HOME", home));
  c.peer.stop_sending();
  run_until(c.io, [&] { return service.held.size() == 2; });
  settle(c.io);
  CHECK(c.session->open());
  service.held[0].forward({.data = std::string(20 * 65533, 'x')});
  const auto frames = c.peer.receive(21);
  CHECK(std::ranges::count(frames, std::string("SLCE"), &Seen::space) == 20);
  CHECK(frames.back() == Seen{.is_response = true, .channel = 1, .value = 20});
  CHECK(c.session->open());
  service.held[1].ok();
  CHECK(c.peer.receive().channel == 2);
  CHECK(c.peer.closed_by_other_side());
}

TEST_CASE("a peer that stopped sending while slices waited for it gets the rest") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  service.held[0].forward({.data = std::string(20 * 65533, 'x')});
  c.peer.receive(8);
  c.peer.stop_sending();
  CHECK(c.peer.receive(13).back() == Seen{.is_response = true, .channel = 1, .value = 20});
  CHECK(c.peer.closed_by_other_side());
}

TEST_CASE("what we asked a peer that stops sending completes with offline") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home));
  std::optional<Reply> before, after;
  c.session->request("CODE.CREATE"_op, "", [&](Reply reply) { before = std::move(reply); });
  c.peer.receive();
  c.peer.stop_sending();
  run_until(c.io, [&] { return before.has_value(); });
  CHECK(before->status == offline);
  c.session->request("CODE.CREATE"_op, "", [&](Reply reply) { after = std::move(reply); });
  run_until(c.io, [&] { return after.has_value(); });
  CHECK(after->status == offline);
  CHECK(c.session->open());
}

TEST_CASE("a half-closed peer that then goes away altogether ends the stream at once") {
  Held service;
  Connection c(&service.dispatcher);
  bool closed = false;
  c.session->on_closed([&] { closed = true; });
  c.peer.send(request_bytes(1, "SYS", "HOME", home));
  c.peer.stop_sending();
  run_until(c.io, [&] { return service.held.size() == 1; });
  settle(c.io);
  CHECK_FALSE(closed);
  c.peer.close();
  run_until(c.io, [&] { return closed; });
  CHECK(service.held[0].abandoned());
}

TEST_CASE("a peer that goes away with its request unanswered ends the stream, and the answer goes nowhere") {
  Held service;
  Connection c(&service.dispatcher);
  c.peer.send(request_bytes(1, "SYS", "HOME", home));
  run_until(c.io, [&] { return service.held.size() == 1; });
  CHECK_FALSE(service.held[0].abandoned());
  c.peer.close();
  run_until(c.io, [&] { return !c.session->open(); });
  CHECK(service.held[0].abandoned());
  service.held[0].document({{"nobody", "reads"}});
  service.held.clear();
  settle(c.io);
}

TEST_CASE("writing to a peer that is gone raises no signal and ends the stream") {
  Connection c;
  std::optional<Reply> reply;
  c.peer.close();
  // Its end has not been read yet, so the session writes.
  c.session->request_urgent("SYS.EMERGENCY_LOCK"_op, "", [&](Reply r) { reply = std::move(r); });
  CHECK_FALSE(reply);
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->status == offline);
}

TEST_CASE("state of the stream dies with the stream") {
  struct State {
    std::shared_ptr<int> token = std::make_shared<int>(1);
  };
  Connection c;
  auto& state = c.session->local<State>();
  CHECK(&state == &c.session->local<State>());
  const std::weak_ptr<int> token = state.token;
  c.peer.close();
  run_until(c.io, [&] { return !c.session->open(); });
  CHECK(token.expired());
}

TEST_CASE("an io_context that is destroyed takes its streams and pending answers along") {
  Held service;
  std::weak_ptr<Session> weak;
  {
    Connection c(&service.dispatcher);
    weak = c.session;
    c.peer.send(request_bytes(1, "SYS", "HOME", home));
    run_until(c.io, [&] { return service.held.size() == 1; });
    c.session->request("CODE.CREATE"_op, "", [](Reply) {});
    service.held.clear();  // its answer waits, too
  }
  CHECK(weak.expired());
}

TEST_CASE("what is held beyond the io_context is harmless: sessions, responders, completions") {
  Held service;
  std::shared_ptr<Session> kept;
  bool ran = false;
  SECTION("of an open stream") {
    Connection c(&service.dispatcher);
    kept = c.session;
    c.peer.send(request_bytes(1, "SYS", "HOME", home));
    run_until(c.io, [&] { return service.held.size() == 1; });
    c.session->request("CODE.CREATE"_op, "", [&, keep = c.session](Reply) { ran = true; });
  }
  SECTION("of a half-closed stream") {
    Connection c(&service.dispatcher);
    kept = c.session;
    c.peer.send(request_bytes(1, "SYS", "HOME", home));
    c.peer.stop_sending();
    run_until(c.io, [&] { return service.held.size() == 1; });
    settle(c.io);
  }
  SECTION("of a stream that has ended") {
    Connection c(&service.dispatcher);
    kept = c.session;
    c.peer.send(request_bytes(1, "SYS", "HOME", home));
    run_until(c.io, [&] { return service.held.size() == 1; });
    c.peer.close();
    run_until(c.io, [&] { return !kept->open(); });
  }
  CHECK_FALSE(kept->open());
  CHECK(service.held[0].abandoned());
  service.held.clear();
  CHECK_FALSE(ran);
}

TEST_CASE("a session ends though its own completion holds it") {
  std::weak_ptr<Session> weak;
  {
    Connection c;
    weak = c.session;
    c.session->request("CODE.CREATE"_op, "", [keep = c.session](Reply) {});
    c.peer.close();
    run_until(c.io, [&] { return !c.session->open(); });
  }
  CHECK(weak.expired());
}
