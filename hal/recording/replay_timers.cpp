#include "hal/recording/replay_timers.hpp"

#include <algorithm>

namespace celeriac::hal::recording {
namespace {

/// No alarm of a machine that works at all is this late; later ones in the recording are not looked at.
constexpr std::chrono::seconds latest_ringing{10};

Duration apart(Instant a, Instant b) {
  return a < b ? b - a : a - b;
}

}  // namespace

class ReplayTimer final : public Timer {
 public:
  explicit ReplayTimer(ReplayTimers& timers) : timers_(timers) {}
  ~ReplayTimer() override { cancel(); }

  void set(Duration after, std::move_only_function<void()> alarm) override {
    cancel();
    number_ = ++timers_.last_number_;
    timers_.alarms_.emplace(timers_.now_ + after, ReplayTimers::Alarm{number_, std::move(alarm)});
  }
  void cancel() override {
    std::erase_if(timers_.alarms_, [&](const auto& alarm) { return alarm.second.number == number_; });
  }

 private:
  ReplayTimers& timers_;
  std::uint64_t number_ = 0;
};

std::unique_ptr<Timer> ReplayTimers::make() {
  return std::make_unique<ReplayTimer>(*this);
}

// The first alarm that is due and that no recorded one stands for; each of those stands for one.
ReplayTimers::Alarms::iterator ReplayTimers::unexpected(Instant to) {
  std::vector<bool> taken;
  for (auto alarm = alarms_.begin(); alarm != alarms_.end() && alarm->first <= to; ++alarm) {
    bool expected = false;
    for (std::size_t i = next_ring_; i < rings_.size() && !expected; ++i) {
      if (rings_[i].rang > alarm->first + latest_ringing) break;
      if (taken.size() <= i - next_ring_) taken.resize(i - next_ring_ + 1);
      if (taken[i - next_ring_] || apart(rings_[i].due, alarm->first) > due_tolerance) continue;
      taken[i - next_ring_] = expected = true;
    }
    if (!expected) return alarm;
  }
  return alarms_.end();
}

void ReplayTimers::call(Alarms::iterator alarm) {
  auto taken = alarms_.extract(alarm);
  taken.mapped().call();
}

void ReplayTimers::advance(Instant to, const std::function<void()>& settle) {
  for (auto alarm = unexpected(to); alarm != alarms_.end(); alarm = unexpected(to)) {
    now_ = std::max(now_, alarm->first);
    call(alarm);
    settle();
  }
  now_ = std::max(now_, to);
}

void ReplayTimers::ring() {
  if (next_ring_ == rings_.size()) return;
  const auto due = rings_[next_ring_++].due;
  auto best = alarms_.end();
  for (auto alarm = alarms_.lower_bound(due - due_tolerance);
       alarm != alarms_.end() && alarm->first <= due + due_tolerance; ++alarm)
    if (best == alarms_.end() || apart(alarm->first, due) < apart(best->first, due)) best = alarm;
  if (best != alarms_.end()) call(best);
}

}  // namespace celeriac::hal::recording
