#include "virtual_time.hpp"

#include <boost/asio/post.hpp>

namespace celeriac::hal::testing {

class VirtualTimer final : public Timer {
 public:
  explicit VirtualTimer(VirtualTimers& timers) : timers_(timers) {}
  ~VirtualTimer() override { cancel(); }

  void set(Duration after, std::move_only_function<void()> alarm) override {
    cancel();
    *current_ = number_ = ++timers_.last_number_;
    // Between ringing and being called it may be cancelled.
    auto guarded = [current = current_, number = number_, alarm = std::move(alarm)]() mutable {
      if (*current == number) alarm();
    };
    timers_.alarms_.emplace(timers_.now_ + after, VirtualTimers::Entry{number_, std::move(guarded)});
  }
  void cancel() override {
    *current_ = 0;
    std::erase_if(timers_.alarms_, [&](const auto& entry) { return entry.second.number == number_; });
  }

 private:
  VirtualTimers& timers_;
  std::uint64_t number_ = 0;
  std::shared_ptr<std::uint64_t> current_ = std::make_shared<std::uint64_t>(0);
};

std::unique_ptr<Timer> VirtualTimers::make() {
  return std::make_unique<VirtualTimer>(*this);
}

Instant VirtualTimers::next() const {
  return alarms_.empty() ? Instant::max() : alarms_.begin()->first;
}

void VirtualTimers::advance(Instant to) {
  now_ = std::max(now_, to);
  while (!alarms_.empty() && alarms_.begin()->first <= now_) {
    auto entry = alarms_.extract(alarms_.begin());
    boost::asio::post(io_, std::move(entry.mapped().alarm));
  }
}

}  // namespace celeriac::hal::testing
