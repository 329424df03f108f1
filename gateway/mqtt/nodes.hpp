#pragma once
// net:distro:sys: messages to and from other nodes, over the broker.
//
//   celeriac/nodes/<to>/<from>   encoded protocol::NodeMessage, QoS 1; the broker lets only <from> publish it
//   and only <to> read it celeriac/presence/<node>     "online", retained; cleared by the node's will and
//   when it leaves
//
// Who hears of a node for the first time says "online" again, so that a newcomer hears of all others where a
// broker does not send retained messages for a wildcard (RabbitMQ).

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "gateway/mqtt/connection.hpp"
#include "gateway/vm_link.hpp"
#include "protocol/node_message.hpp"

namespace celeriac::gateway {

/// Nodes whose presence is known.
inline constexpr std::size_t max_nodes = 4096;
/// Messages that are remembered so that one which comes twice is dealt with once.
inline constexpr std::size_t max_remembered = 8192;
/// What the broker keeps a message for that nobody waits for so long.
inline constexpr std::chrono::seconds node_expiry{300};

struct NodeTimes {
  std::chrono::milliseconds presence{
      1'000};                               ///< after a connection, until the presence of all nodes is known
  std::chrono::milliseconds vm_pause{500};  ///< between attempts while the VM is away
  std::chrono::milliseconds greeting{200};  ///< newcomers of so long are greeted together
};

class Nodes : public std::enable_shared_from_this<Nodes> {
 public:
  /// `node`: our own name.
  Nodes(VmLink& link, boost::asio::io_context& io, std::string node, NodeTimes times = {});

  void use(std::shared_ptr<MqttConnection> connection) { connection_ = std::move(connection); }
  void there();
  void away();
  /// True if the message was ours.
  bool arrived(MqttMessage& message);
  [[nodiscard]] bool online(const std::string& node) const { return present_.contains(node); }

  /// What the broker publishes when a node is gone.
  static MqttMessage will(const std::string& node);

 private:
  struct Sender {
    std::deque<MqttMessage> queue;
    bool delivering = false;
  };

  void taken(Incoming request);
  boost::asio::awaitable<void> answer(Incoming request);
  boost::asio::awaitable<protocol::NodeOutcome> send(const Incoming& request);
  boost::asio::awaitable<void> announce();
  boost::asio::awaitable<void> greet();
  boost::asio::awaitable<void> say_online();
  boost::asio::awaitable<void> deliver_all(std::string from, std::shared_ptr<Sender> sender);
  /// False: the VM is away.
  boost::asio::awaitable<bool> deliver(const std::string& from, const MqttMessage& message);
  bool remember(std::string key);

  boost::asio::io_context& io_;
  std::string node_;
  NodeTimes times_;
  std::shared_ptr<MqttConnection> connection_;
  std::set<std::string, std::less<>> present_;
  bool greeting_ = false;
  boost::asio::steady_timer presence_known_;
  std::map<std::string, std::shared_ptr<Sender>> senders_;
  std::set<std::string, std::less<>> remembered_;
  std::deque<std::string> remembered_order_;
  std::shared_ptr<VmProcess> process_;
};

}  // namespace celeriac::gateway
