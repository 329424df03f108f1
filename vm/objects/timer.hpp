#pragma once
// timer:distro:sys, /sys/timer: answers when a time is over. {"SetTimer": 1500} (ms), or 1500; of Othismo
// {"/sys/timer/othismo.timer.set": {milliseconds: 1500}}.

#include <boost/asio/io_context.hpp>
#include <cstddef>

#include "vm/kernel/kernel.hpp"
#include "vm/objects/spoken.hpp"

namespace celeriac::vm {

/// Timers that run at once, all together.
inline constexpr std::size_t max_timers = 4096;
/// Longest time: a day.
inline constexpr std::int64_t longest_timer = 86'400'000;

class TimerObject final : public NativeObject {
 public:
  TimerObject(boost::asio::io_context& io, Kernel& kernel);
  void receive(NativeCall call) override;

 private:
  boost::asio::io_context& io_;
  std::size_t running_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
