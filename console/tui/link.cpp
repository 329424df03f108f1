#include "console/tui/link.hpp"

#include <utility>

#include "console/tui/tasks.hpp"

namespace celeriac::console::tui {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;

Link::Link(asio::io_context& io, Target target, Events events)
    : io_(io), target_(std::move(target)), events_(std::move(events)) {}

asio::awaitable<void> Link::keep() {
  while (true) {
    const Error end = co_await once();
    client_ = nullptr;
    if (end.code == interrupted_code) co_return;
    events_.lost(end);
    if (!co_await pass(io_, retry_after)) co_return;
  }
}

asio::awaitable<Error> Link::once() {
  auto made = co_await Client::connect(io_, target_);
  if (!made) co_return std::move(made.error());
  const std::shared_ptr<Client> client = std::move(*made);
  client_ = client;
  if (std::exchange(stop_waits_, false)) co_await stop();
  if (auto prepared = co_await events_.prepare(client); !prepared) co_return std::move(prepared.error());
  events_.connected();
  co_return co_await client->ended([] { return false; });
}

asio::awaitable<void> Link::stop() {
  if (!client_) {
    stop_waits_ = true;
    events_.stopped(std::unexpected(nobody_answers(target_)));
    co_return;
  }
  const auto client = client_;
  auto answer = co_await client->send_urgent("SYS.EMERGENCY_LOCK"_op, stop_patience);
  // A stream that ended under it: the next one carries it again. So it is with the board's confirmation.
  if (!answer && answer.error().code != interrupted_code) stop_waits_ = true;
  if (answer || answer.error().code != interrupted_code) events_.stopped(answer);
}

}  // namespace celeriac::console::tui
