#pragma once
// Time as the hypervisor sees it: asked for, never taken. Real time on Asio, virtual time in tests.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace celeriac::hal {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Duration = Clock::duration;

/// One alarm. Destroying it cancels it.
class Timer {
 public:
  virtual ~Timer() = default;
  /// Calls `alarm` once when `after` has passed, never from inside this call; what was set before is
  /// forgotten.
  virtual void set(Duration after, std::move_only_function<void()> alarm) = 0;
  virtual void cancel() = 0;
};

class Timers {
 public:
  virtual ~Timers() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Timer> make() = 0;
};

/// Real time.
class AsioTimers final : public Timers {
 public:
  explicit AsioTimers(boost::asio::io_context& io) : io_(io) {}
  [[nodiscard]] Instant now() const override { return Clock::now(); }
  [[nodiscard]] std::unique_ptr<Timer> make() override;

 private:
  boost::asio::io_context& io_;
};

}  // namespace celeriac::hal
