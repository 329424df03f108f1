#pragma once
// A node with a played VM: its gateway, its kernel's side of mqtt and net, and another client of the broker.

#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway.hpp"
#include "protocol/document.hpp"
#include "tests/gateway/fake_vm.hpp"
#include "tests/gateway/mosquitto.hpp"

namespace celeriac::gateway::testing {

using protocol::Json;
using protocol::NodeMessage;
using protocol::NodeOutcome;

/// Deliveries that do not make a test wait.
GatewayOptions quick_options(const Mosquitto& broker, const std::string& node);

struct Node {
  Node(boost::asio::io_context& loop, const Mosquitto& broker, const std::string& name);
  Node(boost::asio::io_context& loop, GatewayOptions with);
  ~Node();
  void start();
  /// As if it were killed: no farewell.
  void kill() { gateway.reset(); }
  void await_broker();

  /// The kernel subscribes; `answer` is what comes of a publication.
  NodeOutcome subscribe(const std::string& topic, FakeVm::Answer answer);
  NodeOutcome publish(const std::string& topic, const std::string& payload);
  NodeOutcome broker_status();
  /// The kernel hands a message for another node to `net`.
  NodeOutcome send(const std::string& to, const NodeMessage& message);
  NodeOutcome send_raw(const std::string& from, const std::string& body);

  boost::asio::io_context& io;
  GatewayOptions options;
  Directory directory;
  FakeVm vm{io, directory.path / "vm.sock"};
  std::unique_ptr<Gateway> gateway;
  /// What the kernel got from other nodes: from, message.
  std::vector<std::pair<std::string, NodeMessage>> received;
};

/// Any client of the broker.
struct Stranger {
  Stranger(boost::asio::io_context& loop, BrokerOptions options);
  ~Stranger();
  protocol::Result<void> publish(MqttMessage message);
  protocol::Result<void> subscribe(const std::string& filter);
  boost::asio::io_context& io;
  std::shared_ptr<MqttConnection> connection;
  std::vector<MqttMessage> received;
};
BrokerOptions broker_options(const Mosquitto& broker, const std::string& client_id);

/// What a publication comes to, as the kernel says it.
std::optional<Outgoing> dealt_with(int subscribers, int failed);

}  // namespace celeriac::gateway::testing
