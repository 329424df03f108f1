#include "gateway/mqtt/nodes.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>

#include "gateway/mqtt/topics.hpp"
#include "gateway/spawn.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::Failure;
using protocol::ItemType;
using protocol::NodeOutcome;
using protocol::Outgoing;
using protocol::Status;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view nodes_prefix = "celeriac/nodes/", presence_prefix = "celeriac/presence/";
constexpr std::string_view kernel = "kernel:distro:sys";

NodeOutcome wrong(Failure failure, std::string explanation) {
  return {.failure = failure, .explanation = std::move(explanation)};
}

}  // namespace

Nodes::Nodes(VmLink& link, asio::io_context& io, std::string node, NodeTimes times)
    : io_(io),
      node_(std::move(node)),
      times_(times),
      presence_known_(io, asio::steady_timer::time_point::max()) {
  process_ = link.add({.name = "net:distro:sys"}, [this](Incoming request) { taken(std::move(request)); });
}

MqttMessage Nodes::will(const std::string& node) {
  return {.topic = std::string(presence_prefix) + node, .payload = "", .retain = true};
}

// ---- from here to other nodes ----

void Nodes::taken(Incoming request) {
  spawn(io_, "a message to another node", answer(std::move(request)));
}

asio::awaitable<void> Nodes::answer(Incoming request) {
  const auto self = shared_from_this();
  Outgoing response;
  const auto outcome = co_await send(request);
  response.body = protocol::encode(outcome);
  if (outcome.failure) response.error = outcome.explanation;
  static_cast<void>(co_await process_->respond(request, std::move(response)));
}

/// Up to the publication nothing suspends but the wait for the presence, in which all wait in order: messages
/// leave in the order in which they came.
asio::awaitable<NodeOutcome> Nodes::send(const Incoming& request) {
  if (!request.source.ends_with("@" + std::string(kernel)))
    co_return wrong(Failure::denied, "Only the kernel sends messages to other nodes.");
  auto parcel = protocol::decode_node_parcel(request.body);
  if (!parcel) co_return wrong(Failure::bad_message, parcel.error().message);
  const auto message = protocol::decode_node_message(parcel->message);
  if (!message)
    co_return wrong(
        message.error().status == Status::out_of_resources ? Failure::too_large : Failure::bad_message,
        message.error().message);
  if (!connection_->there())
    co_return wrong(Failure::offline, "The broker that connects the nodes is not there.");
  if (!present_.contains(parcel->node)) {
    if (asio::steady_timer::clock_type::now() < presence_known_.expiry())
      co_await presence_known_.async_wait(as_result);
    if (!present_.contains(parcel->node))
      co_return wrong(Failure::offline, std::format("The node {} is not there.", parcel->node));
  }
  const auto wanted =
      message->type == ItemType::request && message->envelope.expects
          ? std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(
                std::min<std::int64_t>(*message->envelope.expects, node_expiry.count() * 1000)))
          : node_expiry;
  co_return outcome_of(
      co_await connection_->publish({.topic = std::format("{}{}/{}", nodes_prefix, parcel->node, node_),
                                     .payload = std::move(parcel->message),
                                     .expiry = std::max(wanted, std::chrono::seconds(1))}));
}

// ---- presence ----

void Nodes::there() {
  presence_known_.expires_after(times_.presence);
  spawn(io_, "our presence", announce());
}

void Nodes::away() {
  present_.clear();  // what is retained comes again with the next connection
}

asio::awaitable<void> Nodes::announce() {
  const auto self = shared_from_this();
  for (const auto& filter : {std::format("{}{}/+", nodes_prefix, node_), std::string(presence_prefix) + "+"})
    if (const auto done = co_await connection_->subscribe(filter); !done)
      spdlog::warn("Messages of other nodes do not come: {}", done.error().message);
  co_await say_online();
}

asio::awaitable<void> Nodes::greet() {
  const auto self = shared_from_this();
  asio::steady_timer together(io_, times_.greeting);
  co_await together.async_wait(as_result);
  greeting_ = false;
  if (connection_->there()) co_await say_online();
}

asio::awaitable<void> Nodes::say_online() {
  auto presence = will(node_);
  presence.payload = "online";
  if (const auto done = co_await connection_->publish(std::move(presence)); !done)
    spdlog::warn("Other nodes do not hear of us: {}", done.error().message);
}

// ---- from other nodes ----

bool Nodes::arrived(MqttMessage& message) {
  const std::string_view topic = message.topic;
  if (topic.starts_with(presence_prefix)) {
    const auto node = topic.substr(presence_prefix.size());
    if (message.payload.empty())
      present_.erase(std::string(node));
    else if (protocol::is_node_name(node) && present_.size() < max_nodes && present_.emplace(node).second &&
             node != node_ && !std::exchange(greeting_, true))
      spawn(io_, "a greeting of other nodes", greet());
    if (message.settlement != 0) connection_->settle(message.settlement);
    return true;
  }
  if (!topic.starts_with(nodes_prefix)) return false;
  const auto rest = topic.substr(nodes_prefix.size());
  const auto slash = rest.find('/');
  const std::string from(slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1));
  if (rest.substr(0, slash) != node_ || !protocol::is_node_name(from) || from == node_ ||
      (!senders_.contains(from) && senders_.size() >= max_nodes)) {
    spdlog::warn("A message on {} is not for us, and is dropped.", topic.substr(0, 200));
    if (message.settlement != 0) connection_->settle(message.settlement);
    return true;
  }
  auto& sender = senders_[from];
  if (!sender) sender = std::make_shared<Sender>();
  if (message.settlement == 0 && sender->queue.size() >= max_queued) return true;  // of QoS 0: none of ours
  sender->queue.push_back(std::move(message));
  if (!std::exchange(sender->delivering, true))
    spawn(io_, "messages of another node", deliver_all(from, sender));
  return true;
}

asio::awaitable<void> Nodes::deliver_all(std::string from, std::shared_ptr<Sender> sender) {
  const auto self = shared_from_this();
  asio::steady_timer pause(io_);
  while (!sender->queue.empty()) {
    if (!co_await deliver(from, sender->queue.front())) {
      if (connection_->over()) co_return;  // the broker gives it to whoever comes after us
      pause.expires_after(times_.vm_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    const auto settlement = sender->queue.front().settlement;
    sender->queue.pop_front();
    if (settlement != 0) connection_->settle(settlement);
  }
  sender->delivering = false;
  senders_.erase(from);
}

bool Nodes::remember(std::string key) {
  if (!remembered_.insert(key).second) return false;
  remembered_order_.push_back(std::move(key));
  if (remembered_order_.size() > max_remembered) {
    remembered_.erase(remembered_order_.front());
    remembered_order_.pop_front();
  }
  return true;
}

asio::awaitable<bool> Nodes::deliver(const std::string& from, const MqttMessage& message) {
  const auto decoded = protocol::decode_node_message(message.payload);
  if (!decoded) {
    spdlog::warn("The node {} sends what is no message: {}", from, decoded.error().message);
    co_return true;
  }
  const auto key = std::format("{} {} {:x}", from, name(decoded->type), decoded->id);
  if (remembered_.contains(key)) co_return true;
  Outgoing parcel;
  parcel.to = kernel;
  parcel.body = protocol::encode(protocol::NodeParcel{.node = from, .message = message.payload});
  parcel.expects = protocol::node_delivery_ms;
  const auto item = co_await process_->ask(std::move(parcel));
  if (!item && item.error().status == Status::offline) co_return false;
  remember(key);
  if (!item) {
    spdlog::warn("A message of the node {} was not taken: {}", from, item.error().message);
  } else if (item->type == ItemType::error) {
    spdlog::warn("A message of the node {} was not taken: {}", from, item->explanation);
  } else if (const auto outcome = protocol::decode_node_outcome(item->body); outcome && outcome->failure) {
    spdlog::warn("A message of the node {} was not taken: {}", from, outcome->explanation);
  }
  co_return true;
}

}  // namespace celeriac::gateway
