// Items 123 to 126 are tested where frames and sessions are: tests/protocol/frame_test.cpp,
// frame_decoder_test.cpp, session_test.cpp, session_bounds_test.cpp. Here: what of them is to be seen at the
// guest's border.

#include "guest/abi/farm/farm.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "protocol/frame_decoder.hpp"
#include "protocol/payload.hpp"
#include "tests/guest/abi/mailbox.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using namespace std::string_literals;
using protocol::Item;
using protocol::Json;
using protocol::Status;

namespace {

std::string request_frame(std::uint16_t channel, std::string_view space, std::string_view wire,
                          std::string_view payload = "") {
  std::string frame(protocol::request_header_size, ' ');
  protocol::encode_request_header(frame.data(), protocol::Channel{channel}, space, wire,
                                  static_cast<std::uint16_t>(payload.size()));
  return frame.append(payload);
}
std::string response_frame(std::uint16_t channel, std::uint16_t status, std::uint16_t value) {
  std::string frame(protocol::response_size, ' ');
  protocol::encode_response(frame.data(), {protocol::Channel{channel}, status, value});
  return frame;
}

struct Program {
  Program() {
    ModuleShape module;
    module.exports = {{"", "farm_main", {}}};
    personality = make_farm(module, "").value();
    guest.bytes.resize(4 * 65'536);
    guest.never = [this](const protocol::Operation& operation) {
      return operation.long_name == "MESSAGE.RECEIVE" && mailbox.items.empty();
    };
  }
  Status send(std::string_view frame) {
    guest.next_free = 0x1000;
    return static_cast<Status>(
        call_import(*personality, guest, "farm", "send", {guest.put(frame), frame.size()}));
  }
  std::string receive(std::int32_t timeout = 0, std::uint32_t capacity = 65'535 + 15) {
    guest.next_free = 0x1000;
    const auto at = guest.allocate(1, capacity);
    length = static_cast<std::int32_t>(call_import(*personality, guest, "farm", "receive",
                                                   {at, capacity, static_cast<std::uint32_t>(timeout)}));
    return length > 0 ? guest.text(at, static_cast<std::uint32_t>(length)) : "";
  }
  void listen() { call_import(*personality, guest, "farm", "listen", {}); }

  FakeGuest guest;
  Mailbox mailbox{guest};
  std::unique_ptr<Personality> personality;
  std::int32_t length = 0;
};

Item message(std::string body, std::uint64_t request) {
  Item item;
  item.source = "n.os@a:b:c";
  item.body = std::move(body);
  item.request = request;
  return item;
}

}  // namespace

TEST_CASE("123: a frame that the guest receives has its bytes where the protocol has them") {
  Program program;
  program.guest.reply({.status = 0, .value = 0x1234});
  CHECK(program.send(request_frame(0x0102, "SYS", "HOME", protocol::to_bson({{"axis", 3}}))) == Status::ok);
  const auto response = program.receive();
  CHECK(response == "\x01\x02\x00\x00\x12\x34\r\n"s);
  CHECK(program.guest.asked.at(0).operation == "SYS.HOME");
  CHECK(protocol::from_bson(program.guest.asked.at(0).payload).value() == Json{{"axis", 3}, {"holder", 7}});
}

TEST_CASE(
    "124: an answer with slices comes as requests, then the response; a stream parser tells them apart") {
  Program program;
  const std::string data(protocol::max_slice + 10, 'x');
  program.guest.reply({.status = 0, .value = 2, .data = data});
  program.send(request_frame(5, "PROC", "LIST"));
  std::string stream;
  for (int i = 0; i < 3; ++i) stream += program.receive();
  CHECK(program.receive().empty());
  protocol::FrameDecoder decoder([](protocol::Channel channel) { return channel == protocol::Channel{5}; });
  std::string_view rest = stream;
  std::string joined;
  for (int i = 0; i < 2; ++i) {
    const auto frame = decoder.next(rest);
    REQUIRE(std::holds_alternative<protocol::RequestFrame>(frame));
    const auto& slice = std::get<protocol::RequestFrame>(frame);
    CHECK(slice.space == "SLCE");
    CHECK(protocol::load_u16(slice.payload.data()) == 5);
    joined += slice.payload.substr(2);
  }
  CHECK(joined == data);
  const auto frame = decoder.next(rest);
  REQUIRE(std::holds_alternative<protocol::ResponseFrame>(frame));
  CHECK(std::get<protocol::ResponseFrame>(frame).value == 2);
}

TEST_CASE("125: the same channel in both directions does not mix") {
  Program program;
  auto& mailbox = program.mailbox;
  mailbox.put(message("ping", 9));
  mailbox.put(message("", 0));
  program.listen();
  const auto incoming = program.receive();
  CHECK(incoming == request_frame(1, "MESG", "REQST", "ping"));

  // The guest's own request on channel 1, while that of the other is open.
  mailbox.other = [](const FakeGuest::Asked&) { return protocol::Reply{.status = 0, .value = 42}; };
  CHECK(program.send(request_frame(1, "SYS", "STATU")) == Status::ok);
  CHECK(program.send(request_frame(8, "SLCE", "NEW", "\0\1po"s)) == Status::ok);
  CHECK(program.send(request_frame(9, "SLCE", "NEW", "\0\1ng"s)) == Status::ok);
  CHECK(program.send(response_frame(1, 0, 3)) == Status::ok);
  REQUIRE(mailbox.responses.size() == 1);
  CHECK(mailbox.responses[0].request == 9);
  CHECK(mailbox.responses[0].body == "pong");
  CHECK(mailbox.responses[0].format == protocol::Format::farm);
  const auto second = program.receive();  // the other message
  CHECK(second == request_frame(2, "MESG", "REQST"));
  CHECK(program.receive() == response_frame(1, 0, 42));
}

TEST_CASE("126: a payload of 65,535 bytes goes; a longer frame is malformed") {
  Program program;
  auto payload = "\0\0"s + protocol::to_bson({{"data", Json::binary(std::vector<std::uint8_t>(65'000))},
                                              {"pad", std::string(497, 'x')}});
  payload.resize(65'535, 'x');
  CHECK(program.send(request_frame(1, "BLOB", "WRITE", payload)) == Status::ok);
  CHECK(program.guest.asked.at(0).payload.size() == 65'535);
  CHECK(program.send(request_frame(2, "BLOB", "WRITE", payload) + "x") == Status::malformed);
  CHECK(program.guest.asked.size() == 1);
}

TEST_CASE("127: an operation that is unknown, or no guest's, is answered so, and the rest goes on") {
  Program program;
  const auto status_of = [&](std::string_view space, std::string_view wire) {
    CHECK(program.send(request_frame(1, space, wire)) == Status::ok);
    return static_cast<Status>(protocol::load_u16(program.receive().data() + 2));
  };
  CHECK(status_of("SYS", "NOPE") == Status::unknown_operation);
  CHECK(status_of("NOPE", "HOME") == Status::unknown_operation);
  CHECK(status_of("GUST", "COMIT") == Status::denied);
  CHECK(status_of("GUST", "MODUL") == Status::denied);
  CHECK(status_of("GUST", "KILL") == Status::denied);
  CHECK(status_of("MESG", "OPEN") == Status::denied);
  CHECK(status_of("CODE", "WRITE") == Status::denied);
  CHECK(status_of("MESG", "SEND") == Status::malformed);  // without an id
  CHECK(program.guest.asked.empty());
}

TEST_CASE("a guest speaks in its own name, whatever number it writes") {
  Program program;
  const auto envelope = protocol::encode(protocol::Outgoing{});
  program.send(request_frame(1, "MESG", "SEND", "\x12\x34"s + envelope));
  CHECK(program.guest.asked.at(0).payload == "\0\7"s + envelope);
  program.send(request_frame(2, "PROC", "KILL", "\x12\x34"s));  // this names another, and the kernel decides
  CHECK(program.guest.asked.at(1).payload == "\x12\x34"s);
}

TEST_CASE("answers come as they are ready, on the channels of their requests") {
  Program program;
  program.guest.reply({.status = 0, .value = 1});
  program.guest.reply({.status = 0, .value = 2});
  program.send(request_frame(10, "SYS", "STATU"));
  program.send(request_frame(20, "SYS", "STATU"));
  program.guest.reorder = [](auto& begun) {
    if (begun.size() == 2) std::swap(begun[0], begun[1]);
  };
  CHECK(program.receive() == response_frame(20, 0, 2));
  CHECK(program.receive() == response_frame(10, 0, 1));
  CHECK(program.receive(250).empty());
  CHECK(program.length == 0);
  CHECK(program.guest.slept > std::chrono::milliseconds(200));
}

TEST_CASE("a channel is busy until its response was received, and so many are at once") {
  Program program;
  CHECK(program.send(request_frame(1, "SYS", "STATU")) == Status::ok);
  CHECK(program.send(request_frame(1, "SYS", "STATU")) == Status::channel_busy);
  program.receive();
  CHECK(program.send(request_frame(1, "SYS", "STATU")) == Status::ok);
  for (std::size_t i = 2; i <= max_farm_requests; ++i)
    REQUIRE(program.send(request_frame(static_cast<std::uint16_t>(i), "SYS", "STATU")) == Status::ok);
  CHECK(program.send(request_frame(9999, "SYS", "STATU")) == Status::overloaded);
  program.receive();
  CHECK(program.send(request_frame(9999, "SYS", "STATU")) == Status::ok);
}

TEST_CASE("a frame that does not fit stays, and says how long it is") {
  Program program;
  program.send(request_frame(1, "SYS", "STATU"));
  program.receive(0, 7);
  CHECK(program.length == -8);
  CHECK(program.receive(0, 8) == response_frame(1, 0, 0));
}

TEST_CASE("frames of other processes carry the names that they were sent with, and so many are open") {
  Program program;
  auto& mailbox = program.mailbox;
  auto named = message("x", 1);
  named.format = protocol::Format::farm;
  named.metadata = R"({"namespace":"BED","operation":"WATER"})";
  auto misnamed = named;
  misnamed.metadata = R"({"namespace":"bed\r\n","operation":"TOO_LONG"})";
  mailbox.put(named);
  mailbox.put(misnamed);
  for (std::size_t i = 0; i < max_farm_incoming; ++i) mailbox.put(message("", i + 2));
  program.listen();
  CHECK(program.receive() == request_frame(1, "BED", "WATER", "x"));
  CHECK(program.receive() == request_frame(2, "MESG", "REQST", "x"));
  std::size_t open = 2;
  while (!program.receive().empty()) ++open;
  CHECK(open == max_farm_incoming);
  program.send(response_frame(1, 0, 0));
  CHECK_FALSE(program.receive().empty());
}

TEST_CASE("what does not fit into a frame is refused to its sender") {
  Program program;
  auto& mailbox = program.mailbox;
  auto with_blob = message("", 4);
  with_blob.blob = protocol::BlobInfo{};
  mailbox.put(with_blob);
  mailbox.put(message(std::string(70'000, 'x'), 5));
  mailbox.put(message("ok", 6));
  mailbox.put(message("", 7));
  program.listen();
  CHECK(program.receive() == request_frame(1, "MESG", "REQST", "ok"));
  REQUIRE(mailbox.responses.size() == 2);
  CHECK(mailbox.responses[0].error);
  CHECK(mailbox.responses[1].request == 5);
}

TEST_CASE("a reply has so many bytes and no more") {
  Program program;
  auto& mailbox = program.mailbox;
  mailbox.put(message("", 1));
  mailbox.put(message("", 2));
  program.listen();
  program.receive();
  const auto slice = request_frame(1, "SLCE", "NEW", "\0\1"s + std::string(65'000, 'x'));
  auto status = Status::ok;
  for (std::size_t sent = 0; sent <= max_farm_reply && status == Status::ok; sent += 65'000)
    status = program.send(slice);
  CHECK(status == Status::out_of_resources);
  CHECK(program.send(request_frame(1, "SLCE", "NEW", "\0\x63x"s)) == Status::not_found);
  CHECK(program.send(request_frame(1, "SLCE", "NEW", "x"s)) == Status::malformed);
}

TEST_CASE("farm_main runs once, else _start") {
  Program program;
  program.guest.add_export("_start", {}, [](auto) { return std::vector<Slot>{}; });
  program.personality->run(program.guest);
  program.guest.add_export("farm_main", {}, [](auto) { return std::vector<Slot>{}; });
  program.personality->run(program.guest);
  CHECK(program.guest.called == std::vector<std::string>{"_start", "farm_main"});
  CHECK_FALSE(make_farm(ModuleShape{}, ""));
}

TEST_CASE("pointers that are none trap") {
  Program program;
  CHECK_THAT(
      trap_of([&] { call_import(*program.personality, program.guest, "farm", "send", {0xffff'ffff, 15}); }),
      Catch::Matchers::ContainsSubstring("not inside"));
  program.send(request_frame(1, "SYS", "STATU"));
  CHECK_THAT(trap_of([&] {
               call_import(*program.personality, program.guest, "farm", "receive", {0xffff'fff0, 99'999, 0});
             }),
             Catch::Matchers::ContainsSubstring("no room"));
}

TEST_CASE("no bytes that a guest sends do more than be refused") {
  Program program;
  rc::check([&] {
    auto frame = request_frame(*rc::gen::arbitrary<std::uint16_t>(), "MESG", "SEND",
                               "\0\7"s + protocol::encode(protocol::Outgoing{}));
    for (int i = *rc::gen::inRange(0, 5); i > 0; --i)
      frame[*rc::gen::inRange<std::size_t>(0, frame.size())] = *rc::gen::arbitrary<char>();
    frame.resize(*rc::gen::inRange<std::size_t>(0, frame.size() + 1));
    RC_ASSERT(static_cast<std::uint16_t>(program.send(frame)) < protocol::status_count);
    while (!program.receive().empty()) {
    }
  });
}
