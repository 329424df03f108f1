#include "gateway/mqtt/connection.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/mqtt5/mqtt_client.hpp>
#include <charconv>
#include <format>

#include "gateway/mqtt/settling_stream.hpp"
#include "gateway/spawn.hpp"
#include "web/tls.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
namespace mqtt = boost::mqtt5;
using boost::system::error_code;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// After a connection that the library gave up.
constexpr std::chrono::seconds run_again{5};
/// The broker publishes the will all the same: that is how others hear that we are gone.
constexpr auto goodbye = mqtt::disconnect_rc_e::disconnect_with_will_message;

/// What an operation of the library comes to, where its waiter may have gone before.
struct Outcome {
  explicit Outcome(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  std::optional<Result<void>> result;
  void settle(Result<void> with) {
    result = std::move(with);
    timer.cancel();
  }
};

Result<void> result_of(const error_code& error, const mqtt::reason_code& reason, std::string_view what) {
  if (error == mqtt::client::error::packet_too_large)
    return fail(Status::out_of_resources, std::format("{} is longer than the broker takes.", what));
  if (error == asio::error::operation_aborted)
    return fail(Status::offline, "The connection to the broker has ended.");
  if (error)
    return fail(Status::malformed,
                std::format("{} cannot be sent to the broker: {}.", what, error.message()));
  if (reason == mqtt::reason_codes::not_authorized || reason == mqtt::reason_codes::topic_filter_invalid ||
      reason == mqtt::reason_codes::topic_name_invalid)
    return fail(Status::denied, std::format("The broker does not allow {}: {}.", what, reason.message()));
  if (reason) return fail(Status::failed, std::format("The broker refused {}: {}.", what, reason.message()));
  return {};
}

class Connection;

/// Hears what the library does.
struct Watch {
  Connection* connection;
  std::shared_ptr<bool> alive;  ///< operations of the library may end after their client
  void at_tcp_connect(error_code error, const asio::ip::tcp::endpoint& endpoint);
  void at_tls_handshake(error_code error, const asio::ip::tcp::endpoint& endpoint);
  void at_connack(mqtt::reason_code reason, bool session_present, const mqtt::connack_props& properties);
  void at_disconnect(mqtt::reason_code reason, const mqtt::disconnect_props& properties);
  void at_resolve(error_code error, std::string_view host, std::string_view port,
                  const asio::ip::tcp::resolver::results_type& endpoints);
};

using Client = mqtt::mqtt_client<SettlingStream, MqttContext, Watch>;

class Connection : public MqttConnection {
 public:
  Connection(asio::io_context& io, BrokerOptions options, MqttContext context, MqttMessage will,
             Events events)
      : io_(io),
        options_(std::move(options)),
        events_(std::move(events)),
        settlements_(context.settlements),
        client_(io.get_executor(), with_trouble(std::move(context)), Watch{this, alive_}) {
    settlements_->ready = [this] { connected(); };
    settlements_->lost = [this] { lost(); };
    client_.brokers(options_.host, options_.port)
        .credentials(options_.client_id, options_.user, options_.password)
        .keep_alive(static_cast<std::uint16_t>(mqtt_keep_alive.count()))
        .will(mqtt::will(will.topic, will.payload, mqtt::qos_e::at_least_once,
                         will.retain ? mqtt::retain_e::yes : mqtt::retain_e::no))
        .connect_property(mqtt::prop::session_expiry_interval,
                          static_cast<std::uint32_t>(session_expiry.count()))
        .connect_property(mqtt::prop::receive_maximum, max_unsettled)
        .connect_property(mqtt::prop::maximum_packet_size, max_mqtt_packet);
  }

  ~Connection() override { Connection::cut(); }

  void cut() override {
    if (!std::exchange(*alive_, false)) return;
    stopping_ = true;
    there_ = false;
    settlements_->ready = settlements_->lost = nullptr;
    client_.cancel();
  }

  void start() override {
    spawn(io_, "the connection to the broker", run(alive_));
    spawn(io_, "what comes from the broker", receive(alive_));
  }

  asio::awaitable<void> stop() override {
    const auto alive = alive_;
    stopping_ = true;
    if (!there_) {
      client_.cancel();
      co_return;
    }
    co_await client_.async_disconnect(goodbye, mqtt::disconnect_props{}, as_result);
    if (*alive) there_ = false;
  }

  [[nodiscard]] bool there() const noexcept override { return there_; }
  [[nodiscard]] bool over() const noexcept override { return stopping_; }
  void settle(std::uint32_t settlement) override { settlements_->settle(settlement); }

  asio::awaitable<Result<void>> publish(MqttMessage message) override {
    mqtt::publish_props properties;
    if (message.content_type) properties[mqtt::prop::content_type] = *message.content_type;
    if (message.expiry)
      properties[mqtt::prop::message_expiry_interval] = static_cast<std::uint32_t>(message.expiry->count());
    if (message.pairs)
      for (auto& pair : *message.pairs) properties[mqtt::prop::user_property].push_back(std::move(pair));
    const auto what = std::format("a message on {}", message.topic);
    co_return co_await confirmed(what, [&](auto done) {
      client_.async_publish<mqtt::qos_e::at_least_once>(
          std::move(message.topic), std::move(message.payload),
          message.retain ? mqtt::retain_e::yes : mqtt::retain_e::no, properties,
          [done, what](error_code error, mqtt::reason_code reason, const mqtt::puback_props&) {
            // Nobody listening is no failure of a publication.
            if (reason == mqtt::reason_codes::no_matching_subscribers) reason = mqtt::reason_codes::success;
            done(result_of(error, reason, what));
          });
    });
  }

  asio::awaitable<Result<void>> subscribe(std::string filter) override {
    const auto what = std::format("the subscription to {}", filter);
    co_return co_await confirmed(what, [&](auto done) {
      client_.async_subscribe(
          mqtt::subscribe_topic{std::move(filter),
                                {.max_qos = mqtt::qos_e::at_least_once, .no_local = mqtt::no_local_e::no}},
          mqtt::subscribe_props{},
          [done, what](error_code error, const std::vector<mqtt::reason_code>& reasons,
                       const mqtt::suback_props&) {
            auto reason = reasons.empty() ? mqtt::reason_codes::success : reasons.front();
            if (!error && reason.value() <= 2)
              reason = mqtt::reason_codes::success;  // the QoS that was granted
            done(result_of(error, reason, what));
          });
    });
  }

  asio::awaitable<Result<void>> unsubscribe(std::string filter) override {
    const auto what = std::format("the end of the subscription to {}", filter);
    co_return co_await confirmed(what, [&](auto done) {
      client_.async_unsubscribe(std::move(filter), mqtt::unsubscribe_props{},
                                [done, what](error_code error, const std::vector<mqtt::reason_code>& reasons,
                                             const mqtt::unsuback_props&) {
                                  auto reason =
                                      reasons.empty() ? mqtt::reason_codes::success : reasons.front();
                                  if (reason == mqtt::reason_codes::no_subscription_existed)
                                    reason = mqtt::reason_codes::success;
                                  done(result_of(error, reason, what));
                                });
    });
  }

  void connected() {
    there_ = true;
    trouble_.clear();
    spdlog::info("The broker {} is there.", options_.host);
    // The library tells us from the middle of its work.
    asio::post(io_, [this, alive = alive_] {
      if (*alive && there_ && events_.there) events_.there();
    });
  }

  /// The library looks for the broker again. It may do so without reading on behind the end of a connection:
  /// where that was reset, the stream hears of it only when it is replaced.
  void looks_for_broker() { lost(); }

  /// Says it once, not with every attempt.
  void trouble(std::string why) {
    if (why == trouble_) return;
    trouble_ = std::move(why);
    spdlog::warn("The broker {}:{}: {}", options_.host, options_.port, trouble_);
  }

 private:
  MqttContext with_trouble(MqttContext context) {
    context.trouble = [this, alive = alive_](std::string why) {
      if (*alive) trouble(std::move(why));
    };
    return context;
  }

  void lost() {
    if (!std::exchange(there_, false)) return;
    if (!stopping_) spdlog::warn("The connection to the broker has ended.");
    if (events_.away) events_.away();  // at once: who asks now must not believe what was
  }

  asio::awaitable<void> run(std::shared_ptr<bool> alive) {
    asio::steady_timer pause(io_);
    while (*alive && !stopping_) {
      co_await client_.async_run(as_result);
      if (!*alive || stopping_) co_return;
      spdlog::warn("The connection to the broker was given up; it is tried again.");
      pause.expires_after(run_again);
      co_await pause.async_wait(as_result);
    }
  }

  asio::awaitable<void> receive(std::shared_ptr<bool> alive) {
    asio::steady_timer pause(io_);
    while (*alive && !stopping_) {
      auto [error, topic, payload, properties] = co_await client_.async_receive(as_result);
      if (!*alive || stopping_) co_return;
      if (error == mqtt::client::error::session_expired)
        continue;  // all is subscribed again with the connection
      if (error) {
        pause.expires_after(run_again);
        co_await pause.async_wait(as_result);
        continue;
      }
      MqttMessage message{.topic = std::move(topic), .payload = std::move(payload)};
      message.content_type = properties[mqtt::prop::content_type];
      if (auto& pairs = properties[mqtt::prop::user_property]; !pairs.empty())
        message.pairs = protocol::Pairs(pairs.begin(), pairs.end());
      if (const auto& ids = properties[mqtt::prop::subscription_identifier]; !ids.empty()) {
        message.settlement = static_cast<std::uint32_t>(ids[0]);
        if (!settlements_->take(message.settlement)) continue;
      }
      events_.arrived(std::move(message));
    }
  }

  /// Starts an operation of the library and waits for it, so long. It is never cancelled: that would end the
  /// client.
  template <class Start>
  asio::awaitable<Result<void>> confirmed(std::string_view what, Start start) {
    const auto alive = alive_;
    if (!there_ || stopping_) co_return fail(Status::offline, "The broker is not there.");
    if (*unconfirmed_ >= max_unconfirmed)
      co_return fail(Status::overloaded,
                     std::format("The broker has {} things to confirm already.", max_unconfirmed));
    const auto outcome = std::make_shared<Outcome>(io_);
    ++*unconfirmed_;
    start([outcome, count = unconfirmed_](Result<void> result) {
      --*count;
      outcome->settle(std::move(result));
    });
    if (!outcome->result) {
      outcome->timer.expires_after(broker_deadline);
      co_await outcome->timer.async_wait(as_result);
    }
    if (outcome->result) co_return std::move(*outcome->result);
    co_return fail(Status::timeout, std::format("The broker did not confirm {} within {} s.", what,
                                                broker_deadline.count() / 1000));
  }

  asio::io_context& io_;
  BrokerOptions options_;
  Events events_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<std::size_t> unconfirmed_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<Settlements> settlements_;
  std::string trouble_;
  bool there_ = false, stopping_ = false;
  Client client_;
};

void Watch::at_tcp_connect(error_code error, const asio::ip::tcp::endpoint&) {
  if (error && *alive) connection->trouble(std::format("it cannot be reached: {}.", error.message()));
}
void Watch::at_tls_handshake(error_code error, const asio::ip::tcp::endpoint&) {
  if (error && *alive && error.category() != asio::error::get_ssl_category())
    connection->trouble(std::format("it makes no secure connection: {}.", error.message()));
}
void Watch::at_connack(mqtt::reason_code reason, bool, const mqtt::connack_props&) {
  if (reason && *alive) connection->trouble(std::format("it refuses us: {}.", reason.message()));
}
void Watch::at_disconnect(mqtt::reason_code reason, const mqtt::disconnect_props&) {
  if (*alive) connection->trouble(std::format("it ended the connection: {}.", reason.message()));
}
void Watch::at_resolve(error_code error, std::string_view, std::string_view,
                       const asio::ip::tcp::resolver::results_type&) {
  if (!*alive) return;
  connection->looks_for_broker();
  if (error) connection->trouble(std::format("there is no such host, or no network: {}.", error.message()));
}

bool is_loopback(const std::string& host) {
  error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  return no_address ? host == "localhost" : address.is_loopback();
}

}  // namespace

Result<BrokerOptions> parse_broker_url(std::string_view url, bool plain_too) {
  BrokerOptions options;
  const auto wrong = [&](std::string_view why) {
    return fail(Status::malformed, std::format("\"{}\" is no address of a broker: {}.", url, why));
  };
  constexpr std::string_view plain = "mqtt://", secure = "mqtts://";
  options.secure = url.starts_with(secure);
  if (!options.secure && !url.starts_with(plain)) return wrong("it begins with mqtt:// or mqtts://");
  auto rest = url.substr(options.secure ? secure.size() : plain.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.contains('@')) return wrong("the user is given by --mqtt-user");
  const auto colon = rest.find(':');
  options.host = rest.substr(0, colon);
  options.port = options.secure ? 8883 : 1883;
  const bool is_name = !options.host.empty() && std::ranges::all_of(options.host, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
  if (!is_name) return wrong("a host is a name or an IPv4 address");
  if (colon != std::string_view::npos) {
    const auto port = rest.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (read.ec != std::errc() || read.ptr != port.data() + port.size() || options.port == 0)
      return wrong("its port is not good");
  }
  if (!options.secure && !plain_too && !is_loopback(options.host))
    return fail(Status::denied,
                std::format("{} would be spoken to without encryption: use mqtts://, or say --mqtt-plain "
                            "if the network is yours alone.",
                            options.host));
  return options;
}

Result<std::shared_ptr<MqttConnection>> MqttConnection::make(asio::io_context& io, BrokerOptions options,
                                                             MqttMessage will, Events events) {
  MqttContext context{
      .settlements = std::make_shared<Settlements>(), .tls = nullptr, .host = options.host, .trouble = {}};
  if (options.secure) {
    auto tls = web::client_context(options.ca_file);
    if (!tls) return std::unexpected(std::move(tls.error()));
    context.tls = std::make_shared<asio::ssl::context>(std::move(*tls));
  }
  return std::make_shared<Connection>(io, std::move(options), std::move(context), std::move(will),
                                      std::move(events));
}

}  // namespace celeriac::gateway
