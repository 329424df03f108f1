#pragma once
// The clock of a replay: it stands at the time of the record that is being replayed.
//
// What rang in the recording rings at its place among the other records, so that a timer and a byte that came
// at about the same time come in the same order again. A timer that the recording does not know of, because
// it was set before the first record or because this hypervisor is another one, rings when it is due.

#include <map>
#include <vector>

#include "hal/recording/record.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::recording {

/// A replayed timer is due when the recorded one was, but for the time that the recorded hypervisor took to
/// come from what happened to setting the timer.
inline constexpr std::chrono::milliseconds due_tolerance{100};

class ReplayTimers final : public Timers {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] std::unique_ptr<Timer> make() override;

  /// The recorded alarms to come, in their order: when they were due, and when they rang.
  struct Ring {
    Instant due, rang;
  };
  void expect(std::vector<Ring> rings) { rings_ = std::move(rings), next_ring_ = 0; }

  /// When the next alarm is due; Instant::max() without one.
  [[nodiscard]] Instant next() const { return alarms_.empty() ? Instant::max() : alarms_.begin()->first; }
  /// Sets the clock without ringing.
  void set_now(Instant now) { now_ = now; }
  /// Goes on to `to`; what is due on the way and not in the recording rings. `settle` runs after each alarm.
  void advance(Instant to, const std::function<void()>& settle);
  /// The next recorded alarm rings now.
  void ring();

 private:
  friend class ReplayTimer;
  struct Alarm {
    std::uint64_t number;
    std::move_only_function<void()> call;
  };
  using Alarms = std::multimap<Instant, Alarm>;
  [[nodiscard]] Alarms::iterator unexpected(Instant to);
  void call(Alarms::iterator alarm);

  Instant now_{};
  Alarms alarms_;
  std::uint64_t last_number_ = 0;
  std::vector<Ring> rings_;
  std::size_t next_ring_ = 0;
};

}  // namespace celeriac::hal::recording
