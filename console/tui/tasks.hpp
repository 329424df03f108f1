#pragma once
// Coroutines that one owner has started, and ends before it ends.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>

namespace celeriac::console::tui {

class Tasks {
 public:
  using Id = std::uint64_t;

  /// `defect` hears of exceptions that a coroutine let go.
  Tasks(boost::asio::io_context& io, std::function<void(std::exception_ptr)> defect);
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  /// Starts a coroutine; it hears of its cancellation as an error of what it awaits.
  Id start(boost::asio::awaitable<void> task);
  /// Cancels one; nothing if it has ended.
  void cancel(Id id);
  /// Cancels all and waits until they have ended; those that take longer than `grace` to say goodbye are
  /// cancelled again and again, each time out of what they wait for then. Nothing may be started any more.
  boost::asio::awaitable<void> end(std::chrono::milliseconds grace);
  [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }

 private:
  void cancel_all();

  boost::asio::io_context& io_;
  std::function<void(std::exception_ptr)> defect_;
  std::map<Id, boost::asio::cancellation_signal> running_;
  boost::asio::steady_timer idle_;
  Id last_ = 0;
};

/// Waits; false if the coroutine was cancelled, before or meanwhile.
boost::asio::awaitable<bool> pass(boost::asio::io_context& io, std::chrono::milliseconds time);

}  // namespace celeriac::console::tui
