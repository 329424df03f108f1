#include "console/tui/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "console/interruption.hpp"

namespace celeriac::console::tui {
namespace asio = boost::asio;

namespace {

asio::awaitable<void> guarded(asio::awaitable<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

Tasks::Tasks(asio::io_context& io, std::function<void(std::exception_ptr)> defect)
    : io_(io), defect_(std::move(defect)), idle_(io) {}

Tasks::Id Tasks::start(asio::awaitable<void> task) {
  const Id id = ++last_;
  auto& signal = running_[id];
  asio::co_spawn(io_, guarded(std::move(task)),
                 asio::bind_cancellation_slot(signal.slot(), [this, id](const std::exception_ptr& thrown) {
                   running_.erase(id);
                   if (running_.empty()) idle_.cancel();
                   if (thrown) defect_(thrown);
                 }));
  return id;
}

void Tasks::cancel(Id id) {
  const auto found = running_.find(id);
  if (found != running_.end()) found->second.emit(asio::cancellation_type::terminal);
}

void Tasks::cancel_all() {
  std::vector<Id> all;
  for (const auto& [id, signal] : running_) all.push_back(id);
  for (const Id id : all) cancel(id);
}

asio::awaitable<void> Tasks::end(std::chrono::milliseconds grace) {
  constexpr std::chrono::milliseconds insistence{20};
  cancel_all();
  idle_.expires_after(grace);
  while (!running_.empty()) {
    const auto [error] = co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) continue;  // the last one has ended, or somebody is in a hurry to leave
    cancel_all();
    idle_.expires_after(insistence);
  }
}

asio::awaitable<bool> pass(asio::io_context& io, std::chrono::milliseconds time) {
  if (co_await interrupted()) co_return false;
  asio::steady_timer timer(io, time);
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !error;
}

}  // namespace celeriac::console::tui
