#pragma once
// One WebSocket: what its client says goes to the process, what the process pushes goes to it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "gateway/http/service.hpp"

namespace celeriac::gateway {

/// Takes the upgrade and serves until either side closes, or the process has ended.
boost::asio::awaitable<void> serve_websocket(
    boost::asio::io_context& io, boost::beast::tcp_stream stream,
    boost::beast::http::request<boost::beast::http::string_body> upgrade, HttpService& service,
    Binding binding, HttpTimes times);

}  // namespace celeriac::gateway
