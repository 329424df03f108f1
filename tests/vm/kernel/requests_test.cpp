#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::Item;
using celeriac::protocol::ItemType;
using celeriac::protocol::Outgoing;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
using namespace std::chrono_literals;

TEST_CASE("23: a request that is answered in time comes back with exactly its context") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  auto request = Bench::to(b, "hi", 5000);
  request.context = std::string("\0ctx", 4);
  REQUIRE(bench.send(a, request));
  const auto got = bench.receive(b);
  REQUIRE(got);
  CHECK(got->type == ItemType::request);
  CHECK(got->body == "hi");
  CHECK(got->source == "n.os@a:pkg:pub");
  CHECK(got->expects == 5000);
  CHECK_FALSE(got->context);
  REQUIRE(bench.respond(b, Bench::response("ok")));
  const auto answer = bench.receive(a);
  REQUIRE(answer);
  CHECK(answer->type == ItemType::response);
  CHECK(answer->body == "ok");
  CHECK(answer->context == std::string("\0ctx", 4));
  CHECK(answer->source == "n.os@b:pkg:pub");
}

TEST_CASE("24: two outstanding requests answered in reverse order keep their contexts") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  auto first = Bench::to(b, "1", 5000), second = Bench::to(c, "2", 5000);
  first.context = "one";
  second.context = "two";
  REQUIRE(bench.send(a, first));
  REQUIRE(bench.send(a, second));
  CHECK(bench.body(c) == "2");
  REQUIRE(bench.respond(c, Bench::response("c")));
  CHECK(bench.body(b) == "1");
  REQUIRE(bench.respond(b, Bench::response("b")));
  CHECK(bench.receive(a)->context == "two");
  CHECK(bench.receive(a)->context == "one");
}

TEST_CASE("25: the context of a request that expects nothing is never seen again") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  auto request = Bench::to(b, "hi");
  request.context = "lost";
  REQUIRE(bench.send(a, request));
  CHECK_FALSE(bench.receive(b)->context);
  REQUIRE(bench.respond(b, Bench::response("nobody asked")));
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("27: a response without a prompting message is dropped, and said") {
  Bench bench;
  auto& a = bench.open_guest("a");
  REQUIRE(bench.respond(a, Bench::response("to whom?")));
  REQUIRE(bench.world.lines.size() == 1);
  CHECK(bench.world.lines[0].contains("no request that it could answer"));
}

TEST_CASE("28, 29: a second response and one that nobody asked for are not delivered") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 5000)));
  bench.receive(b);
  REQUIRE(bench.respond(b, Bench::response("1")));
  REQUIRE(bench.respond(b, Bench::response("2")));
  CHECK(bench.body(a) == "1");
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("30: a request that is never answered comes back as a timeout, with request, blob and context") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  auto request = Bench::to(b, "hi", 2000);
  request.context = "ctx";
  REQUIRE(bench.send(a, request, Bench::blob("BB")));
  bench.pass(1999ms);
  CHECK_FALSE(bench.receive(a));
  bench.pass(1ms);
  const auto error = bench.receive(a);
  REQUIRE(error);
  CHECK(error->type == ItemType::error);
  CHECK(error->failure == Failure::timeout);
  CHECK(error->body == "hi");
  CHECK(error->context == "ctx");
  CHECK(error->target == "n.os@b:pkg:pub");
  REQUIRE(error->blob);
  CHECK(error->blob->size == 2);
  CHECK(error->blob->mime == "m/t");
}

TEST_CASE("31: a response after the timeout is discarded") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 1000)));
  bench.receive(b);
  bench.pass(1s);
  REQUIRE(bench.respond(b, Bench::response("late")));
  CHECK(bench.receive(a)->type == ItemType::error);
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("32: exactly one of response and error, however close they are") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(bench.send(a, Bench::to(b, "hi", 10)));
    bench.receive(b);
    const bool late = i % 3 == 0, before = i % 2 == 0;
    if (before) REQUIRE(bench.respond(b, Bench::response("ok")));
    bench.pass(late ? 11ms : 10ms);
    if (!before) REQUIRE(bench.respond(b, Bench::response("ok")));
    const auto item = bench.receive(a);
    REQUIRE(item);
    CHECK((item->type == ItemType::response) == before);
    REQUIRE_FALSE(bench.receive(a));
  }
}

TEST_CASE("33, 34: a request to nobody fails at once if it expects something, and is nothing otherwise") {
  Bench bench;
  auto& a = bench.open_guest("a");
  Outgoing request;
  request.to = "our@nobody:pkg:pub";
  request.expects = 5000;
  CHECK(bench.send(a, request));
  const auto error = bench.receive(a);
  REQUIRE(error);
  CHECK(error->failure == Failure::no_target);
  request.expects.reset();
  const auto refused = bench.send(a, request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::not_found);
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("35, 36: without the capability the target never sees it; a public one sees everything") {
  Bench bench;
  auto &a = bench.guest("a"), &b = bench.guest("b"), &open = bench.open_guest("open");
  CHECK(bench.send(a, Bench::to(b, "hi", 5000)));
  CHECK(bench.receive(a)->failure == Failure::denied);
  const auto refused = bench.send(a, Bench::to(b, "hi"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::denied);
  CHECK_FALSE(bench.receive(b));
  REQUIRE(bench.send(a, Bench::to(open, "hi")));
  CHECK(bench.body(open) == "hi");
  bench.may_message(a, b);
  REQUIRE(bench.send(a, Bench::to(b, "now")));
  CHECK(bench.body(b) == "now");
}

TEST_CASE("37: a node that cannot be reached is offline; without the network capability nothing leaves") {
  Bench bench;
  auto& a = bench.open_guest("a");
  Outgoing request;
  request.to = "other.os@b:pkg:pub";
  request.expects = 5000;
  CHECK(bench.send(a, request));
  CHECK(bench.receive(a)->failure == Failure::denied);
  CHECK(bench.world.forwarded.empty());
  bench.kernel.grant(a, {"n.os@kernel:distro:sys", "\"network\""});
  CHECK(bench.send(a, request));
  CHECK(bench.receive(a)->failure == Failure::offline);
  CHECK(bench.world.forwarded.size() == 1);
}

TEST_CASE("44: metadata goes unchanged: none stays none, an empty text stays one") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  for (const auto& metadata : {std::optional<std::string>(), std::optional<std::string>(""),
                               std::optional<std::string>("{\"k\":1}")}) {
    auto request = Bench::to(b, "hi");
    request.metadata = metadata;
    REQUIRE(bench.send(a, request));
    CHECK(bench.receive(b)->metadata == metadata);
  }
}

TEST_CASE("46: between one sender and one receiver 10,000 messages keep their order") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  int next = 0;
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(bench.send(a, Bench::to(b, std::to_string(i))));
    if (i % 500 != 499) continue;
    while (const auto item = bench.receive(b)) REQUIRE(item->body == std::to_string(next++));
  }
  CHECK(next == 10'000);
}

TEST_CASE(
    "47, 49, 51: what comes while a process awaits is received later, in order; the outcome only once") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  std::optional<Result<Item>> outcome;
  bench.kernel.await(a, Bench::to(b, "hi", 1000), {}, [&](Result<Item> item) { outcome = std::move(item); });
  REQUIRE(bench.send(b, Bench::to(a, "1")));
  REQUIRE(bench.send(b, Bench::to(a, "2")));
  bench.receive(b);
  CHECK_FALSE(outcome);
  SECTION("answered") {
    REQUIRE(bench.respond(b, Bench::response("ok")));
    REQUIRE(outcome);
    CHECK((*outcome)->type == ItemType::response);
    CHECK((*outcome)->body == "ok");
    CHECK_FALSE((*outcome)->context);
  }
  SECTION("not answered") {
    bench.pass(1s);
    REQUIRE(outcome);
    CHECK((*outcome)->failure == Failure::timeout);
  }
  CHECK(bench.body(a) == "1");
  CHECK(bench.body(a) == "2");
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("50: a process that would wait for itself, or for ever, is refused") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  std::optional<Result<Item>> outcome;
  const auto note = [&](Result<Item> item) { outcome = std::move(item); };
  bench.kernel.await(a, Bench::to(a, "me", 1000), {}, note);
  REQUIRE(outcome);
  CHECK_FALSE(*outcome);
  outcome.reset();
  bench.kernel.await(a, Bench::to(b, "for ever"), {}, note);
  REQUIRE(outcome);
  CHECK_FALSE(*outcome);
}

TEST_CASE("110: a call that closes a circle of waiting processes fails at once") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  std::optional<Result<Item>> last;
  const auto ignore = [](const Result<Item>&) {};
  bench.kernel.await(a, Bench::to(b, "1", 60'000), {}, ignore);
  bench.kernel.await(b, Bench::to(c, "2", 60'000), {}, ignore);
  bench.kernel.await(c, Bench::to(a, "3", 60'000), {}, [&](Result<Item> item) { last = std::move(item); });
  REQUIRE(last);
  REQUIRE(*last);
  CHECK((*last)->failure == Failure::deadlock);
}

TEST_CASE("52: what is sent between initialise and run comes after the start, in order") {
  Bench bench;
  auto& a = bench.open_guest("a");
  auto made = bench.kernel.initialise({.name = {"late", "pkg", "pub"}, .is_public = true});
  REQUIRE(made);
  for (const char* body : {"1", "2", "3"}) REQUIRE(bench.send(a, Bench::to(**made, body)));
  bench.kernel.run((*made)->id, [](const Result<void>&) {});
  for (const char* body : {"1", "2", "3"}) CHECK(bench.body(**made) == body);
}

TEST_CASE(
    "93: beyond its limit of outstanding requests the oldest comes back as a timeout, with its context") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  for (std::size_t i = 0; i <= max_outstanding; ++i) {
    auto request = Bench::to(b, "hi", 60'000);
    request.context = std::to_string(i);
    REQUIRE(bench.send(a, request));
    bench.receive(b);
  }
  const auto error = bench.receive(a);
  REQUIRE(error);
  CHECK(error->failure == Failure::timeout);
  CHECK(error->context == "0");
  CHECK_FALSE(bench.receive(a));
}

TEST_CASE("94: a full mailbox fails its next request at once, and nobody else's") {
  Bench bench;
  auto &a = bench.open_guest("a"), &slow = bench.open_guest("slow"), &other = bench.open_guest("other");
  for (std::size_t i = 0; i < max_mailbox; ++i) REQUIRE(bench.send(a, Bench::to(slow, "hi")));
  CHECK(bench.send(a, Bench::to(slow, "one more")).error().status == Status::overloaded);
  CHECK(bench.send(a, Bench::to(slow, "one more", 5000)));
  CHECK(bench.receive(a)->failure == Failure::full);
  REQUIRE(bench.send(a, Bench::to(other, "fine")));
  CHECK(bench.body(other) == "fine");
}

TEST_CASE("91: in strict mode a response, too, needs the capability of messaging") {
  Bench bench({.node = "n.os", .strict_responses = true});
  auto &a = bench.guest("a"), &b = bench.open_guest("b");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 1000)));
  bench.receive(b);
  REQUIRE(bench.respond(b, Bench::response("no")));
  CHECK_FALSE(bench.receive(a));
  bench.may_message(b, a);
  REQUIRE(bench.respond(b, Bench::response("yes")));
  CHECK(bench.body(a) == "yes");
}

TEST_CASE("a response to another node that fails lets the process respond again") {
  Bench bench;
  auto& a = bench.guest("a");
  bench.kernel.grant(a, {"n.os@kernel:distro:sys", "\"network\""});
  auto message = std::make_shared<Message>();
  message->id = 77;
  message->source = {no_process, {"far.os", {"b", "pkg", "pub"}}};
  message->target.address = bench.kernel.address_of(a.spec.name);
  message->expects = 5000;
  REQUIRE(bench.kernel.arrive_from_elsewhere(message));
  REQUIRE(bench.receive(a));
  REQUIRE(bench.respond(a, Bench::response("lost")));
  const auto error = bench.receive(a);
  REQUIRE(error);
  CHECK(error->of_response);
  CHECK(error->failure == Failure::offline);
  bench.world.online = true;
  REQUIRE(bench.respond(a, Bench::response("again")));
  REQUIRE(bench.world.forwarded.size() == 2);
  CHECK(bench.world.forwarded[1]->id == 77);
  CHECK(bench.world.forwarded[1]->content.body == "again");
}
