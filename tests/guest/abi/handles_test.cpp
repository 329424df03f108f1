#include "guest/abi/canonical/handles.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "guest/abi/canonical/call.hpp"
#include "tests/guest/abi/fake_guest.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::canonical;
using namespace celeriac::guest::testing;

namespace {

constexpr ResourceType client_type{"client"}, message_type{"message"};

/// Counts those that are alive.
struct Counted : Resource {
  explicit Counted(int& count) : alive(count) { ++alive; }
  ~Counted() override { --alive; }
  int& alive;
};

// reply(reply-to: borrow message, message: own message), and one that may take a message.
constexpr Type borrowed = wit::borrow(message_type), owned = wit::own(message_type),
               maybe = wit::option(owned);
constexpr Function reply{"reply", wit::record({{"reply-to", &borrowed}, {"message", &owned}})};
constexpr Function perhaps{"perhaps", wit::record({{"message", &maybe}})};

struct Table {
  int alive = 0;
  Instance instance;
  FakeGuest guest;
  std::uint32_t add(const ResourceType& type) {
    return instance.handles().insert(type, std::make_unique<Counted>(alive));
  }
  std::string trap(const Function& function, std::vector<Slot> arguments) {
    return trap_of([&] { Call(function, instance, guest, arguments, {}); });
  }
};

}  // namespace

TEST_CASE("handles begin at 1, and freed ones are used again, the last first") {
  Table table;
  CHECK(table.add(message_type) == 1);
  CHECK(table.add(client_type) == 2);
  CHECK(table.add(message_type) == 3);
  table.instance.handles().drop(message_type, 1);
  table.instance.handles().drop(message_type, 3);
  CHECK(table.alive == 1);
  CHECK(table.add(message_type) == 3);
  CHECK(table.add(message_type) == 1);
  CHECK(table.add(message_type) == 4);
}

TEST_CASE("118: the wrong type, the handle 0, an unknown one and a second drop trap") {
  Table table;
  const auto message = table.add(message_type);
  auto& handles = table.instance.handles();
  CHECK(trap_of([&] { handles.drop(client_type, message); }) ==
        "the handle 1 is of a message, not of a client.");
  CHECK(trap_of([&] { handles.drop(message_type, 0); }) ==
        "there is nothing behind the handle 0, which should be of a message.");
  CHECK(trap_of([&] { handles.drop(message_type, 99); }) != "");
  CHECK(trap_of([&] { handles.drop(message_type, message); }) == "");
  CHECK(trap_of([&] { handles.drop(message_type, message); }) ==
        "there is nothing behind the handle 1, which should be of a message.");
}

TEST_CASE("116: an own parameter is gone after the call, a borrowed one stays") {
  Table table;
  const auto kept = table.add(message_type), given = table.add(message_type);
  CHECK(table.trap(reply, {kept, given}) == "");
  CHECK(table.alive == 1);
  CHECK(table.trap(reply, {kept, given}) ==
        "there is nothing behind the handle 2, which should be of a message.");
  CHECK(table.trap(reply, {kept, table.add(message_type)}) == "");
  table.instance.handles().drop(message_type, kept);
  CHECK(table.alive == 0);
}

TEST_CASE("the same handle borrowed and given away in one call traps") {
  Table table;
  const auto message = table.add(message_type);
  CHECK(table.trap(reply, {message, message}) ==
        "the message of handle 1 is given away while it is lent to the same call.");
}

TEST_CASE("an option of a handle consumes it only if there is one") {
  Table table;
  const auto message = table.add(message_type);
  CHECK(table.trap(perhaps, {0, message}) == "");
  CHECK(table.alive == 1);
  CHECK(table.trap(perhaps, {1, message}) == "");
  CHECK(table.alive == 0);
}

TEST_CASE("a handler may keep what it is given") {
  Table table;
  const auto kept = table.add(message_type), given = table.add(message_type);
  std::unique_ptr<Counted> taken;
  {
    const std::vector<Slot> arguments{kept, given};
    Call call(reply, table.instance, table.guest, arguments, {});
    CHECK(&Call::resource<Counted>(call[1]).alive == &table.alive);
    taken = call.take<Counted>(call[1]);
  }
  CHECK(table.alive == 2);
  taken.reset();
  CHECK(table.alive == 1);
}

TEST_CASE("119: what a guest has not dropped is released with its table") {
  int alive = 0;
  {
    HandleTable handles;
    for (int i = 0; i < 1'000; ++i) handles.insert(message_type, std::make_unique<Counted>(alive));
    CHECK(alive == 1'000);
  }
  CHECK(alive == 0);
}

TEST_CASE("a guest that drops nothing is stopped at 16,384 resources") {
  Table table;
  for (std::size_t i = 0; i < max_handles; ++i) table.add(message_type);
  CHECK(trap_of([&] { table.add(client_type); }) ==
        "it holds 16384 resources, and has not dropped enough of them for one more client.");
  table.instance.handles().drop(message_type, 7);
  CHECK(table.add(client_type) == 7);
}
