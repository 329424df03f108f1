#pragma once
// The one thread of the microcontroller: which routine sleeps, and until when.

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>

#include "firmware-sim/time.hpp"
#include "firmware-sim/uart.hpp"

namespace celeriac::firmware_sim {

/// The firmware's own time may run a little ahead of the world's while it prints; every sleep catches up, so
/// that no input is looked at before it has arrived.
class Cpu {
 public:
  explicit Cpu(Uart& uart) : uart_(uart) {}

  /// The firmware's time.
  [[nodiscard]] Instant now() const { return now_; }
  /// Work that takes time but looks at nothing from outside.
  void spend(Duration cost) { now_ += cost; }
  void spend_until(Instant until) { now_ = std::max(now_, until); }

  struct Sleep {
    Cpu& cpu;
    Instant until;
    bool wake_on_input;

    /// No need to go to sleep for a moment that the world has already reached.
    [[nodiscard]] bool await_ready() const {
      const Instant at = cpu.wake_time(until, wake_on_input);
      if (at > cpu.horizon_) return false;
      cpu.awake(at);
      return true;
    }
    void await_suspend(std::coroutine_handle<> sleeper) const {
      cpu.sleeper_ = sleeper;
      cpu.until_ = until;
      cpu.wake_on_input_ = wake_on_input;
    }
    void await_resume() const {}
  };

  /// Lets time pass; input stays in the UART's ring.
  [[nodiscard]] Sleep sleep(Duration duration) { return {*this, now_ + duration, false}; }
  /// Lets time pass, but not beyond the arrival of a byte. After it `uart().poll()` has been done.
  [[nodiscard]] Sleep sleep_until_or_input(Instant until) { return {*this, until, true}; }
  /// Lets the world catch up with what the firmware has already spent.
  [[nodiscard]] Sleep settle() { return {*this, now_, false}; }

  /// From reset: `routine` has not run yet and starts at `now`.
  void start(std::coroutine_handle<> routine, Instant now) {
    now_ = now;
    sleeper_ = routine;
    until_ = now;
    wake_on_input_ = false;
  }
  /// Nothing runs any more; whoever owned the routine has let it go.
  void stop(Instant now) {
    now_ = std::max(now_, now);
    sleeper_ = {};
  }
  /// When the sleeping routine wakes, given the input that is on the wire.
  [[nodiscard]] std::optional<Instant> next_wake() const {
    if (!sleeper_) return std::nullopt;
    return wake_time(until_, wake_on_input_);
  }
  /// Runs the firmware until everything up to `horizon` is done.
  void run_to(Instant horizon) {
    horizon_ = horizon;
    while (sleeper_) {
      const Instant at = wake_time(until_, wake_on_input_);
      if (at > horizon_) return;
      awake(at);
      std::exchange(sleeper_, {}).resume();
    }
  }

 private:
  [[nodiscard]] Instant wake_time(Instant until, bool wake_on_input) const {
    Instant at = std::max(until, now_);
    if (wake_on_input) {
      if (uart_.readable()) return now_;
      if (const auto arrival = uart_.next_arrival()) at = std::min(at, std::max(*arrival, now_));
    }
    return at;
  }
  void awake(Instant at) {
    now_ = std::max(now_, at);
    uart_.poll(now_);
  }

  Uart& uart_;
  Instant now_{};
  Instant horizon_{};
  std::coroutine_handle<> sleeper_{};
  Instant until_{};
  bool wake_on_input_ = false;
};

}  // namespace celeriac::firmware_sim
