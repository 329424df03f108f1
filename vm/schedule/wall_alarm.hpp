#pragma once
// Rings at a time of the wall clock, and whenever somebody sets that clock.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "vm/schedule/calendar.hpp"

namespace celeriac::vm {

/// The kernel's timer on the real-time clock: it counts a suspended machine's time too, and is told of every
/// step of the clock, so nothing polls.
class WallAlarm {
 public:
  WallAlarm(boost::asio::io_context& io, std::function<void()> rings);
  WallAlarm(const WallAlarm&) = delete;
  WallAlarm& operator=(const WallAlarm&) = delete;

  /// One that is past rings soon. nullopt: only when the clock is set. Replaces the one before.
  void set(std::optional<WallTime> time);

 private:
  void wait();

  boost::asio::posix::stream_descriptor timer_;
  std::function<void()> rings_;
  std::optional<WallTime> time_;
};

}  // namespace celeriac::vm
