#pragma once
// The gateway as a whole: the link to the VM, and what is configured of HTTP and MQTT.
//
//   VmLink ── http-server, http-client ── HttpServer, web::fetch
//     └────── mqtt, net ── MqttConnection

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gateway/http/client_service.hpp"
#include "gateway/http/server.hpp"
#include "gateway/mqtt/nodes.hpp"
#include "gateway/mqtt/topics.hpp"

namespace celeriac::gateway {

struct GatewayOptions {
  std::filesystem::path vm;  ///< its unix socket
  std::string node;          ///< our name among other nodes; protocol::is_node_name
  std::optional<HttpDoor> http;
  HttpAccess http_access;
  std::optional<BrokerOptions> broker;
  std::string dead_letters;       ///< topic on the broker; "" for none
  std::filesystem::path ca_file;  ///< certificates that are believed beside the system's
  HttpTimes http_times;
  TopicTimes topic_times;
  NodeTimes node_times;
};

class Gateway {
 public:
  /// Listens and connects. failed: it cannot listen, or a file cannot be read. What is away (VM, broker) is
  /// waited for.
  static protocol::Result<std::unique_ptr<Gateway>> start(boost::asio::io_context& io,
                                                          GatewayOptions options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes leave of the broker, so that other nodes know at once.
  boost::asio::awaitable<void> stop();

  [[nodiscard]] bool vm_there() const noexcept { return link_->up(); }
  [[nodiscard]] bool broker_there() const noexcept { return connection_ && connection_->there(); }
  [[nodiscard]] std::uint16_t http_port() const noexcept {
    return server_ ? server_->port() : std::uint16_t{0};
  }
  [[nodiscard]] const Nodes* nodes() const noexcept { return nodes_.get(); }

 private:
  Gateway(boost::asio::io_context& io, const GatewayOptions& options);

  std::shared_ptr<VmLink> link_;
  HttpService http_;
  HttpClientService client_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<Topics> topics_;
  std::shared_ptr<Nodes> nodes_;
  std::shared_ptr<MqttConnection> connection_;
};

}  // namespace celeriac::gateway
