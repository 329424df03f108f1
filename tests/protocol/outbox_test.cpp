#include "protocol/outbox.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using celeriac::protocol::test::request_bytes;
using celeriac::protocol::test::response_bytes;

namespace {

void put(Outbox& outbox, std::string_view frame, Urgency urgency = Urgency::normal) {
  std::ranges::copy(frame, outbox.append(frame.size(), urgency));
}

/// Takes so many bytes, in pieces as front() gives them.
std::string take(Outbox& outbox, std::size_t bytes) {
  std::string taken;
  while (taken.size() < bytes && outbox.size() != 0) {
    const auto part = outbox.front().substr(0, bytes - taken.size());
    taken += part;
    outbox.sent(part.size());
  }
  return taken;
}

const std::string a = request_bytes(1, "A", "A", "first"), b = response_bytes(2),
                  c = request_bytes(3, "C", "C", ""), stop = request_bytes(0, "SYS", "ESTOP"),
                  again = request_bytes(0, "SYS", "UNLCK");

}  // namespace

TEST_CASE("frames leave in the order in which they came") {
  Outbox outbox;
  put(outbox, a);
  put(outbox, b);
  put(outbox, c);
  CHECK(outbox.size() == a.size() + b.size() + c.size());
  CHECK(take(outbox, 1000) == a + b + c);
  CHECK(outbox.size() == 0);
  CHECK(outbox.front().empty());
}

TEST_CASE("an urgent frame overtakes everything that waits") {
  Outbox outbox;
  put(outbox, a);
  put(outbox, b);
  put(outbox, stop, Urgency::urgent);
  CHECK(take(outbox, 1000) == stop + a + b);
}

TEST_CASE("an urgent frame lets the frame that has begun finish, and no other") {
  for (std::size_t begun = 1; begun < a.size(); ++begun) {
    Outbox outbox;
    put(outbox, a);
    put(outbox, b);
    put(outbox, c);
    auto sent = take(outbox, begun);
    put(outbox, stop, Urgency::urgent);
    put(outbox, b);
    sent += take(outbox, 1000);
    CHECK(sent == a + stop + b + c + b);
  }
}

TEST_CASE("urgent frames keep their order among themselves") {
  Outbox outbox;
  put(outbox, a);
  put(outbox, stop, Urgency::urgent);
  auto sent = take(outbox, 3);
  put(outbox, again, Urgency::urgent);
  sent += take(outbox, 1000);
  CHECK(sent == stop + again + a);
}

TEST_CASE("many frames and large ones leave whole and in order") {
  Outbox outbox;
  std::string all;
  for (unsigned i = 0; i < 300; ++i) {
    const auto frame = request_bytes(i, "X", "Y", std::string(i % 7 == 0 ? 65535 : i, 'x'));
    put(outbox, frame);
    all += frame;
  }
  CHECK(take(outbox, all.size()) == all);
  CHECK(outbox.size() == 0);
}
