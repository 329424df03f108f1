#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

namespace {

std::string current(const KernelProcess& process) {
  return process.current_blob ? process.current_blob->blob->bytes : "none";
}

}  // namespace

TEST_CASE("53, 54: the present blob is that of the last message, and none after one without") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  REQUIRE(bench.send(a, Bench::to(b, "1"), Bench::blob("B")));
  REQUIRE(bench.send(a, Bench::to(b, "2")));
  bench.receive(b);
  CHECK(current(b) == "B");
  CHECK(current(b) == "B");
  bench.receive(b);
  CHECK(current(b) == "none");
  CHECK(b.last_blob->blob->bytes == "B");
}

TEST_CASE(
    "55, 57: a request that inherits passes the present blob on; one of its own wins; after none there is "
    "none") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  REQUIRE(bench.send(a, Bench::to(b, "1"), Bench::blob("B")));
  bench.receive(b);
  auto on = Bench::to(c, "on");
  on.inherit = true;
  REQUIRE(bench.send(b, on));
  bench.receive(c);
  CHECK(current(c) == "B");
  REQUIRE(bench.send(b, on, Bench::blob("own")));
  bench.receive(c);
  CHECK(current(c) == "own");
  REQUIRE(bench.send(a, Bench::to(b, "2")));
  bench.receive(b);
  REQUIRE(bench.send(b, on));
  bench.receive(c);
  CHECK(current(c) == "none");
}

TEST_CASE("56: a response that inherits passes the present blob on; one of its own wins") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  for (const bool own : {false, true}) {
    REQUIRE(bench.send(a, Bench::to(b, "hi", 1000), Bench::blob("B")));
    bench.receive(b);
    auto answer = Bench::response("ok");
    answer.inherit = true;
    REQUIRE(bench.respond(b, answer, own ? std::optional(Bench::blob("own")) : std::nullopt));
    bench.receive(a);
    CHECK(current(a) == (own ? "own" : "B"));
  }
}

TEST_CASE("59, 60: after an awaited response its blob is the present one; after an error there is none") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b");
  bench.kernel.await(a, Bench::to(b, "hi", 1000), {.blob = Bench::blob("mine")}, [](const auto&) {});
  bench.receive(b);
  REQUIRE(bench.respond(b, Bench::response("ok"), Bench::blob("theirs")));
  CHECK(current(a) == "theirs");
  REQUIRE(bench.send(a, Bench::to(b, "hi", 0), Bench::blob("lost")));
  bench.pass(std::chrono::milliseconds(1));
  const auto error = bench.receive(a);
  REQUIRE(error);
  CHECK(error->blob->size == 4);
  CHECK(current(a) == "none");
}

TEST_CASE("61: a blob that goes through ten processes is one buffer") {
  Bench bench;
  std::vector<KernelProcess*> chain;
  for (int i = 0; i <= 10; ++i) chain.push_back(&bench.open_guest("p" + std::to_string(i)));
  const auto blob = Bench::blob(std::string(std::size_t{100} << 20, 'x'));
  REQUIRE(bench.send(*chain[0], Bench::to(*chain[1], "go"), blob));
  for (std::size_t i = 1; i < 10; ++i) {
    bench.receive(*chain[i]);
    auto on = Bench::to(*chain[i + 1], "on");
    on.inherit = true;
    REQUIRE(bench.send(*chain[i], on));
  }
  bench.receive(*chain[10]);
  CHECK(chain[10]->current_blob->blob.get() == blob.blob.get());
}
