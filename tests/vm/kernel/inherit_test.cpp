#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::ItemType;

namespace {

/// A request that is passed on: the response goes past us.
celeriac::protocol::Outgoing onward(const KernelProcess& target, std::string body) {
  auto out = Bench::to(target, std::move(body));
  out.inherit = true;
  return out;
}

}  // namespace

TEST_CASE(
    "26, 38: a response goes through a chain to whoever asked first, with his context and the last one's "
    "name") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c"),
       &d = bench.open_guest("d");
  auto request = Bench::to(b, "hi", 5000);
  request.context = "mine";
  REQUIRE(bench.send(a, request));
  bench.receive(b);
  REQUIRE(bench.send(b, onward(c, "on")));
  bench.receive(c);
  REQUIRE(bench.send(c, onward(d, "on")));
  bench.receive(d);
  REQUIRE(bench.respond(d, Bench::response("done")));
  const auto answer = bench.receive(a);
  REQUIRE(answer);
  CHECK(answer->body == "done");
  CHECK(answer->context == "mine");
  CHECK(answer->source == "n.os@d:pkg:pub");
  CHECK_FALSE(bench.receive(b));
  CHECK_FALSE(bench.receive(c));
}

TEST_CASE("39: one that inherits and expects a response gets it, and can then answer the first") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 5000)));
  bench.receive(b);
  auto on = onward(c, "on");
  on.expects = 1000;
  REQUIRE(bench.send(b, on));
  bench.receive(c);
  REQUIRE(bench.respond(c, Bench::response("for b")));
  CHECK(bench.body(b) == "for b");
  REQUIRE(bench.respond(b, Bench::response("for a")));
  CHECK(bench.body(a) == "for a");
}

TEST_CASE(
    "40: after the response of a third the answer goes to the request that was open when it was asked") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c"),
       &server = bench.open_guest("server");
  REQUIRE(bench.send(a, Bench::to(server, "a's", 5000)));
  bench.receive(server);
  REQUIRE(bench.send(server, Bench::to(c, "help", 5000)));
  REQUIRE(bench.send(b, Bench::to(server, "b's", 5000)));
  CHECK(bench.body(server) == "b's");
  bench.receive(c);
  REQUIRE(bench.respond(c, Bench::response("helped")));
  CHECK(bench.body(server) == "helped");
  REQUIRE(bench.respond(server, Bench::response("answer")));
  CHECK(bench.body(a) == "answer");
  CHECK_FALSE(bench.receive(b));
}

TEST_CASE("41: a message that expects nothing does not change whom a response answers") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &server = bench.open_guest("server");
  REQUIRE(bench.send(a, Bench::to(server, "question", 5000)));
  REQUIRE(bench.send(b, Bench::to(server, "by the way")));
  bench.receive(server);
  bench.receive(server);
  REQUIRE(bench.respond(server, Bench::response("answer")));
  CHECK(bench.body(a) == "answer");
}

TEST_CASE("42: to inherit without a prompting message is to send afresh") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  auto request = onward(b, "hi");
  request.expects = 1000;
  REQUIRE(bench.send(a, request));
  bench.receive(b);
  REQUIRE(bench.respond(b, Bench::response("ok")));
  CHECK(bench.body(a) == "ok");
}

TEST_CASE("43: two inheriting requests that both expect responses keep separate contexts") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 5000)));
  bench.receive(b);
  for (const char* context : {"one", "two"}) {
    auto on = onward(c, context);
    on.expects = 1000;
    on.context = context;
    REQUIRE(bench.send(b, on));
  }
  for (const char* context : {"one", "two"}) {
    CHECK(bench.body(c) == context);
    REQUIRE(bench.respond(c, Bench::response(context)));
  }
  for (const char* context : {"one", "two"}) CHECK(bench.receive(b)->context == context);
}
