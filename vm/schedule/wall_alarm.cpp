#include "vm/schedule/wall_alarm.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace celeriac::vm {

namespace {

int make_timer() {
  const int made = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (made < 0) throw std::system_error(errno, std::system_category(), "timerfd_create");
  return made;
}

}  // namespace

WallAlarm::WallAlarm(boost::asio::io_context& io, std::function<void()> rings)
    : timer_(io, make_timer()), rings_(std::move(rings)) {
  set(std::nullopt);
  wait();
}

void WallAlarm::set(std::optional<WallTime> time) {
  time_ = time;
  // Without a time the timer still has to run, so that steps of the clock are heard of: until the year 2200.
  constexpr std::int64_t far_away_s = 7'258'118'400;
  std::int64_t ms = time ? time->time_since_epoch().count() : far_away_s * 1000;
  if (ms <= 0) ms = 1;  // 0 would switch it off
  ::itimerspec when{};
  when.it_value.tv_sec = ms / 1000;
  when.it_value.tv_nsec = ms % 1000 * 1'000'000;
  ::timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
}

void WallAlarm::wait() {
  timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      std::uint64_t times = 0;
                      const bool rang = ::read(timer_.native_handle(), &times, sizeof times) == sizeof times;
                      const bool clock_was_set = !rang && errno == ECANCELED;
                      wait();
                      if (clock_was_set) set(time_);  // a step ends the kernel's watch for steps
                      if (rang || clock_was_set) rings_();
                    });
}

}  // namespace celeriac::vm
