#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/gateway/mqtt_bench.hpp"

using namespace celeriac::gateway;
using namespace celeriac::gateway::testing;
using namespace celeriac::protocol;
namespace asio = boost::asio;

namespace {

NodeMessage message(std::uint64_t id, const std::string& body) {
  NodeMessage made;
  made.id = id;
  made.source = "panel:shed:local";
  made.envelope.to = "echo:echo:acme";
  made.envelope.body = body;
  made.envelope.expects = 5000;
  return made;
}

struct Bench {
  asio::io_context io{1};
  Mosquitto broker;
  Bench() { broker.start(); }
};

void meet(asio::io_context& io, Node& a, Node& b) {
  run_until(io, [&] {
    return a.gateway->nodes()->online(b.options.node) && b.gateway->nodes()->online(a.options.node);
  });
}

}  // namespace

TEST_CASE("two nodes exchange messages through one broker, in order, and know from whom") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed"), house(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, house);
  for (std::uint64_t i = 1; i <= 100; ++i)
    REQUIRE_FALSE(shed.send("house.os", message(i, std::to_string(i))).failure);
  run_until(bench.io, [&] { return house.received.size() == 100; });
  for (std::uint64_t i = 1; i <= 100; ++i) {
    const auto& [from, got] = house.received[i - 1];
    CHECK(from == "shed");
    CHECK(got.id == i);
    CHECK(got.envelope.body == std::to_string(i));
    CHECK(got.envelope.to == "echo:echo:acme");
  }
  auto response = message(100, "back");
  response.type = ItemType::response;
  REQUIRE_FALSE(house.send("shed", response).failure);
  run_until(bench.io, [&] { return shed.received.size() == 1; });
  CHECK(shed.received[0].first == "house.os");
  CHECK(shed.received[0].second.type == ItemType::response);
}

TEST_CASE("a message with a blob near the limit passes, and one past it is refused") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed"), house(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, house);
  auto large = message(1, "");
  large.envelope.blob_bytes = std::string(max_node_message - 1000, 'x');
  REQUIRE_FALSE(shed.send("house.os", large).failure);
  run_until(bench.io, [&] { return house.received.size() == 1; });
  CHECK(house.received[0].second.envelope.blob_bytes == large.envelope.blob_bytes);
  large.envelope.blob_bytes = std::string(max_node_message, 'x');
  CHECK(shed.send("house.os", large).failure == Failure::too_large);
}

TEST_CASE("a node that is unknown, or gone, is offline at once") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed");
  auto house = std::make_unique<Node>(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, *house);
  CHECK(shed.send("nowhere", message(1, "x")).failure == Failure::offline);
  house->kill();  // its will says so
  run_until(bench.io, [&] { return !shed.gateway->nodes()->online("house.os"); });
  CHECK(shed.send("house.os", message(2, "x")).failure == Failure::offline);
  house->start();
  meet(bench.io, shed, *house);
  CHECK_FALSE(shed.send("house.os", message(3, "x")).failure);
  run_until(bench.io, [&] { return house->received.size() == 1; });
}

TEST_CASE("a node that leaves in order is offline at once, too") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed"), house(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, house);
  asio::co_spawn(bench.io, house.gateway->stop(), [](std::exception_ptr) {});
  run_until(bench.io, [&] { return !shed.gateway->nodes()->online("house.os"); });
}

TEST_CASE("without the broker every node is offline, and with it again they meet") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed"), house(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, house);
  bench.broker.stop(true);
  run_until(bench.io, [&] { return !shed.gateway->broker_there() && !house.gateway->broker_there(); });
  CHECK(shed.send("house.os", message(1, "x")).failure == Failure::offline);
  bench.broker.start();
  meet(bench.io, shed, house);
  CHECK_FALSE(shed.send("house.os", message(2, "x")).failure);
  run_until(bench.io, [&] { return house.received.size() == 1; });
}

TEST_CASE("a message that comes twice is handed in once, and rubbish not at all") {
  Bench bench;
  Node house(bench.io, bench.broker, "house.os");
  house.await_broker();
  Stranger stranger(bench.io, broker_options(bench.broker, "stranger"));
  run_until(bench.io, [&] { return house.gateway->nodes()->online("house.os"); });
  const auto say = [&](const std::string& payload) {
    REQUIRE(stranger.publish({.topic = "celeriac/nodes/house.os/shed", .payload = payload}));
  };
  say("rubbish");
  say(encode(message(7, "once")));
  say(encode(message(7, "once")));
  say(encode(message(8, "next")));
  run_until(bench.io, [&] { return house.received.size() == 2; });
  CHECK(house.received[0].second.id == 7);
  CHECK(house.received[1].second.id == 8);
}

TEST_CASE("only the kernel sends messages to other nodes") {
  Bench bench;
  Node shed(bench.io, bench.broker, "shed"), house(bench.io, bench.broker, "house.os");
  meet(bench.io, shed, house);
  const auto parcel = encode(NodeParcel{"house.os", encode(message(1, "x"))});
  CHECK(shed.send_raw("evil:garden:local", parcel).failure == Failure::denied);
  CHECK(shed.send_raw("kernel:distro:sys", "rubbish").failure == Failure::bad_message);
  CHECK(shed.send_raw("kernel:distro:sys", encode(NodeParcel{"a/b", "x"})).failure == Failure::bad_message);
}

TEST_CASE("over TLS, with a password and the documented rules, no node can speak for another") {
  asio::io_context io(1);
  Mosquitto broker(
      "allow_anonymous false\npassword_file DIR/passwords\nacl_file DIR/acl\n"
      "cafile DIR/cert.pem\ncertfile DIR/cert.pem\nkeyfile DIR/key.pem\n");
  const auto dir = broker.directory();
  REQUIRE(run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                       "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                       "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", dir / "key.pem", "-out",
                       dir / "cert.pem"}));
  for (const auto* user : {"shed", "house.os"})
    REQUIRE(run_program({"mosquitto_passwd", "-b", std::string(user) == "shed" ? "-c" : "-b",
                         dir / "passwords", user, std::string("secret-of-") + user}));
  std::ofstream(dir / "acl") << "pattern write celeriac/nodes/+/%u\npattern read celeriac/nodes/%u/+\n"
                                "pattern write celeriac/presence/%u\npattern read celeriac/presence/+\n"
                                "pattern readwrite garden/#\n";
  broker.start();
  const auto secured = [&](BrokerOptions options, const std::string& user) {
    options.secure = true;
    options.ca_file = dir / "cert.pem";
    options.user = user;
    options.password = "secret-of-" + user;
    return options;
  };
  auto options = quick_options(broker, "shed");
  options.broker = secured(*options.broker, "shed");
  Node shed(io, options);
  options = quick_options(broker, "house.os");
  options.broker = secured(*options.broker, "house.os");
  Node house(io, options);
  meet(io, shed, house);
  REQUIRE_FALSE(shed.send("house.os", message(1, "true")).failure);
  run_until(io, [&] { return house.received.size() == 1; });

  // With the shed's password a client cannot say that it is somebody else.
  Stranger stranger(io, secured(broker_options(broker, "stranger"), "shed"));
  CHECK(stranger.publish({.topic = "celeriac/nodes/house.os/cellar", .payload = encode(message(2, "forged"))})
            .error()
            .status == Status::denied);
  CHECK(stranger.publish({.topic = "celeriac/presence/cellar", .payload = "online", .retain = true})
            .error()
            .status == Status::denied);
  REQUIRE(stranger.publish({.topic = "garden/soil", .payload = "wet"}));

  // And over TLS a broker that dies comes back as well.
  broker.stop(true);
  run_until(io, [&] { return !shed.gateway->broker_there() && !house.gateway->broker_there(); });
  broker.start();
  meet(io, shed, house);
  REQUIRE_FALSE(shed.send("house.os", message(3, "again")).failure);
  run_until(io, [&] { return house.received.size() == 2; });
}
