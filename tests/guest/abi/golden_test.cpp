// The golden byte vectors of the reference, against a guest whose allocator only goes up from 0x1000.

#include <catch2/catch_test_macros.hpp>

#include "guest/abi/canonical/lift.hpp"
#include "guest/abi/canonical/lower.hpp"
#include "guest/abi/kinode/process.hpp"
#include "tests/guest/abi/fake_guest.hpp"
#include "tests/guest/abi/hex.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::canonical;
using namespace celeriac::guest::testing;

namespace {

constexpr std::string_view kinode_module = "kinode:process/standard@0.7.0";
constexpr std::uint32_t area = 0x800;

std::span<const std::uint8_t> at(const FakeGuest& guest, std::uint32_t address) {
  return std::span(guest.bytes).subspan(address);
}

protocol::Item from_a() {
  protocol::Item item;
  item.source = "n.os@a:b:c.os";
  return item;
}

// What wasi:messaging returns, lowered as a guest's own bindings would: the vectors are the same in both
// directions.
constexpr Type seed_error =
    wit::variant({{"timeout"}, {"connection", &wit::string}, {"other", &wit::string}});
constexpr Type texts = wit::list(wit::string);
constexpr Type subscribed = wit::result(&texts, &seed_error);
constexpr Type plain = wit::result(nullptr, &seed_error);
constexpr Type pair = wit::record({{"key", &wit::string}, {"value", &wit::string}});
constexpr Type pairs = wit::list(pair);
constexpr Type metadata = wit::option(pairs);

void lower(FakeGuest& guest, const Type& type, const Value& value) {
  Instance instance;
  Lower(instance, guest, Purpose::import_result).at(type, value, area);
}

Value lifted(FakeGuest& guest, Arena& arena, const Type& type) {
  const Memory memory(guest);
  return Lift(memory, arena, nullptr).at(type, area, {nullptr, "it"});
}

}  // namespace

TEST_CASE("8: receive writes a request as golden vector V1 has it") {
  FakeGuest guest;
  kinode::Process process;
  auto item = from_a();
  item.inherit = true;
  item.expects = 5'000;
  item.body = "hi";
  item.capabilities = {{"n.os@k:p:q.os", "\"messaging\""}};
  guest.reply_with(encode(item));
  call_import(process, guest, kinode_module, "receive", {area});
  CHECK(difference(at(guest, area), R"(
    00 aa aa aa aa aa aa aa 00 10 00 00 04 00 00 00
    04 10 00 00 01 00 00 00 05 10 00 00 01 00 00 00
    06 10 00 00 04 00 00 00 00 aa aa aa aa aa aa aa
    01 aa aa aa aa aa aa aa 01 aa aa aa aa aa aa aa
    05 00 00 00 00 00 00 00 0a 10 00 00 02 00 00 00
    00 aa aa aa aa aa aa aa aa aa aa aa 0c 10 00 00
    01 00 00 00)") == "");
  CHECK(difference(at(guest, 0x1000), R"(
    6e 2e 6f 73 61 62 63 2e 6f 73 68 69 | 34 10 00 00
    04 00 00 00 38 10 00 00 01 00 00 00 39 10 00 00
    01 00 00 00 3a 10 00 00 04 00 00 00 3e 10 00 00
    0b 00 00 00 | 6e 2e 6f 73 6b 70 71 2e 6f 73 22 6d
    65 73 73 61 67 69 6e 67 22)") == "");
  CHECK(guest.next_free == 0x1049);
}

TEST_CASE("8: receive writes a response with its context as golden vector V2 has it") {
  FakeGuest guest;
  kinode::Process process;
  auto item = from_a();
  item.type = protocol::ItemType::response;
  item.body = "ok";
  item.metadata = "{}";
  item.context = "CTX";
  guest.reply_with(encode(item));
  call_import(process, guest, kinode_module, "receive", {area});
  CHECK(difference(at(guest, area), R"(
    00 aa aa aa aa aa aa aa 00 10 00 00 04 00 00 00
    04 10 00 00 01 00 00 00 05 10 00 00 01 00 00 00
    06 10 00 00 04 00 00 00 01 aa aa aa aa aa aa aa
    00 aa aa aa 0a 10 00 00 02 00 00 00 01 aa aa aa
    0c 10 00 00 02 00 00 00 10 10 00 00 00 00 00 00
    01 aa aa aa 10 10 00 00 03 00 00 00)") == "");
  CHECK(difference(at(guest, 0x1000), "6e 2e 6f 73 61 62 63 2e 6f 73 6f 6b 7b 7d aa aa 43 54 58") == "");
}

TEST_CASE("8: receive writes an error with the message that failed as golden vector V3 has it") {
  FakeGuest guest;
  kinode::Process process;
  protocol::Item item;
  item.type = protocol::ItemType::error;
  item.failure = protocol::Failure::no_target;  // for Kinode a timeout
  item.target = "n.os@a:b:c.os";
  item.expects = 1'000;
  item.body = "x";
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 2};
  item.context = "C";
  guest.reply_with(encode(item));
  guest.reply_with("BB");
  call_import(process, guest, kinode_module, "receive", {area});
  CHECK(difference(at(guest, area), R"(
    01 aa aa aa aa aa aa aa 01 aa aa aa aa aa aa aa
    00 aa aa aa aa aa aa aa 00 aa aa aa aa aa aa aa
    01 aa aa aa aa aa aa aa 01 00 00 00 00 00 00 00
    00 10 00 00 01 00 00 00 00 aa aa aa aa aa aa aa
    aa aa aa aa 04 10 00 00 00 00 00 00 aa aa aa aa
    01 aa aa aa 00 aa aa aa aa aa aa aa aa aa aa aa
    04 10 00 00 02 00 00 00 01 aa aa aa 06 10 00 00
    01 00 00 00 aa aa aa aa)") == "");
  CHECK(difference(at(guest, 0x1000), "78 aa aa aa 42 42 43") == "");
}

TEST_CASE("9: send-request reads golden vector V4") {
  FakeGuest guest;
  kinode::Process process;
  const auto record = hex(R"(
    00 10 00 00 04 00 00 00 04 10 00 00 01 00 00 00
    05 10 00 00 01 00 00 00 06 10 00 00 04 00 00 00
    00 aa aa aa aa aa aa aa 01 aa aa aa aa aa aa aa
    01 00 00 00 00 00 00 00 0a 10 00 00 01 00 00 00
    00 aa aa aa aa aa aa aa aa aa aa aa 0c 10 00 00
    00 00 00 00 aa aa aa aa 01 aa aa aa 0c 10 00 00
    01 00 00 00 01 aa aa aa 01 aa aa aa 0d 10 00 00
    03 00 00 00 10 10 00 00 02 00 00 00 aa aa aa aa)");
  const auto heap = hex("6e 2e 6f 73 61 62 63 2e 6f 73 78 aa 43 6d 2f 74 42 42");
  std::ranges::copy(record, guest.bytes.begin() + area);
  std::ranges::copy(heap, guest.bytes.begin() + 0x1000);
  call_import(process, guest, kinode_module, "send-request", {area});
  REQUIRE(guest.asked.size() == 1);
  CHECK(guest.asked[0].operation == "MESSAGE.SEND");
  CHECK(guest.asked[0].payload.substr(0, 2) == protocol::encode_id(7));
  const auto sent = protocol::decode_outgoing(std::string_view(guest.asked[0].payload).substr(2));
  REQUIRE(sent);
  CHECK(sent->to == "n.os@a:b:c.os");
  CHECK_FALSE(sent->inherit);
  CHECK(sent->expects == 1'000);
  CHECK(sent->body == "x");
  CHECK_FALSE(sent->metadata);
  CHECK(sent->capabilities.empty());
  CHECK(sent->context == "C");
  CHECK(sent->mime == "m/t");
  CHECK(sent->blob_bytes == "BB");
}

TEST_CASE("a list of topics lies as golden vector V5 has it, and is read back") {
  FakeGuest guest;
  Arena arena;
  const std::vector<std::string> topics{"t1", "topic2"};
  lower(guest, subscribed, arena.ok(arena.list(topics, [](const auto& one) { return Value::text(one); })));
  CHECK(difference(at(guest, area), "00 aa aa aa 00 10 00 00 02 00 00 00 aa aa aa aa") == "");
  CHECK(difference(at(guest, 0x1000),
                   "10 10 00 00 02 00 00 00 12 10 00 00 06 00 00 00 74 31 74 6f 70 69 63 32") == "");
  const auto back = lifted(guest, arena, subscribed);
  CHECK(back.which() == 0);
  CHECK((*back.payload())[1].text() == "topic2");
}

TEST_CASE("an error of the seed's wasi:messaging lies as golden vectors V6 and V8 have it") {
  Arena arena;
  {
    FakeGuest guest;
    lower(guest, subscribed, arena.error(arena.of_case(2, Value::text("bad"))));
    CHECK(difference(at(guest, area), "01 aa aa aa 02 aa aa aa 00 10 00 00 03 00 00 00") == "");
    CHECK(difference(at(guest, 0x1000), "62 61 64") == "");
    CHECK(lifted(guest, arena, subscribed).payload()->payload()->text() == "bad");
  }
  FakeGuest guest;
  lower(guest, plain, arena.error(Value::of_case(0)));
  CHECK(difference(at(guest, area), "01 aa aa aa 00") == "");
  CHECK(lifted(guest, arena, plain).payload()->which() == 0);
}

TEST_CASE("metadata lies as golden vector V7 has it") {
  FakeGuest guest;
  Arena arena;
  const auto one = arena.record({Value::text("k"), Value::text("v")});
  lower(guest, metadata, arena.some(Value::items(std::span(&one, 1))));
  CHECK(difference(at(guest, area), "01 aa aa aa 00 10 00 00 01 00 00 00") == "");
  CHECK(difference(at(guest, 0x1000), "10 10 00 00 01 00 00 00 11 10 00 00 01 00 00 00 6b 76") == "");
}

TEST_CASE("spawn writes that there is no such file as golden vector V9 has it") {
  FakeGuest guest;
  kinode::Process process;
  guest.refuse(protocol::Status::not_found, "There is no /pkg/child.wasm.", "no_file_at_path");
  const auto path = guest.put("/pkg/child.wasm");
  call_import(process, guest, kinode_module, "spawn", {0, 0, 0, path, 15, 0, 0, 0, 4, 0, 4, 0, 0, area});
  CHECK(difference(at(guest, area), "01 aa aa aa 01") == "");
}

TEST_CASE("get-on-exit writes restart as golden vector V10 has it") {
  FakeGuest guest;
  kinode::Process process;
  guest.reply_with(protocol::to_bson({{"on_exit", "restart"}}));
  call_import(process, guest, kinode_module, "get-on-exit", {area});
  CHECK(difference(at(guest, area), "01") == "");
  CHECK(guest.next_free == 0x1000);
}
