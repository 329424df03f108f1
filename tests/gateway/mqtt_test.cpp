#include <catch2/catch_test_macros.hpp>

#include "tests/gateway/mqtt_bench.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;
using celeriac::protocol::Failure;
using celeriac::protocol::Pairs;
using celeriac::protocol::Status;
namespace asio = boost::asio;

namespace {

struct Bench {
  asio::io_context io{1};
  Mosquitto broker;
  Bench() { broker.start(); }
};

/// A handler that remembers, and deals with all.
FakeVm::Answer collecting(std::vector<std::string>& into) {
  return [&into](const Item& item, const std::string&) {
    into.push_back(item.body);
    return dealt_with(1, 0);
  };
}

}  // namespace

TEST_CASE("what a process publishes reaches the broker's other clients, with its type and pairs") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  REQUIRE(stranger.subscribe("garden/#"));
  node.await_broker();
  CHECK_FALSE(node.publish("mqtt:garden/soil", "wet").failure);
  CHECK_FALSE(node.publish("garden/air", "dry").failure);
  run_until(bench.io, [&] { return stranger.received.size() == 2; });
  CHECK(stranger.received[0].topic == "garden/soil");
  CHECK(stranger.received[0].payload == "wet");
  CHECK(stranger.received[0].content_type == "text/plain");
  CHECK(stranger.received[0].pairs == Pairs{{"bed", "4"}});
  CHECK(stranger.received[1].topic == "garden/air");
}

TEST_CASE("topics that are not a guest's to use are refused") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  node.await_broker();
  for (const auto* bad :
       {"", "a/+", "#", "$SYS/x", "celeriac/nodes/other/shed", "mqtt:celeriac/presence/x"}) {
    CHECK(node.publish(bad, "x").failure == Failure::bad_message);
  }
  CHECK(node.subscribe("garden/+", collecting(*std::make_unique<std::vector<std::string>>())).failure ==
        Failure::bad_message);
}

TEST_CASE("what arrives goes to the topic's subscribers, in order, and is settled") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  node.await_broker();
  std::vector<std::string> got;
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  for (int i = 0; i < 100; ++i)  // more than may be unsettled at once
    REQUIRE(
        stranger.publish({.topic = "garden/soil", .payload = std::to_string(i), .pairs = Pairs{{"k", "v"}}}));
  run_until(bench.io, [&] { return got.size() == 100; });
  for (int i = 0; i < 100; ++i) CHECK(got[static_cast<std::size_t>(i)] == std::to_string(i));
  const auto& item = node.vm.heard.back().item;
  CHECK(item.topic == "mqtt:garden/soil");
  CHECK(item.pairs == Pairs{{"k", "v"}});
}

TEST_CASE(
    "a message that its handler does not deal with is given again, and then lies with the dead letters") {
  Bench bench;
  auto options = quick_options(bench.broker, "shed");
  options.dead_letters = "garden/dead";
  Node node(bench.io, options);
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  REQUIRE(stranger.subscribe("garden/dead"));
  node.await_broker();
  std::vector<std::string> got;
  REQUIRE_FALSE(node.subscribe("garden/soil",
                               [&](const Item& item, const std::string&) {
                                 got.push_back(item.body);
                                 return item.body == "good" || got.size() == 2 ? dealt_with(2, 0)
                                                                               : dealt_with(2, 1);
                               })
                    .failure);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "second try"}));
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "never"}));
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "good"}));
  run_until(bench.io, [&] { return got.size() == 6 && stranger.received.size() == 1; });
  CHECK(got == std::vector<std::string>{"second try", "second try", "never", "never", "never", "good"});
  CHECK(stranger.received[0].payload == "never");
  CHECK(stranger.received[0].pairs == Pairs{{"celeriac-topic", "garden/soil"}});
}

TEST_CASE("a message is not lost with a gateway that dies before its handler is done") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  node.await_broker();
  std::size_t begun = 0;
  REQUIRE_FALSE(node.subscribe("garden/soil",
                               [&](const Item&, const std::string&) {
                                 ++begun;
                                 return std::optional<Outgoing>();
                               })
                    .failure);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "precious"}));
  run_until(bench.io, [&] { return begun == 1; });
  node.kill();
  node.start();
  node.await_broker();
  std::vector<std::string> got;
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  run_until(bench.io, [&] { return got.size() == 1; });
  CHECK(got[0] == "precious");
  // Settled, it does not come a third time: the next message of the topic is given only when it is.
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "next"}));
  run_until(bench.io, [&] { return got.size() == 2; });
  node.kill();
  node.start();
  node.await_broker();
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "after"}));
  run_until(bench.io, [&] { return std::ranges::contains(got, "after"); });
  CHECK(std::ranges::count(got, "precious") == 1);
}

TEST_CASE("what comes while the VM is away waits for it") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  node.await_broker();
  std::vector<std::string> got;
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  node.vm.stop_listening();
  node.vm.drop();
  run_until(bench.io, [&] { return !node.gateway->vm_there(); });
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "patient"}));
  node.vm.listen();
  run_until(bench.io, [&] { return got.size() == 1; });
  CHECK(got[0] == "patient");
}

TEST_CASE("a broker that dies and comes back finds us again, subscriptions and all") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  node.await_broker();
  std::vector<std::string> got;
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  bench.broker.stop(true);
  run_until(bench.io, [&] { return !node.gateway->broker_there(); });
  CHECK(node.publish("garden/soil", "into the void").failure == Failure::offline);
  CHECK(node.subscribe("garden/air", collecting(got)).failure == Failure::offline);
  bench.broker.start();
  node.await_broker();
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  const auto subscribed = [&](const std::string& topic) {
    // The subscription is made soon after the connection; what is published before is nobody's.
    run_until(bench.io, [&] {
      REQUIRE(stranger.publish({.topic = topic, .payload = topic}));
      return std::ranges::contains(got, topic);
    });
  };
  subscribed("garden/soil");
  subscribed("garden/air");
}

TEST_CASE("anybody may ask whether there is a connection to the broker") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  node.await_broker();
  CHECK_FALSE(node.broker_status().failure);
  bench.broker.stop(true);
  run_until(bench.io, [&] { return !node.gateway->broker_there(); });
  CHECK(node.broker_status().failure == Failure::offline);
}

TEST_CASE("a message that is with its handler when the connection breaks is not handled twice") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  auto stranger = std::make_unique<Stranger>(bench.io, broker_options(bench.broker, "stranger"));
  node.await_broker();
  std::vector<std::string> got;
  // The handler takes its time: it has answered only when the broker is back.
  REQUIRE_FALSE(node.subscribe("garden/soil",
                               [&](const Item& item, const std::string&) {
                                 got.push_back(item.body);
                                 return item.body == "slow" && got.size() == 1 ? std::nullopt
                                                                               : dealt_with(1, 0);
                               })
                    .failure);
  REQUIRE(stranger->publish({.topic = "garden/soil", .payload = "slow"}));
  run_until(bench.io, [&] { return got.size() == 1; });
  stranger.reset();
  bench.broker.stop(false);
  run_until(bench.io, [&] { return !node.gateway->broker_there(); });
  bench.broker.start();
  node.await_broker();
  // The first attempt runs into its deadline, and the second succeeds; the broker's repetition adds nothing.
  run_until(bench.io, [&] { return got.size() == 2; });
  Stranger again(bench.io, broker_options(bench.broker, "stranger"));
  REQUIRE(again.publish({.topic = "garden/soil", .payload = "next"}));
  run_until(bench.io, [&] { return got.size() == 3; });
  CHECK(got[2] == "next");
}

TEST_CASE("a topic to which nobody subscribes any more is let go") {
  Bench bench;
  Node node(bench.io, bench.broker, "shed");
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  node.await_broker();
  std::size_t asked = 0;
  REQUIRE_FALSE(node.subscribe("garden/soil",
                               [&](const Item&, const std::string&) {
                                 ++asked;
                                 return dealt_with(0, 0);
                               })
                    .failure);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "x"}));
  run_until(bench.io, [&] { return asked == 1; });
  // After a restart the session still has a subscription that the kernel does not make again.
  REQUIRE_FALSE(node.subscribe("garden/soil",
                               [&](const Item&, const std::string&) {
                                 ++asked;
                                 return dealt_with(1, 0);
                               })
                    .failure);
  node.kill();
  node.start();
  node.await_broker();
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "y"}));
  std::vector<std::string> got;
  asio::steady_timer unclaimed(bench.io, std::chrono::milliseconds(600));
  bool over = false;
  unclaimed.async_wait([&](const auto&) { over = true; });
  run_until(bench.io, [&] { return over; });
  REQUIRE_FALSE(node.subscribe("garden/soil", collecting(got)).failure);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "z"}));
  run_until(bench.io, [&] { return got.size() == 1; });
  CHECK(got[0] == "z");
  CHECK(asked == 1);
}

TEST_CASE("an address of a broker is checked, and plain text stays on this machine") {
  CHECK(parse_broker_url("mqtts://broker.example", false)->port == 8883);
  CHECK(parse_broker_url("mqtt://127.0.0.1:1884/", false)->port == 1884);
  CHECK(parse_broker_url("mqtt://broker.example", false).error().status == Status::denied);
  CHECK(parse_broker_url("mqtt://broker.example", true)->port == 1883);
  for (const auto* bad :
       {"", "http://x", "mqtt://", "mqtt://a b", "mqtt://u:p@h", "mqtt://h:0", "mqtt://h:x", "mqtt://h:1,i"})
    CHECK_FALSE(parse_broker_url(bad, true));
}
