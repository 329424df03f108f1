#include "gateway/gateway.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::Result;

Gateway::Gateway(asio::io_context& io, const GatewayOptions& options)
    : link_(std::make_shared<VmLink>(io, options.vm)),
      http_(*link_, io, options.http_access, options.http_times),
      client_(*link_, options.ca_file) {}

Result<std::unique_ptr<Gateway>> Gateway::start(asio::io_context& io, GatewayOptions options) {
  std::unique_ptr<Gateway> gateway(new Gateway(io, options));
  if (options.http) {
    auto server = HttpServer::listen(io, std::move(*options.http), gateway->http_, options.http_times);
    if (!server) return std::unexpected(std::move(server.error()));
    gateway->server_ = std::move(*server);
  }
  if (options.broker) {
    auto* topics = (gateway->topics_ = std::make_shared<Topics>(*gateway->link_, io, options.dead_letters,
                                                                options.topic_times))
                       .get();
    auto* nodes =
        (gateway->nodes_ = std::make_shared<Nodes>(*gateway->link_, io, options.node, options.node_times))
            .get();
    auto connection = MqttConnection::make(io, std::move(*options.broker), Nodes::will(options.node),
                                           {.there =
                                                [topics, nodes] {
                                                  nodes->there();
                                                  topics->there();
                                                },
                                            .away = [nodes] { nodes->away(); },
                                            .arrived =
                                                [topics, nodes](MqttMessage message) {
                                                  if (!nodes->arrived(message))
                                                    topics->arrived(std::move(message));
                                                }});
    if (!connection) return std::unexpected(std::move(connection.error()));
    gateway->connection_ = std::move(*connection);
    topics->use(gateway->connection_);
    nodes->use(gateway->connection_);
    gateway->connection_->start();
  }
  gateway->link_->start();
  return gateway;
}

Gateway::~Gateway() {
  if (connection_) connection_->cut();
  link_->stop();
}

asio::awaitable<void> Gateway::stop() {
  const auto connection = connection_;  // we may be gone before they are
  const auto link = link_;
  if (connection) co_await connection->stop();
  link->stop();
}

}  // namespace celeriac::gateway
