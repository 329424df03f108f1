#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::ItemType;
using celeriac::protocol::Outgoing;
using nlohmann::json;

namespace {

KernelProcess& subscriber(Bench& bench, const std::string& name, const std::string& topic) {
  auto& process = bench.guest(name);
  bench.kernel.grant(process,
                     {"n.os@topic:distro:sys", json{{"topic", topic}, {"kind", "subscribe"}}.dump()});
  REQUIRE(bench.kernel.subscribe(process, topic));
  return process;
}

KernelProcess& publisher(Bench& bench, const std::string& topic) {
  auto& process = bench.guest("publisher");
  bench.kernel.grant(process, {"n.os@topic:distro:sys", json{{"topic", topic}, {"kind", "publish"}}.dump()});
  return process;
}

Outgoing on(const std::string& topic, std::optional<std::int64_t> expects = {}) {
  Outgoing out;
  out.to = "/topic/" + topic;
  out.body = "wet";
  out.expects = expects;
  return out;
}

}  // namespace

TEST_CASE(
    "112, 113, 129: a publication reaches every subscriber of exactly this topic once, as a one-way "
    "request") {
  Bench bench;
  auto &a = subscriber(bench, "a", "soil"), &b = subscriber(bench, "b", "soil"),
       &c = subscriber(bench, "c", "Soil");
  REQUIRE(bench.kernel.subscribe(a, "soil"));  // twice is once
  auto& from = publisher(bench, "soil");
  REQUIRE(bench.send(from, on("soil"), Bench::blob("B")));
  for (auto* process : {&a, &b}) {
    const auto got = bench.receive(*process);
    REQUIRE(got);
    CHECK(got->type == ItemType::request);
    CHECK(got->source == bench.kernel.address_of(celeriac::vm::system_name("topic")).text());
    CHECK(got->topic == "soil");
    CHECK(got->body == "wet");
    CHECK(got->request == 0);
    CHECK_FALSE(bench.receive(*process));
  }
  CHECK_FALSE(bench.receive(c));
}

TEST_CASE(
    "a topic without subscribers takes what is published, and without the capability nobody publishes") {
  Bench bench;
  auto& from = publisher(bench, "soil");
  CHECK(bench.send(from, on("soil")));
  CHECK(bench.send(from, on("other")).error().status == celeriac::protocol::Status::denied);
}

TEST_CASE("a publication that wants to know is answered when every subscriber has dealt with it") {
  Bench bench;
  auto &a = subscriber(bench, "a", "soil"), &b = subscriber(bench, "b", "soil");
  auto& from = publisher(bench, "soil");
  REQUIRE(bench.send(from, on("soil", 5000)));
  bench.receive(a);
  bench.receive(b);
  REQUIRE(bench.respond(a, Bench::response("")));
  CHECK_FALSE(bench.receive(from));
  const bool fails = GENERATE(false, true);
  auto answer = Bench::response("");
  if (fails) answer.error = "no water";
  REQUIRE(bench.respond(b, answer));
  const auto told = bench.receive(from);
  REQUIRE(told);
  CHECK(told->error.has_value() == fails);
  CHECK(json::parse(told->body).begin().key() == (fails ? "Err" : "Ok"));
}

TEST_CASE("a subscriber that ends fails the publication that it had") {
  Bench bench;
  auto& a = subscriber(bench, "a", "soil");
  auto& from = publisher(bench, "soil");
  auto out = on("soil", 5000);
  out.format = celeriac::protocol::Format::wasi;
  REQUIRE(bench.send(from, out));
  bench.receive(a);
  bench.kernel.ended(a.id, "trap", "unreachable");
  const auto told = bench.receive(from);
  REQUIRE(told);
  CHECK(told->error);
}

TEST_CASE("122: a request to a topic gets as many replies as it wants, and no more") {
  Bench bench;
  auto &a = subscriber(bench, "a", "soil"), &b = subscriber(bench, "b", "soil"),
       &c = subscriber(bench, "c", "soil");
  auto& from = publisher(bench, "soil");
  auto out = on("soil", 1000);
  out.replies = 2;
  std::vector<celeriac::protocol::Item> replies;
  const auto note = [&](celeriac::protocol::Result<celeriac::protocol::Item> item) {
    REQUIRE(item);
    replies.push_back(std::move(*item));
  };
  bench.kernel.await(from, out, {}, note);
  for (auto* process : {&a, &b, &c}) {
    bench.receive(*process);
    REQUIRE(bench.respond(*process, Bench::response(process->spec.name.process)));
  }
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].body == "a");
  REQUIRE(replies[0].request != 0);
  bench.kernel.await_more(from, replies[0].request, note);
  REQUIRE(replies.size() == 2);
  CHECK(replies[1].body == "b");
  CHECK(replies[1].request == 0);
  CHECK_FALSE(bench.receive(from));
}

TEST_CASE("the first subscriber of a topic and the end of the last are told") {
  Bench bench;
  auto &a = subscriber(bench, "a", "mqtt:soil"), &b = subscriber(bench, "b", "mqtt:soil");
  bench.kernel.unsubscribe(a, "mqtt:soil");
  CHECK(bench.world.topics.size() == 1);
  bench.kernel.ended(b.id, "returned", "");
  REQUIRE(bench.world.topics.size() == 2);
  CHECK(bench.world.topics[1] == std::pair<std::string, bool>("mqtt:soil", false));
}
