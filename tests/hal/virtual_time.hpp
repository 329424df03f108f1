#pragma once
// A clock that only moves when nothing is left to do.

#include <boost/asio/io_context.hpp>
#include <map>

#include "hal/timers.hpp"

namespace celeriac::hal::testing {

class VirtualTimers final : public Timers {
 public:
  explicit VirtualTimers(boost::asio::io_context& io) : io_(io) {}
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] std::unique_ptr<Timer> make() override;

  /// When the next alarm rings; Instant::max() without one.
  [[nodiscard]] Instant next() const;
  /// Moves the clock, and posts the alarms that are due.
  void advance(Instant to);

 private:
  friend class VirtualTimer;
  using Alarm = std::move_only_function<void()>;
  struct Entry {
    std::uint64_t number;
    Alarm alarm;
  };
  boost::asio::io_context& io_;
  Instant now_{std::chrono::hours(1)};
  std::multimap<Instant, Entry> alarms_;
  std::uint64_t last_number_ = 0;
};

}  // namespace celeriac::hal::testing
