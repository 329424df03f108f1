#include "gateway/mqtt/topics.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>

#include "gateway/spawn.hpp"
#include "protocol/document.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::Failure;
using protocol::Format;
using protocol::ItemType;
using protocol::Json;
using protocol::NodeOutcome;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// What the gateways of all nodes say to each other: no business of guests, who could speak for their node
/// there.
constexpr std::string_view reserved = "celeriac/";

NodeOutcome wrong(Failure failure, std::string explanation) {
  return {.failure = failure, .explanation = std::move(explanation)};
}

/// Why a topic cannot be used; "" if it can.
std::string topic_trouble(std::string_view topic) {
  if (topic.empty() || topic.size() > max_topic_name)
    return std::format("A topic has 1 to {} characters.", max_topic_name);
  if (!protocol::is_utf8(topic) || topic.find('\0') != std::string_view::npos) return "A topic is a text.";
  if (topic.find_first_of("+#") != std::string_view::npos)
    return "A topic is exact: \"+\" and \"#\" stand for nothing here.";
  if (topic.starts_with('$')) return "Topics that begin with $ are the broker's own.";
  if (topic.starts_with(reserved)) return "Topics below celeriac/ are for the nodes' own use.";
  return {};
}

/// What anybody may ask: whether there is a connection to the broker.
constexpr std::string_view status_question = R"("Status")";

std::string field_of(const Json& document, const char* action) {
  const auto at = document.find(action);
  if (at == document.end() || !at->is_object()) return {};
  const auto topic = at->find("topic");
  return topic != at->end() && topic->is_string() ? topic->get<std::string>() : std::string();
}

/// The sender of a request that only the kernel may make.
bool is_kernel(const Incoming& request) {
  return request.source.ends_with("@kernel:distro:sys");
}

struct FailureRow {
  Status status;
  Failure failure;
};
constexpr FailureRow failure_rows[] = {
    {Status::offline, Failure::offline}, {Status::timeout, Failure::timeout},
    {Status::denied, Failure::denied},   {Status::out_of_resources, Failure::too_large},
    {Status::overloaded, Failure::full}, {Status::malformed, Failure::bad_message},
    {Status::failed, Failure::denied},
};

}  // namespace

NodeOutcome outcome_of(const Result<void>& result) {
  if (result) return {};
  for (const auto& row : failure_rows)
    if (row.status == result.error().status) return wrong(row.failure, result.error().message);
  return wrong(Failure::offline, result.error().message);
}

Topics::Topics(VmLink& link, asio::io_context& io, std::string dead_letters, TopicTimes times)
    : io_(io), dead_letters_(std::move(dead_letters)), times_(times) {
  process_ = link.add({.name = "mqtt:distro:sys", .path = "/exchange/mqtt"},
                      [this](Incoming request) { taken(std::move(request)); });
}

// ---- what the kernel and processes want ----

void Topics::taken(Incoming request) {
  spawn(io_, "a request of mqtt", answer(std::move(request)));
}

asio::awaitable<void> Topics::answer(Incoming request) {
  const auto self = shared_from_this();
  const auto outcome = co_await act(request);
  Outgoing response;
  response.format = request.format;
  response.body = protocol::encode(outcome);
  if (outcome.failure) response.error = outcome.explanation;
  static_cast<void>(co_await process_->respond(request, std::move(response)));
}

asio::awaitable<NodeOutcome> Topics::act(const Incoming& request) {
  if (request.topic) co_return co_await publish(request);
  if (request.body == status_question)
    co_return connection_->there() ? NodeOutcome{} : wrong(Failure::offline, "The broker cannot be reached.");
  if (!is_kernel(request)) co_return wrong(Failure::bad_message, "A message to the broker needs its topic.");
  const auto document = Json::parse(request.body, nullptr, false);
  if (!document.is_object()) co_return wrong(Failure::bad_message, "This is no JSON object.");
  if (const auto topic = field_of(document, "Unsubscribe"); !topic.empty()) {
    if (topics_.contains(topic)) forget(topic);
    co_return NodeOutcome{};
  }
  const auto topic = field_of(document, "Subscribe");
  if (topic.empty())
    co_return wrong(Failure::bad_message, "The kernel says Subscribe or Unsubscribe, with a topic.");
  if (auto trouble = topic_trouble(topic); !trouble.empty())
    co_return wrong(Failure::bad_message, std::move(trouble));
  const auto at = topics_.find(topic);
  if (at == topics_.end() && topics_.size() >= max_topics)
    co_return wrong(Failure::full, std::format("{} topics are subscribed already.", max_topics));
  auto& known = at == topics_.end() ? topics_[topic] : at->second;
  if (!known) known = std::make_shared<Topic>();
  known->claimed = true;
  if (!known->delivering && !known->queue.empty()) {
    known->delivering = true;
    spawn(io_, "deliveries of a topic", deliver_all(topic, known));
  }
  co_return outcome_of(co_await connection_->subscribe(topic));
}

asio::awaitable<NodeOutcome> Topics::publish(const Incoming& request) {
  std::string_view topic = *request.topic;
  if (topic.starts_with("mqtt:")) topic.remove_prefix(5);
  if (auto trouble = topic_trouble(topic); !trouble.empty())
    co_return wrong(Failure::bad_message, std::move(trouble));
  MqttMessage message{.topic = std::string(topic),
                      .payload = request.body,
                      .content_type = request.content_type,
                      .pairs = request.pairs};
  if (request.format == Format::othismo && !message.content_type) message.content_type = "application/bson";
  if (request.body.empty() && request.blob) {  // as the crossing rules have it
    if (request.blob_missing)
      co_return wrong(Failure::too_large, "The message is longer than a broker takes.");
    message.payload = request.blob_bytes;
    if (!message.content_type) message.content_type = request.blob->mime;
  }
  co_return outcome_of(co_await connection_->publish(std::move(message)));
}

void Topics::forget(const std::string& name) {
  const auto at = topics_.find(name);
  if (at == topics_.end()) return;
  for (const auto& message : at->second->queue)
    if (message.settlement != 0) connection_->settle(message.settlement);
  at->second->queue.clear();
  topics_.erase(at);
  spawn(io_, "the end of a subscription",
        [](std::shared_ptr<MqttConnection> connection, std::string topic) -> asio::awaitable<void> {
          static_cast<void>(co_await connection->unsubscribe(std::move(topic)));
        }(connection_, name));
}

// ---- what the broker brings ----

void Topics::there() {
  for (const auto& [name, topic] : topics_)
    spawn(io_, "a subscription",
          [](std::shared_ptr<MqttConnection> connection, std::string filter) -> asio::awaitable<void> {
            const auto done = co_await connection->subscribe(filter);
            if (!done) spdlog::warn("mqtt:{} is not subscribed: {}", filter, done.error().message);
          }(connection_, name));
}

void Topics::arrived(MqttMessage message) {
  const auto at = topics_.find(message.topic);
  std::shared_ptr<Topic> topic;
  if (at != topics_.end()) {
    topic = at->second;
  } else {
    // The session may be older than this gateway: the kernel has a while to say that it still wants the
    // topic.
    if (topics_.size() >= max_topics) {
      if (message.settlement != 0) connection_->settle(message.settlement);
      return;
    }
    topic = topics_[message.topic] = std::make_shared<Topic>();
    spawn(io_, "a topic that nobody wants", drop_unclaimed(message.topic, topic));
  }
  if (message.settlement == 0 && topic->queue.size() >= max_queued) {
    if (topic->dropped++ == 0)
      spdlog::warn("mqtt:{} brings more than its subscribers deal with; messages of QoS 0 are dropped.",
                   message.topic);
    return;
  }
  auto name = message.topic;
  topic->queue.push_back(std::move(message));
  if (topic->claimed && !topic->delivering) {
    topic->delivering = true;
    spawn(io_, "deliveries of a topic", deliver_all(std::move(name), topic));
  }
}

asio::awaitable<void> Topics::drop_unclaimed(std::string name, std::shared_ptr<Topic> topic) {
  const auto self = shared_from_this();
  asio::steady_timer timer(io_, times_.unclaimed);
  co_await timer.async_wait(as_result);
  const auto at = topics_.find(name);
  if (at == topics_.end() || at->second != topic || topic->claimed) co_return;
  spdlog::info("mqtt:{} has no subscriber any more; what came is dropped.", name);
  forget(name);
}

asio::awaitable<void> Topics::deliver_all(std::string name, std::shared_ptr<Topic> topic) {
  const auto self = shared_from_this();
  asio::steady_timer pause(io_);
  std::size_t attempts = 0;
  while (!topic->queue.empty()) {
    const MqttMessage message = topic->queue.front();
    const auto fate = co_await deliver(name, message);
    if (topic->queue.empty()) break;  // unsubscribed meanwhile, and settled
    if (fate == Fate::nobody) {
      topic->claimed = false;
      forget(name);
      break;
    }
    if (fate == Fate::vm_away) {
      if (connection_->over()) break;  // the broker gives it to whoever comes after us
      pause.expires_after(times_.vm_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    const bool last = message.settlement == 0 || attempts == std::size(times_.again);
    if (fate == Fate::failed && !last) {
      pause.expires_after(times_.again[attempts++]);
      co_await pause.async_wait(as_result);
      continue;
    }
    if (fate == Fate::failed && message.settlement != 0) co_await bury(name, message);
    attempts = 0;
    if (topic->queue.empty()) break;
    topic->queue.pop_front();
    if (message.settlement != 0) connection_->settle(message.settlement);
  }
  topic->delivering = false;
}

/// All subscribers have dealt with it, or not.
asio::awaitable<Topics::Fate> Topics::deliver(const std::string& name, const MqttMessage& message) {
  Outgoing publication;
  publication.to = "/topic/mqtt:" + name;
  publication.topic = "mqtt:" + name;
  publication.format = Format::wasi;
  publication.body = message.payload;
  publication.content_type = message.content_type;
  publication.pairs = message.pairs;
  publication.expects = times_.settlement.count();
  const auto item = co_await process_->ask(std::move(publication));
  if (!item) {
    if (item.error().status == Status::offline) co_return Fate::vm_away;
    spdlog::warn("A message on mqtt:{} was not delivered: {}", name, item.error().message);
    co_return Fate::failed;
  }
  if (item->type == ItemType::error) {
    if (item->failure == Failure::no_target) co_return Fate::nobody;
    spdlog::warn("A message on mqtt:{} was not dealt with: {}", name, item->explanation);
    co_return Fate::failed;
  }
  if (item->error) {
    spdlog::warn("A message on mqtt:{} was not dealt with: {}", name, *item->error);
    co_return Fate::failed;
  }
  auto outcome = Json::parse(item->body, nullptr, false);
  if (!outcome.is_object())
    if (auto bson = protocol::from_bson(item->body)) outcome = std::move(*bson);
  if (outcome.is_object()) {
    if (outcome.contains("Err")) co_return Fate::failed;
    const auto count = [&](const char* key, int otherwise) {
      const auto at = outcome.find(key);
      return at != outcome.end() && at->is_number_integer() ? at->get<int>() : otherwise;
    };
    if (count("failed", 0) > 0) {
      spdlog::warn("A message on mqtt:{} was not dealt with by all: {}", name,
                   outcome.value("errors", Json()).dump());
      co_return Fate::failed;
    }
    if (count("subscribers", 1) == 0) co_return Fate::nobody;
  }
  co_return Fate::settled;
}

/// Nobody could deal with it: it goes where somebody may look at it, or is lost, but not silently.
asio::awaitable<void> Topics::bury(const std::string& name, MqttMessage message) {
  if (dead_letters_.empty()) {
    spdlog::error("A message of {} bytes on mqtt:{} was given up after {} attempts.", message.payload.size(),
                  name, std::size(times_.again) + 1);
    co_return;
  }
  message.topic = dead_letters_;
  message.settlement = 0;
  if (!message.pairs) message.pairs.emplace();
  message.pairs->emplace_back("celeriac-topic", name);
  const auto buried = co_await connection_->publish(std::move(message));
  spdlog::error("A message on mqtt:{} was given up after {} attempts; {}.", name, std::size(times_.again) + 1,
                buried ? "it lies on " + dead_letters_ : "it is lost: " + buried.error().message);
}

}  // namespace celeriac::gateway
