#pragma once
// A button that a hand finds without looking.
//
//   missing ──line there──► released ◄──edge, level not active── held
//      ▲                       │  └──────edge, level active──────► │
//      └──────the line went, or cannot be read: every retry again──┘
//
// The level counts, not the edge: it is read after each edge, at the beginning, and every look_again besides,
// so that an edge that got lost stops the machine a little later and not never.

#include <functional>
#include <memory>

#include "hal/gpio/button_state.hpp"
#include "hal/gpio/line_watcher.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::gpio {

/// A line that is not there is looked for again.
inline constexpr std::chrono::seconds button_retry{3};
inline constexpr std::chrono::milliseconds look_again{500};

class StopButton {
 public:
  /// `tell` hears of each change, never from inside the constructor. All references must outlive it.
  StopButton(LineSpec spec, Timers& timers, LineWatcher& watcher, std::function<void(ButtonState)> tell);

  /// Looks for the line, now and until it is there.
  void start();
  [[nodiscard]] const ButtonState& state() const noexcept { return state_; }

 private:
  void look();
  void miss(std::string trouble);
  void become(ButtonState state);

  LineSpec spec_;
  LineWatcher& watcher_;
  std::function<void(ButtonState)> tell_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<WatchedLine> line_;
  ButtonState state_;
};

}  // namespace celeriac::hal::gpio
