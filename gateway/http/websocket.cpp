#include "gateway/http/websocket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <format>

#include "gateway/spawn.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// Silence after which a client is asked whether it is there, and after as much again taken for gone.
constexpr std::chrono::seconds idle_websocket{60};

/// What reader and writer of one WebSocket share.
struct Socket {
  Socket(asio::io_context& io, beast::tcp_stream stream) : ws(std::move(stream)), wake(io) {}

  /// False when the client does not read: the socket is closed without ceremony.
  bool push(ChannelFrame frame, std::string bytes) {
    if (closing) return frame == ChannelFrame::close;
    if (queued + bytes.size() > max_websocket_queue) {
      cut();
      return false;
    }
    if (frame == ChannelFrame::close) closing = true;
    queued += bytes.size();
    queue.emplace_back(frame, std::move(bytes));
    wake.cancel();
    return true;
  }
  void cut() {
    closing = ended = true;
    wake.cancel();
    beast::get_lowest_layer(ws).close();
  }

  websocket::stream<beast::tcp_stream> ws;
  asio::steady_timer wake;
  std::deque<std::pair<ChannelFrame, std::string>> queue;
  std::size_t queued = 0;
  bool closing = false;  // nothing more is taken
  bool ended = false;    // the reader has come to its end
};

asio::awaitable<bool> write(Socket& socket, ChannelFrame frame, const std::string& bytes) {
  beast::error_code failed;
  switch (frame) {
    case ChannelFrame::text:
    case ChannelFrame::binary:
      socket.ws.binary(frame == ChannelFrame::binary);
      failed = std::get<0>(co_await socket.ws.async_write(asio::buffer(bytes), as_result));
      break;
    case ChannelFrame::ping:
    case ChannelFrame::pong: {
      const websocket::ping_data data(std::string_view(bytes).substr(0, 125));
      failed = std::get<0>(frame == ChannelFrame::ping ? co_await socket.ws.async_ping(data, as_result)
                                                       : co_await socket.ws.async_pong(data, as_result));
      break;
    }
    case ChannelFrame::close:
      failed = std::get<0>(co_await socket.ws.async_close(websocket::close_code::normal, as_result));
      break;
  }
  co_return !failed && frame != ChannelFrame::close;
}

asio::awaitable<void> write_on(std::shared_ptr<Socket> socket) {
  while (!socket->ended) {
    if (socket->queue.empty()) {
      socket->wake.expires_at(asio::steady_timer::time_point::max());
      co_await socket->wake.async_wait(as_result);
      continue;
    }
    auto [frame, bytes] = std::move(socket->queue.front());
    socket->queue.pop_front();
    const bool on = co_await write(*socket, frame, bytes);
    socket->queued -= bytes.size();
    if (!on) break;
  }
}

}  // namespace

asio::awaitable<void> serve_websocket(asio::io_context& io, beast::tcp_stream stream,
                                      beast::http::request<beast::http::string_body> upgrade,
                                      HttpService& service, Binding binding, HttpTimes times) {
  stream.expires_never();  // the WebSocket has its own deadlines
  const auto socket = std::make_shared<Socket>(io, std::move(stream));
  auto& ws = socket->ws;
  ws.set_option(websocket::stream_base::timeout{
      .handshake_timeout = times.header, .idle_timeout = idle_websocket, .keep_alive_pings = true});
  ws.read_message_max(max_websocket_message);
  if (const auto [error] = co_await ws.async_accept(upgrade, as_result); error) co_return;
  const Channel channel{.owner = binding.owner,
                        .address = binding.address,
                        .path = binding.path,
                        .push = [weak = std::weak_ptr(socket)](ChannelFrame frame, std::string bytes) {
                          const auto open = weak.lock();
                          return open && open->push(frame, std::move(bytes));
                        }};
  spawn(io, "a WebSocket's writer", write_on(socket));
  const auto id = co_await service.open_channel(channel);
  beast::flat_buffer buffer;
  while (true) {
    const auto [error, bytes] = co_await ws.async_read(buffer, as_result);
    if (error) break;
    const auto frame = ws.got_text() ? ChannelFrame::text : ChannelFrame::binary;
    const bool taken =
        co_await service.channel_said(id, channel, frame, beast::buffers_to_string(buffer.data()));
    buffer.consume(buffer.size());
    if (!taken) {
      socket->push(ChannelFrame::close, {});
      continue;  // until the client has closed as well
    }
  }
  socket->ended = true;
  socket->wake.cancel();
  co_await service.close_channel(id, channel);
}

}  // namespace celeriac::gateway
