#include "hal/gpio/control_socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <format>
#include <vector>

namespace celeriac::hal::gpio {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using protocol::Result;

void rethrow(std::exception_ptr defect) {
  if (defect) std::rethrow_exception(defect);
}

}  // namespace

struct ControlSocket::State {
  stream_protocol::acceptor acceptor;
  std::filesystem::path path;
  Answer answer;
  std::vector<std::weak_ptr<stream_protocol::socket>> clients = {};

  static asio::awaitable<void> serve(std::shared_ptr<State> state,
                                     std::shared_ptr<stream_protocol::socket> client) {
    std::string buffer;
    boost::system::error_code failed;
    const auto token = asio::redirect_error(asio::use_awaitable, failed);
    while (true) {
      const auto size =
          co_await asio::async_read_until(*client, asio::dynamic_buffer(buffer, max_line), '\n', token);
      if (failed) co_return;  // a line that is too long as well
      const auto reply = state->answer(std::string_view(buffer).substr(0, size - 1)) + '\n';
      buffer.erase(0, size);
      co_await asio::async_write(*client, asio::buffer(reply), token);
      if (failed) co_return;
    }
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> state) {
    while (state->acceptor.is_open()) {
      boost::system::error_code failed;
      auto client = std::make_shared<stream_protocol::socket>(
          co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed)));
      if (failed) continue;
      std::erase_if(state->clients, [](const auto& other) { return other.expired(); });
      if (state->clients.size() >= max_clients) continue;  // closed again at once
      state->clients.push_back(client);
      asio::co_spawn(state->acceptor.get_executor(), serve(state, std::move(client)), rethrow);
    }
  }
};

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& io, std::filesystem::path path,
                                                           Answer answer) {
  const auto fail = [&](std::string_view why) {
    return protocol::fail(protocol::Status::failed,
                          std::format("The socket {} cannot be made: {}.", path.string(), why));
  };
  std::error_code error;
  if (const auto there = std::filesystem::symlink_status(path, error); std::filesystem::exists(there)) {
    if (!std::filesystem::is_socket(there)) return fail("something that is not a socket is in its place");
    std::filesystem::remove(path, error);
  }
  if (path.string().size() >= sizeof(sockaddr_un::sun_path)) return fail("its path is too long");
  stream_protocol::acceptor acceptor(io);
  boost::system::error_code failed;
  acceptor.open(stream_protocol(), failed);
  if (!failed) acceptor.bind(path.string(), failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return fail(failed.message());
  auto state = std::make_shared<State>(std::move(acceptor), std::move(path), std::move(answer));
  asio::co_spawn(io, State::accept(state), rethrow);
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(state)));
}

ControlSocket::~ControlSocket() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& weak : state_->clients)
    if (const auto client = weak.lock()) client->close(ignored);
  std::error_code gone;
  std::filesystem::remove(state_->path, gone);
}

}  // namespace celeriac::hal::gpio
