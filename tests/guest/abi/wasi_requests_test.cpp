#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/abi/wasi_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("122: a request collects one reply, n replies, those that came in time, or a timeout") {
  Guesthouse house("E", true);
  const auto client = house.connect();
  const auto message = house.make("", "?");
  int left = 0;  // replies that still come
  std::uint16_t wanted = 0;
  house.mailbox.outcome = [&](const Outgoing& out) {
    if (out.replies != 0) wanted = out.replies;
    if (left-- == 0) return failure(protocol::Failure::timeout);
    return answer("reply", --wanted > 0 ? 77 : 0);
  };
  const auto ask = [&](bool has_options, Slot options) {
    const auto [at, size] = house.text("t");
    return house.result(requests, "request", {client, at, size, message, has_options, options});
  };
  const auto options = [&](std::uint32_t timeout, std::uint32_t expected) {
    const auto made = house.call(requests, "[constructor]request-options", {});
    if (timeout != 0) house.call(requests, "[method]request-options.set-timeout-ms", {made, timeout});
    if (expected != 0) house.call(requests, "[method]request-options.set-expected-replies", {made, expected});
    return made;
  };
  left = 1;
  CHECK(ask(false, 0) == 0);
  CHECK(house.guest.load(house.area + 8) == 1);
  CHECK(house.data(house.guest.load(house.guest.load(house.area + 4))) == "reply");
  CHECK(house.mailbox.awaited.back().expects == no_deadline_ms);

  left = 3;
  CHECK(ask(true, options(500, 3)) == 0);
  CHECK(house.guest.load(house.area + 8) == 3);
  CHECK(house.mailbox.awaited.back().request == 77);
  CHECK(house.mailbox.awaited.back().to.empty());

  left = 2;
  CHECK(ask(true, options(500, 3)) == 0);
  CHECK(house.guest.load(house.area + 8) == 2);

  left = 0;
  const auto used = options(500, 3);
  CHECK(ask(true, used) == 1 + 0);
  CHECK(house.mailbox.awaited.back().expects == 500);
  CHECK_THAT(trap_of([&] { house.call(requests, "[resource-drop]request-options", {used}); }),
             ContainsSubstring("nothing behind"));
  CHECK(house.data(message) == "?");  // it was borrowed

  CHECK(ask(true, options(0, max_replies + 1)) == 1 + 3);
}

TEST_CASE("122: replies go to who asked, as often as the guest likes, and to nobody where nobody waits") {
  Guesthouse house("E", true);
  std::uint32_t kept = 0;
  house.on_message = [&](std::uint32_t message) {
    CHECK(house.result(requests, "reply", {message, house.make("", "one")}) == 0);
    kept = message;
    return std::string();
  };
  auto item = publication("t", "?");
  item.request = 9;
  house.mailbox.put(item);
  house.serve();
  CHECK(house.result(requests, "reply", {kept, house.make("", "two")}) == 0);
  REQUIRE(house.mailbox.responses.size() == 2);  // and no settlement
  CHECK(house.mailbox.responses[0].request == 9);
  CHECK(house.mailbox.responses[1].body == "two");
  CHECK(house.result(requests, "reply", {house.make("", ""), house.make("", "three")}) == 0);
  CHECK(house.mailbox.responses.size() == 2);
}

TEST_CASE("a component that cannot reply settles what is asked of it") {
  Guesthouse house("A");
  Item item;
  item.source = "n.os@a:b:c";
  item.request = 3;
  item.body = "hi";
  item.metadata = R"({"k":"v"})";
  house.on_message = [&](std::uint32_t message) {
    CHECK(house.metadata(message) == protocol::Pairs{{"k", "v"}});
    house.drop(message);
    return std::string();
  };
  house.mailbox.put(item);
  house.serve();
  REQUIRE(house.mailbox.responses.size() == 1);
  CHECK(house.mailbox.responses[0].request == 3);
}
