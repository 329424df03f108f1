#pragma once
// The connection to the broker: kept up by Boost.MQTT5, which this file hides.
//
//   away ──CONNACK──► there ──the stream ends──► away ──(1 to 16 s)──► …
//
// The session outlives a connection by session_expiry, so that what the broker has for us, and what we have
// not settled, is not lost with it. Filters are subscribed again on every connection.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/envelope.hpp"
#include "protocol/error.hpp"

namespace celeriac::gateway {

/// How long the broker keeps a session without its connection.
inline constexpr std::chrono::seconds session_expiry{3600};
/// Between two signs of life on a quiet connection.
inline constexpr std::chrono::seconds mqtt_keep_alive{20};
/// How long the broker may take to acknowledge what we publish, or to confirm a subscription.
inline constexpr std::chrono::milliseconds broker_deadline{10'000};
/// Publications and subscriptions that wait for the broker.
inline constexpr std::size_t max_unconfirmed = 256;

/// Bytes of a packet that we receive; the broker is told, and keeps longer ones from us.
inline constexpr std::uint32_t max_mqtt_packet = 1024 * 1024;
/// Messages of QoS 1 that may wait for their settlement; the broker is told.
inline constexpr std::uint16_t max_unsettled = 32;

struct BrokerOptions {
  std::string host;
  std::uint16_t port = 0;
  bool secure = true;
  std::string user, password;  ///< "" for none
  std::string client_id;
  std::filesystem::path ca_file;  ///< certificates that are believed beside the system's
};

/// "mqtts://host:8883", "mqtt://127.0.0.1:1883". malformed: it is none; denied: plain to another machine
/// without `plain_too`.
protocol::Result<BrokerOptions> parse_broker_url(std::string_view url, bool plain_too);

struct MqttMessage {
  std::string topic;
  std::string payload;
  std::optional<std::string> content_type = {};
  std::optional<protocol::Pairs> pairs = {};  ///< user properties
  std::optional<std::chrono::seconds> expiry = {};
  bool retain = false;
  /// Received: what to hand to settle() when it has been dealt with; 0: the broker does not ask (QoS 0).
  std::uint32_t settlement = 0;
};

class MqttConnection {
 public:
  struct Events {
    std::function<void()> there;  ///< connected; subscribe now
    std::function<void()> away;
    std::function<void(MqttMessage)> arrived;
  };

  /// `will`: what the broker publishes when we are gone. failed: the file of certificates cannot be read.
  static protocol::Result<std::shared_ptr<MqttConnection>> make(boost::asio::io_context& io,
                                                                BrokerOptions options, MqttMessage will,
                                                                Events events);
  virtual ~MqttConnection() = default;

  virtual void start() = 0;
  /// Says goodbye in a way that has the broker publish the will; the connection is over.
  virtual boost::asio::awaitable<void> stop() = 0;
  /// Ends it at once, without a word: no event comes any more.
  virtual void cut() = 0;
  /// It was cut, or stopped: it does not come back.
  [[nodiscard]] virtual bool over() const noexcept = 0;
  [[nodiscard]] virtual bool there() const noexcept = 0;

  /// At QoS 1. offline: the broker is away; timeout: it has not acknowledged in time, and may or may not have
  /// the message; denied: it refused; malformed; out_of_resources: too long for it; overloaded.
  virtual boost::asio::awaitable<protocol::Result<void>> publish(MqttMessage message) = 0;
  /// At QoS 1 at most.
  virtual boost::asio::awaitable<protocol::Result<void>> subscribe(std::string filter) = 0;
  virtual boost::asio::awaitable<protocol::Result<void>> unsubscribe(std::string filter) = 0;
  /// Acknowledges a message; its number means nothing any more.
  virtual void settle(std::uint32_t settlement) = 0;
};

}  // namespace celeriac::gateway
