#include "vm/guests/network_relay.hpp"

#include <cstring>
#include <format>

namespace celeriac::vm {

using protocol::fail;
using protocol::Failure;
using protocol::Item;
using protocol::ItemType;
using protocol::Json;
using protocol::NodeMessage;
using protocol::NodeOutcome;
using protocol::Result;
using protocol::Status;

NetworkRelay::NetworkRelay(Kernel& kernel) : kernel_(kernel) {
  const auto self = kernel.initialise({.name = system_name("kernel"), .kind = ProcessKind::client});
  self_ = (*self)->id;
  receive();
}

void NetworkRelay::receive() {
  kernel_.receive(*kernel_.find(self_), std::chrono::milliseconds(-1), [this](const Result<Item>& item) {
    if (!item) return;  // the kernel ends
    settle(*item);
    receive();
  });
}

void NetworkRelay::ask(const char* service, std::string body, KernelWorld::Done done) {
  if (pending_.size() >= max_relayed)
    return done(fail(Status::overloaded, "Too many messages wait for the network."));
  protocol::Outgoing out;
  out.to = system_name(service).text();
  out.body = std::move(body);
  out.expects = protocol::node_delivery_ms;
  const std::uint64_t key = ++last_key_;
  out.context.emplace(reinterpret_cast<const char*>(&key), sizeof key);
  pending_.emplace(key, std::move(done));
  kernel_.send(*kernel_.find(self_), std::move(out), {}, [](const Result<void>&) {});
}

void NetworkRelay::settle(const Item& item) {
  std::uint64_t key = 0;
  if (item.context && item.context->size() == sizeof key) std::memcpy(&key, item.context->data(), sizeof key);
  const auto found = pending_.find(key);
  if (found == pending_.end()) return;
  auto done = std::move(found->second);
  pending_.erase(found);
  if (item.type == ItemType::error)
    return done(fail(Status::offline, item.failure == Failure::no_target
                                          ? "No network is connected: the gateway does not run."
                                          : "The network has not taken the message in time."));
  const auto outcome = protocol::decode_node_outcome(item.body);
  if (!outcome) return done(std::unexpected(outcome.error()));
  if (outcome->failure) return done(fail(Status::offline, outcome->explanation));
  done({});
}

void NetworkRelay::forward(const MessageRef& message, KernelWorld::Done done) {
  NodeMessage out{.type = message->response ? ItemType::response : ItemType::request,
                  .id = message->id,
                  .source = message->source.address.process.text()};
  static_cast<protocol::Content&>(out.envelope) = message->content;
  out.envelope.to = message->target.address.process.text();
  out.envelope.expects = message->expects;
  out.envelope.inherit = message->inherit;
  if (message->rsvp && message->rsvp->address != message->source.address) {
    // An inherited request: its response goes to whoever asked first, also when we do not expect one.
    out.envelope.rsvp = message->rsvp->address.text();
  }
  if (message->blob) {
    out.envelope.blob_bytes = message->blob->blob->bytes;
    out.envelope.mime = message->blob->mime;
  }
  std::string bytes = protocol::encode(out);
  if (bytes.size() > protocol::max_node_message)
    return done(fail(Status::out_of_resources, std::format("A message to another node has at most {} bytes.",
                                                           protocol::max_node_message)));
  ask("net", protocol::encode(protocol::NodeParcel{message->target.address.node, std::move(bytes)}),
      std::move(done));
}

void NetworkRelay::topic(std::string_view topic, bool wanted) {
  if (!topic.starts_with(broker_prefix)) return;
  const Json asked{{wanted ? "Subscribe" : "Unsubscribe", {{"topic", topic.substr(broker_prefix.size())}}}};
  ask("mqtt", asked.dump(-1, ' ', false, Json::error_handler_t::replace), [](const Result<void>&) {});
}

void NetworkRelay::resubscribe() {
  for (const auto& [name, subscribers] : kernel_.topics()) topic(name, true);
}

NodeOutcome NetworkRelay::arrived(std::string_view bytes) {
  const auto refuse = [](Failure failure, std::string why) { return NodeOutcome{failure, std::move(why)}; };
  auto parcel = protocol::decode_node_parcel(bytes);
  if (!parcel) return refuse(Failure::bad_message, parcel.error().message);
  auto in = protocol::decode_node_message(parcel->message);
  if (!in) return refuse(Failure::bad_message, in.error().message);
  auto source = parse_process_name(in->source);
  auto target = parse_process_name(in->envelope.to);
  if (!source) return refuse(Failure::bad_message, source.error().message);
  if (!target) return refuse(Failure::bad_message, target.error().message);
  if (in->type == ItemType::error) {
    kernel_.fail_request(*target, in->id, in->failure, in->explanation);
    return {};
  }
  auto message = std::make_shared<Message>();
  message->id = in->id;
  message->response = in->type == ItemType::response;
  message->source = {no_process, {parcel->node, std::move(*source)}};
  message->target.address = kernel_.address_of(*target);
  message->inherit = in->envelope.inherit;
  message->expects = in->envelope.expects;
  if (in->envelope.rsvp)
    if (auto rsvp = parse_address(*in->envelope.rsvp)) message->rsvp = Endpoint{no_process, std::move(*rsvp)};
  if (in->envelope.blob_bytes)
    message->blob =
        BlobRef{std::make_shared<Blob>(std::move(*in->envelope.blob_bytes)), std::move(in->envelope.mime)};
  message->content = static_cast<protocol::Content&&>(in->envelope);
  if (const auto taken = kernel_.arrive_from_elsewhere(std::move(message)); !taken)
    return refuse(taken.error().status == Status::overloaded ? Failure::full : Failure::no_target,
                  taken.error().message);
  return {};
}

}  // namespace celeriac::vm
