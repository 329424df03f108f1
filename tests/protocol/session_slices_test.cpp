#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "protocol/session.hpp"
#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

std::string pattern(std::size_t size) {
  std::string data(size, '\0');
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 7 + i / 251);
  return data;
}

/// Keeps every request, to be answered when the test says so.
struct Held {
  Held() : dispatcher(Server::hypervisor) {
    dispatcher.forward([this](Request&, Responder responder) { held.push_back(std::move(responder)); });
    dispatcher.on("SYS.READ_STATUS"_op,
                  [this](Request&, Responder responder) { held.push_back(std::move(responder)); });
    dispatcher.on("SYS.EMERGENCY_LOCK"_op,
                  [this](Request&, Responder responder) { held.push_back(std::move(responder)); });
  }
  Responder& hold(Connection& c, unsigned channel, std::string_view wire = "STATU") {
    const auto before = held.size();
    c.peer.send(request_bytes(channel, "SYS", wire));
    run_until(c.io, [&] { return held.size() > before; });
    return held.back();
  }
  Dispatcher dispatcher;
  std::deque<Responder> held;
};

void send_slice(Connection& c, unsigned carrier, unsigned channel, std::string_view data) {
  c.peer.send(request_bytes(carrier, "SLCE", "NEW", u16(channel) + std::string(data)));
}

constexpr auto overloaded = static_cast<unsigned>(Status::overloaded);

}  // namespace

TEST_CASE("a document comes as one slice, then the response with the number of slices") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 0x0102).document({{"a", 1}});
  const auto frames = c.peer.receive(2);
  CHECK(frames[0].space == "SLCE");
  CHECK(frames[0].wire == "NEW");
  CHECK(frames[0].payload == u16(0x0102) + to_bson({{"a", 1}}));
  CHECK(frames[1] == Seen{.is_response = true, .channel = 0x0102, .value = 1});
}

TEST_CASE("an answer of any size comes in slices of 65,533 bytes, in order") {
  for (const std::size_t size : {1U, 65532U, 65533U, 65534U, 131066U, 131067U, 1048576U}) {
    Held service;
    Connection c(&service.dispatcher);
    const auto data = pattern(size);
    service.hold(c, 5).forward({.status = 0, .value = 0, .data = data});
    const auto answer = c.peer.answer_on(5);
    INFO(size);
    CHECK(answer.data == data);
    CHECK(answer.value == (size + 65532) / 65533);
    CHECK(answer.slices == answer.value);
    CHECK(answer.status == 0);
  }
}

TEST_CASE("an answer of no bytes needs no slice") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.status = 0, .value = 123});
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 5, .value = 123});
}

TEST_CASE("at most 8 slices are unanswered on a stream, and each answer lets one more through") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.data = pattern(20 * 65533)});
  auto first = c.peer.receive(8);
  CHECK(c.peer.arrived().empty());
  for (unsigned i = 8; i < 20; ++i) {
    c.peer.send(response_bytes(first[i - 8].channel));
    first.push_back(c.peer.receive());
    if (i < 19) CHECK(c.peer.arrived().empty());
  }
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 5, .value = 20});
}

TEST_CASE("the window belongs to the stream, not to the answer") {
  Held service;
  Connection c(&service.dispatcher);
  for (unsigned channel = 1; channel <= 10; ++channel) service.hold(c, channel).document({{"n", channel}});
  const auto frames = c.peer.arrived();
  CHECK(std::ranges::count(frames, std::string("SLCE"), &Seen::space) == 8);
  CHECK(std::ranges::count(frames, true, &Seen::is_response) == 8);
}

TEST_CASE("the response goes out right behind its last slice, whether or not that is answered") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).document({{"a", 1}});
  CHECK(c.peer.receive(2)[1].is_response);
}

TEST_CASE("while slices wait for their answers, short answers of other channels go out") {
  Held service;
  Connection c(&service.dispatcher);
  auto& short_one = service.hold(c, 6);
  service.hold(c, 5).forward({.data = pattern(20 * 65533)});
  c.peer.receive(8);
  short_one.ok(66);
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 6, .value = 66});
}

TEST_CASE("a slice that the peer refuses still makes room in the window") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.data = pattern(9 * 65533)});
  const auto frames = c.peer.receive(8);
  c.peer.send(response_bytes(frames[0].channel, overloaded));
  CHECK(c.peer.receive(2)[1].value == 9);
}

TEST_CASE("a failure comes with its error document") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).fail({.status = Status::invalid_code,
                           .message = "No.",
                           .path = "/body/1",
                           .code = "unknown_kind",
                           .details = {{"kind", "mov"}}});
  const auto answer = c.peer.answer_on(5);
  CHECK(answer.status == static_cast<unsigned>(Status::invalid_code));
  CHECK(answer.value == 1);
  CHECK(from_bson(answer.data).value() == Json{{"code", "unknown_kind"},
                                               {"message", "No."},
                                               {"path", "/body/1"},
                                               {"details", {{"kind", "mov"}}}});
}

TEST_CASE("a forwarded answer keeps status, value and data, also a status outside the table") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.status = 999, .value = 1, .data = "anything"});
  const auto with_data = c.peer.answer_on(5);
  CHECK(with_data.status == 999);
  CHECK(with_data.data == "anything");
  service.hold(c, 6).forward({.status = 12, .value = 7});
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 6, .status = 12, .value = 7});
}

TEST_CASE("an answer longer than 16 MiB is refused with a sentence") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.data = std::string(max_answer + 1, 'x')});
  const auto answer = c.peer.answer_on(5);
  CHECK(answer.status == static_cast<unsigned>(Status::out_of_resources));
  CHECK(from_bson(answer.data));
}

TEST_CASE("the failure of an emergency stop does not wait for slices of others") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5).forward({.data = pattern(20 * 65533)});
  c.peer.receive(8);
  service.hold(c, 0, "ESTOP").fail({.status = Status::offline, .message = "The firmware is not connected."});
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 0, .status = 10});
}

TEST_CASE("the error document of an emergency stop goes before other answers that wait") {
  Held service;
  Connection c(&service.dispatcher);
  auto& stop = service.hold(c, 0, "ESTOP");
  auto& other = service.hold(c, 5);
  other.document({{"a", 1}});
  stop.fail({.status = Status::offline, .message = "The firmware is not connected."});
  const auto frames = c.peer.receive(4);
  CHECK(frames[0].payload.starts_with(u16(0)));
  CHECK(frames[1] == Seen{.is_response = true, .channel = 0, .status = 10, .value = 1});
}

TEST_CASE("slices for a request of ours are joined and come with its response") {
  Connection c;
  std::optional<Reply> reply;
  const auto channel =
      static_cast<unsigned>(c.session->request("CODE.LIST"_op, "", [&](Reply r) { reply = std::move(r); }));
  c.peer.receive();
  const auto data = pattern(150000);
  send_slice(c, 100, channel, data.substr(0, 65533));
  send_slice(c, 101, channel, data.substr(65533, 65533));
  send_slice(c, 102, channel, "");
  send_slice(c, 103, channel, data.substr(131066));
  for (unsigned carrier = 100; carrier < 104; ++carrier)
    CHECK(c.peer.receive() == Seen{.is_response = true, .channel = carrier});
  CHECK_FALSE(reply);
  c.peer.send(response_bytes(channel, 0, 4));
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->data == data);
  CHECK(reply->value == 4);
}

TEST_CASE("slices of different answers interleave without mixing") {
  Connection c;
  std::map<unsigned, std::string> got;
  std::vector<unsigned> channels;
  for (int i = 0; i < 3; ++i) {
    channels.push_back(static_cast<unsigned>(c.session->request(
        "CODE.LIST"_op, "", [&got, i](Reply r) { got[static_cast<unsigned>(i)] = r.data; })));
  }
  for (unsigned part = 0; part < 4; ++part)
    for (unsigned i = 0; i < 3; ++i)
      send_slice(c, part * 3 + i + 1, channels[i], std::to_string(i) + std::to_string(part));
  for (const auto channel : channels) c.peer.send(response_bytes(channel, 0, 4));
  run_until(c.io, [&] { return got.size() == 3; });
  CHECK(got[0] == "00010203");
  CHECK(got[1] == "10111213");
  CHECK(got[2] == "20212223");
}

TEST_CASE("a slice for a channel that asked nothing is not_found") {
  Connection c;
  send_slice(c, 9, 1234, "data");
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 9, .status = 3});
}

TEST_CASE("a slice too short to name a channel is malformed") {
  Connection c;
  c.peer.send(request_bytes(9, "SLCE", "NEW", "x") + request_bytes(10, "SLCE", "NEW"));
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 9, .status = 2});
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 10, .status = 2});
}

TEST_CASE("a slice on a channel with an unanswered request is channel_busy") {
  Held service;
  Connection c(&service.dispatcher);
  service.hold(c, 5);
  send_slice(c, 5, 1, "data");
  CHECK(c.peer.receive() == Seen{.is_response = true, .channel = 5, .status = 4});
}

TEST_CASE(
    "an answer to us beyond 16 MiB is not collected: slices are overloaded, the reply is out_of_resources") {
  Connection c;
  std::optional<Reply> reply;
  const auto channel =
      static_cast<unsigned>(c.session->request("CODE.LIST"_op, "", [&](Reply r) { reply = std::move(r); }));
  c.peer.receive();
  const std::string part(65533, 'x');
  unsigned refused = 0;
  for (unsigned i = 0; i < 260; ++i) {
    send_slice(c, i + 1, channel, part);
    refused += c.peer.receive().status == overloaded;
  }
  CHECK(refused == 260 - max_answer / 65533);
  c.peer.send(response_bytes(channel, 0, 260));
  run_until(c.io, [&] { return reply.has_value(); });
  CHECK(reply->status == static_cast<unsigned>(Status::out_of_resources));
  CHECK(reply->data.empty());
}

TEST_CASE("all answers together are collected to 64 MiB on a stream") {
  Connection c;
  std::vector<unsigned> channels;
  for (int i = 0; i < 5; ++i)
    channels.push_back(static_cast<unsigned>(c.session->request("CODE.LIST"_op, "", [](Reply) {})));
  c.peer.receive(5);
  const std::string part(65533, 'x');
  std::size_t taken = 0;
  for (const auto channel : channels)
    for (unsigned i = 0; i < 250; ++i) {
      send_slice(c, 1, channel, part);
      taken += c.peer.receive().status == 0 ? part.size() : 0;
    }
  CHECK(taken <= max_collected);
  CHECK(taken > max_collected - 65533);
}

TEST_CASE("an error reply gives its document back, or the meaning of its status") {
  const Error error{
      .status = Status::locked, .message = "Locked.", .path = "/a", .code = "x", .details = {{"b", 1}}};
  const Reply with{.status = 9, .data = to_bson(error.document())};
  CHECK(with.error().status == Status::locked);
  CHECK(with.error().message == "Locked.");
  CHECK(with.error().path == "/a");
  CHECK(with.error().code == "x");
  CHECK(with.error().details == Json{{"b", 1}});
  const Reply without{.status = 9};
  CHECK(without.error().message.find("locked") != std::string::npos);
  const Reply odd{.status = 9, .data = "garbage"};
  CHECK_FALSE(odd.error().message.empty());
  const Reply unknown{.status = 999};
  CHECK(unknown.error().message.find("999") != std::string::npos);
}
