// The golden byte vectors of messages, on modules in WebAssembly text: receive-area.wat receives over bytes
// of aa, with an allocator that only goes up from 0x1000; send-area.wat sends the bytes of V4.

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "tests/guest/abi/hex.hpp"
#include "tests/guest/abi/real_guest.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;

namespace {

constexpr std::uint32_t area = 0x800, heap = 0x1000;

protocol::Item from_a() {
  protocol::Item item;
  item.source = "n.os@a:b:c.os";
  return item;
}

std::unique_ptr<RealGuest> that_received(const protocol::Item& item, std::string blob = "") {
  auto guest = loaded(RECEIVE_AREA_WASM);
  guest->mailbox = {item};
  guest->blob = std::move(blob);
  REQUIRE(guest->run() == "");
  return guest;
}

std::string difference_at(RealGuest& guest, std::uint32_t address, std::string_view golden) {
  return difference(guest.memory().subspan(address), golden);
}

/// Where the allocator has got to: receive-area.wat leaves it at 0.
std::uint32_t allocated_until(RealGuest& guest) {
  std::uint32_t top = 0;
  std::memcpy(&top, guest.memory().data(), sizeof top);
  return top;
}

}  // namespace

TEST_CASE("8: receive writes a request as golden vector V1 has it") {
  auto item = from_a();
  item.inherit = true;
  item.expects = 5'000;
  item.body = "hi";
  item.capabilities = {{"n.os@k:p:q.os", "\"messaging\""}};
  const auto guest = that_received(item);
  CHECK(difference_at(*guest, area, R"(
    00 aa aa aa aa aa aa aa 00 10 00 00 04 00 00 00
    04 10 00 00 01 00 00 00 05 10 00 00 01 00 00 00
    06 10 00 00 04 00 00 00 00 aa aa aa aa aa aa aa
    01 aa aa aa aa aa aa aa 01 aa aa aa aa aa aa aa
    05 00 00 00 00 00 00 00 0a 10 00 00 02 00 00 00
    00 aa aa aa aa aa aa aa aa aa aa aa 0c 10 00 00
    01 00 00 00)") == "");
  CHECK(difference_at(*guest, heap, R"(
    6e 2e 6f 73 61 62 63 2e 6f 73 68 69 | 34 10 00 00
    04 00 00 00 38 10 00 00 01 00 00 00 39 10 00 00
    01 00 00 00 3a 10 00 00 04 00 00 00 3e 10 00 00
    0b 00 00 00 | 6e 2e 6f 73 6b 70 71 2e 6f 73 22 6d
    65 73 73 61 67 69 6e 67 22)") == "");
  CHECK(allocated_until(*guest) == 0x1049);
}

TEST_CASE("8: receive writes a response with its context as golden vector V2 has it") {
  auto item = from_a();
  item.type = protocol::ItemType::response;
  item.body = "ok";
  item.metadata = "{}";
  item.context = "CTX";
  const auto guest = that_received(item);
  CHECK(difference_at(*guest, area, R"(
    00 aa aa aa aa aa aa aa 00 10 00 00 04 00 00 00
    04 10 00 00 01 00 00 00 05 10 00 00 01 00 00 00
    06 10 00 00 04 00 00 00 01 aa aa aa aa aa aa aa
    00 aa aa aa 0a 10 00 00 02 00 00 00 01 aa aa aa
    0c 10 00 00 02 00 00 00 10 10 00 00 00 00 00 00
    01 aa aa aa 10 10 00 00 03 00 00 00)") == "");
  CHECK(difference_at(*guest, heap, "6e 2e 6f 73 61 62 63 2e 6f 73 6f 6b 7b 7d aa aa 43 54 58") == "");
}

TEST_CASE("8: receive writes an error with the message that failed as golden vector V3 has it") {
  protocol::Item item;
  item.type = protocol::ItemType::error;
  item.failure = protocol::Failure::no_target;  // for Kinode a timeout
  item.target = "n.os@a:b:c.os";
  item.expects = 1'000;
  item.body = "x";
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 2};
  item.context = "C";
  const auto guest = that_received(item, "BB");
  CHECK(difference_at(*guest, area, R"(
    01 aa aa aa aa aa aa aa 01 aa aa aa aa aa aa aa
    00 aa aa aa aa aa aa aa 00 aa aa aa aa aa aa aa
    01 aa aa aa aa aa aa aa 01 00 00 00 00 00 00 00
    00 10 00 00 01 00 00 00 00 aa aa aa aa aa aa aa
    aa aa aa aa 04 10 00 00 00 00 00 00 aa aa aa aa
    01 aa aa aa 00 aa aa aa aa aa aa aa aa aa aa aa
    04 10 00 00 02 00 00 00 01 aa aa aa 06 10 00 00
    01 00 00 00 aa aa aa aa)") == "");
  CHECK(difference_at(*guest, heap, "78 aa aa aa 42 42 43") == "");
}

TEST_CASE("9: send-request reads golden vector V4") {
  const auto guest = loaded(SEND_AREA_WASM);
  REQUIRE(guest->run() == "");
  REQUIRE(guest->asked.size() == 1);
  CHECK(guest->asked[0].operation == "MESSAGE.SEND");
  CHECK(guest->asked[0].payload.substr(0, 2) == protocol::encode_id(7));
  const auto sent = protocol::decode_outgoing(std::string_view(guest->asked[0].payload).substr(2));
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
