// Topics: one copy of a message for each subscriber, and one answer for the publisher who asks how it went.

#include <algorithm>
#include <format>

#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Failure;
using protocol::Result;
using protocol::Status;

namespace {

/// Publications that wait for their subscribers, all together; one more is not settled but fails.
constexpr std::size_t max_settlements = 1024;
/// Errors of subscribers that a settlement tells.
constexpr std::size_t max_settlement_errors = 8;

}  // namespace

Result<void> Kernel::subscribe(KernelProcess& process, const std::string& topic) {
  if (topic.empty() || topic.size() > max_path_bytes || topic.contains('\0'))
    return fail(Status::malformed,
                std::format("A topic's name has 1 to {} bytes and no NUL.", max_path_bytes));
  if (auto may = may_use_topic(process, topic, "subscribe"); !may) {
    world_.print(&process, 0, may.error().message);
    return may;
  }
  if (std::ranges::contains(process.topics, topic)) return {};
  const auto found = topics_.find(topic);
  if (found == topics_.end() ? topics_.size() >= max_topics : found->second.size() >= max_subscribers)
    return fail(Status::overloaded, "There are too many subscriptions already.");
  auto& subscribers = topics_[topic];
  subscribers.push_back(process.id);
  process.topics.push_back(topic);
  if (subscribers.size() == 1) world_.topic(topic, true);
  return {};
}

void Kernel::unsubscribe(KernelProcess& process, const std::string& topic) {
  if (std::erase(process.topics, topic) == 0) return;
  const auto found = topics_.find(topic);
  std::erase(found->second, process.id);
  if (!found->second.empty()) return;
  topics_.erase(found);
  world_.topic(topic, false);
}

std::vector<std::pair<std::string, std::size_t>> Kernel::topics() const {
  std::vector<std::pair<std::string, std::size_t>> made;
  for (const auto& [topic, subscribers] : topics_) made.emplace_back(topic, subscribers.size());
  return made;
}

void Kernel::publish(const std::string& topic, const MessageRef& message, int replies) {
  const auto found = topics_.find(topic);
  const auto subscribers = found != topics_.end() ? found->second : std::vector<ProcessId>();
  const bool settles = message->rsvp && replies == 0;
  if (settles && subscribers.empty())
    return bounce(message, Failure::no_target, std::format("Nobody subscribes to the topic {}.", topic));
  if (settles && settlements_.size() >= max_settlements)
    return bounce(message, Failure::full, "Too many publications wait for their subscribers.");
  std::uint64_t settlement = 0;
  if (settles) {
    settlement = world_.random();
    const auto patience = std::chrono::milliseconds(message->expects.value_or(default_expects));
    settlements_.emplace(settlement, Settlement{.publication = message, .until = world_.now() + patience});
  }
  for (const ProcessId id : subscribers) {
    KernelProcess* process = find(id);
    if (process == nullptr || !process->alive()) continue;
    auto copy = std::make_shared<Message>(*message);
    // It comes from the topic. The publisher's path stays, for objects that have something to say to him.
    copy->source = {no_process, address_of(system_name("topic"))};
    copy->target = {id, address_of(process->spec.name)};
    copy->content.topic = topic;
    copy->inherit = false;
    if (settles) {
      // The subscribers answer to the topic, which answers to the publisher.
      copy->id = settlement;
      copy->rsvp = Endpoint{no_process, address_of(system_name("topic"))};
      ++settlements_.at(settlement).waiting;
    }
    const std::size_t bytes = copy->content.body.size() + (copy->blob ? copy->blob->blob->bytes.size() : 0);
    if (process->mailbox.size() >= max_mailbox || process->mailbox_bytes + bytes > max_mailbox_bytes ||
        (process->state == KernelState::resting && !process->spec.durable)) {
      world_.print(process, 1,
                   std::format("has missed a message on the topic {}: it does not keep up.", topic));
      if (settles) bounce(copy, Failure::full, std::format("{} does not keep up.", process->address));
      continue;
    }
    Target target;
    target.process = process;
    target.address = copy->target.address;
    deliver(target, std::move(copy), [](const Result<void>&) {}, 0);
  }
  if (settles) close_settlement(settlement);
}

void Kernel::settle(const Message& answer) {
  const auto found = settlements_.find(answer.id);
  if (found == settlements_.end() || found->second.waiting == 0) return;
  Settlement& settlement = found->second;
  --settlement.waiting;
  ++settlement.answered;
  if (answer.content.error) {
    ++settlement.failed;
    if (settlement.errors.size() < max_settlement_errors) settlement.errors.push_back(*answer.content.error);
  }
  if (settlement.complete) close_settlement(answer.id);
}

/// Answers the publisher when all subscribers have.
void Kernel::close_settlement(std::uint64_t id) {
  const auto found = settlements_.find(id);
  if (found == settlements_.end()) return;
  found->second.complete = true;
  if (found->second.waiting != 0) return;
  const Settlement settlement = std::move(found->second);
  settlements_.erase(found);
  protocol::Content content;
  content.format = settlement.publication->content.format;
  const auto told = nlohmann::json{
      {"subscribers", settlement.answered}, {"failed", settlement.failed}, {"errors", settlement.errors}};
  content.body = nlohmann::json{{settlement.failed == 0 ? "Ok" : "Err", told}}.dump();
  if (settlement.failed != 0)
    content.error = std::format("{} of {} subscribers have failed: {}", settlement.failed,
                                settlement.answered, settlement.errors.front());
  route_response(
      make_response({no_process, address_of(system_name("topic"))}, settlement.publication->target_path,
                    *settlement.publication, std::move(content), std::nullopt),
      [](const Result<void>&) {});
}

/// The publisher's own deadline tells him; here the entry goes.
void Kernel::run_settlements(Time now) {
  std::erase_if(settlements_, [&](const auto& entry) { return entry.second.until < now; });
}

}  // namespace celeriac::vm
