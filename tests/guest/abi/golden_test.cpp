// The golden byte vectors of the reference, against a guest whose allocator only goes up from 0x1000. Those
// of messages (V1 to V4) are in golden_modules_test.cpp, on real modules.

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
