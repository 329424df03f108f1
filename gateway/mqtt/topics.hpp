#pragma once
// mqtt:distro:sys: topics of the broker. README.md has the exchange with the kernel.
//
//   broker ──arrived──► queue of its topic ──/topic/mqtt:…, waits for all subscribers──► settled:
//   acknowledged
//                            ▲                                  │ failed: again after 1, 5 s; then dead
//                            └───────────── one at a time ──────┘ VM away: again when it is back, without
//                            counting

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "gateway/mqtt/connection.hpp"
#include "gateway/vm_link.hpp"
#include "protocol/document.hpp"
#include "protocol/node_message.hpp"

namespace celeriac::gateway {

/// Topics that are subscribed at once.
inline constexpr std::size_t max_topics = 1024;
/// Characters of a topic.
inline constexpr std::size_t max_topic_name = 512;
/// Messages of QoS 0 that wait for the subscribers of one topic; one more is dropped. (Those of QoS 1 are
/// bounded by max_unsettled.)
inline constexpr std::size_t max_queued = 256;

/// Times of deliveries. Tests shorten them.
struct TopicTimes {
  std::chrono::milliseconds settlement{30'000};  ///< for all subscribers to deal with a message
  std::chrono::milliseconds again[2] = {
      std::chrono::milliseconds(1'000),
      std::chrono::milliseconds(5'000)};    ///< before the second and third attempt
  std::chrono::milliseconds vm_pause{500};  ///< between attempts while the VM is away
  std::chrono::milliseconds unclaimed{
      30'000};  ///< for the kernel to subscribe to a topic that the session still has
};

class Topics : public std::enable_shared_from_this<Topics> {
 public:
  /// `dead_letters`: topic on the broker for what nobody could deal with; "" for none.
  Topics(VmLink& link, boost::asio::io_context& io, std::string dead_letters, TopicTimes times = {});

  /// Before anything arrives.
  void use(std::shared_ptr<MqttConnection> connection) { connection_ = std::move(connection); }
  void there();
  void arrived(MqttMessage message);
  /// Topics that are subscribed.
  [[nodiscard]] std::size_t size() const noexcept { return topics_.size(); }

 private:
  struct Topic {
    bool claimed = false;     ///< the kernel wants it
    bool delivering = false;  ///< a coroutine works on the queue
    std::deque<MqttMessage> queue;
    std::size_t dropped = 0;
  };
  enum class Fate : std::uint8_t { settled, failed, nobody, vm_away };

  void taken(Incoming request);
  boost::asio::awaitable<void> answer(Incoming request);
  boost::asio::awaitable<protocol::NodeOutcome> act(const Incoming& request);
  boost::asio::awaitable<protocol::NodeOutcome> publish(const Incoming& request);
  boost::asio::awaitable<void> deliver_all(std::string name, std::shared_ptr<Topic> topic);
  boost::asio::awaitable<Fate> deliver(const std::string& name, const MqttMessage& message);
  boost::asio::awaitable<void> bury(const std::string& name, MqttMessage message);
  boost::asio::awaitable<void> drop_unclaimed(std::string name, std::shared_ptr<Topic> topic);
  void forget(const std::string& name);

  boost::asio::io_context& io_;
  std::string dead_letters_;
  TopicTimes times_;
  std::shared_ptr<MqttConnection> connection_;
  std::map<std::string, std::shared_ptr<Topic>> topics_;
  std::shared_ptr<VmProcess> process_;
};

/// What went wrong on the way to the broker, as messages say it.
protocol::NodeOutcome outcome_of(const protocol::Result<void>& result);

}  // namespace celeriac::gateway
