#include "tests/gateway/mqtt_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include "gateway/spawn.hpp"

namespace celeriac::gateway::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using protocol::Result;

BrokerOptions broker_options(const Mosquitto& broker, const std::string& client_id) {
  return {.host = "127.0.0.1",
          .port = broker.port(),
          .secure = false,
          .user = {},
          .password = {},
          .client_id = client_id};
}

GatewayOptions quick_options(const Mosquitto& broker, const std::string& node) {
  GatewayOptions options;
  options.node = node;
  options.broker = broker_options(broker, "celeriac-" + node);
  options.topic_times = {.settlement = 5s, .again = {10ms, 20ms}, .vm_pause = 50ms, .unclaimed = 300ms};
  options.node_times = {.presence = 500ms, .vm_pause = 50ms};
  return options;
}

Node::Node(asio::io_context& loop, const Mosquitto& broker, const std::string& name)
    : Node(loop, quick_options(broker, name)) {}

Node::Node(asio::io_context& loop, GatewayOptions with) : io(loop), options(std::move(with)) {
  options.vm = directory.path / "vm.sock";
  vm.play("kernel:distro:sys", [this](const Item& item, const std::string&) {
    const auto parcel = protocol::decode_node_parcel(item.body);
    REQUIRE(parcel);
    received.emplace_back(parcel->node, protocol::decode_node_message(parcel->message).value());
    Outgoing answer;
    answer.body = protocol::encode(NodeOutcome{});
    return std::optional(answer);
  });
  start();
}

Node::~Node() {
  gateway.reset();
  io.restart();
  io.poll();
}

void Node::start() {
  gateway.reset();
  run_until(io, [&] { return !vm.open("net:distro:sys"); });
  auto started = Gateway::start(io, options);
  REQUIRE(started);
  gateway = std::move(*started);
  run_until(io, [&] { return gateway->vm_there(); });
}

void Node::await_broker() {
  run_until(io, [&] { return gateway->broker_there(); });
}

NodeOutcome Node::subscribe(const std::string& topic, FakeVm::Answer answer) {
  vm.play("topic:kernel:" + std::to_string(std::hash<std::string>()(topic)), std::move(answer),
          "/topic/mqtt:" + topic);
  Outgoing message;
  message.to = "/exchange/mqtt";
  message.body = Json{{"Subscribe", {{"topic", topic}}}}.dump();
  return protocol::decode_node_outcome(vm.ask("kernel:distro:sys", message).first.body).value();
}

NodeOutcome Node::publish(const std::string& topic, const std::string& payload) {
  Outgoing message;
  message.to = "/exchange/mqtt";
  message.topic = topic;
  message.format = protocol::Format::wasi;
  message.body = payload;
  message.content_type = "text/plain";
  message.pairs = protocol::Pairs{{"bed", "4"}};
  message.expects = 15'000;
  return protocol::decode_node_outcome(vm.ask("logger:garden:local", message).first.body).value();
}

NodeOutcome Node::broker_status() {
  Outgoing message;
  message.to = "mqtt:distro:sys";
  message.body = R"("Status")";
  message.expects = 15'000;
  return protocol::decode_node_outcome(vm.ask("logger:garden:local", message).first.body).value();
}

NodeOutcome Node::send_raw(const std::string& from, const std::string& body) {
  Outgoing message;
  message.to = "net:distro:sys";
  message.body = body;
  message.expects = 15'000;
  return protocol::decode_node_outcome(vm.ask(from, message).first.body).value();
}

NodeOutcome Node::send(const std::string& to, const NodeMessage& message) {
  return send_raw("kernel:distro:sys", protocol::encode(protocol::NodeParcel{to, protocol::encode(message)}));
}

Stranger::Stranger(asio::io_context& loop, BrokerOptions options) : io(loop) {
  auto made = MqttConnection::make(io, std::move(options), {.topic = "stranger/gone", .payload = "x"},
                                   {.there = {}, .away = {}, .arrived = [this](MqttMessage message) {
                                      connection->settle(message.settlement);
                                      received.push_back(std::move(message));
                                    }});
  REQUIRE(made);
  connection = std::move(*made);
  connection->start();
}

Stranger::~Stranger() {
  connection->cut();
  io.restart();
  io.poll();
}

namespace {

Result<void> finished(asio::io_context& io, asio::awaitable<Result<void>> work) {
  std::optional<Result<void>> result;
  spawn(io, "a test",
        [](asio::awaitable<Result<void>> todo, std::optional<Result<void>>& to) -> asio::awaitable<void> {
          to = co_await std::move(todo);
        }(std::move(work), result));
  run_until(io, [&] { return result.has_value(); });
  return std::move(*result);
}

}  // namespace

Result<void> Stranger::publish(MqttMessage message) {
  run_until(io, [&] { return connection->there(); });
  return finished(io, connection->publish(std::move(message)));
}

Result<void> Stranger::subscribe(const std::string& filter) {
  run_until(io, [&] { return connection->there(); });
  return finished(io, connection->subscribe(filter));
}

std::optional<Outgoing> dealt_with(int subscribers, int failed) {
  Outgoing answer;
  answer.body = Json{{"subscribers", subscribers}, {"failed", failed}, {"errors", Json::array()}}.dump();
  return answer;
}

}  // namespace celeriac::gateway::testing
