#pragma once
// A button that a hand finds without looking.
//
//   missing ──line there──► released ◄──level not active for as long as it bounces── held
//      ▲                       │  └──edge or level active──────────────────────────► │
//      └──────the line went, or cannot be read: every retry again────────────────────┘
//
// The first edge stops, however short. Besides the level is read, at the beginning and every look_again, so
// that an edge that got lost stops the machine a little later and not never.

#include <functional>
#include <memory>

#include "hal/gpio/button_state.hpp"
#include "hal/gpio/chips.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::gpio {

/// A line that is not there is looked for again.
inline constexpr std::chrono::seconds line_retry{3};
/// Seldom enough that a computer at rest sleeps.
inline constexpr std::chrono::milliseconds look_again{1000};
/// A button counts as released when its level has said so for this long: longer than contacts bounce.
inline constexpr std::chrono::milliseconds release_settle{50};

class StopButton {
 public:
  /// `tell` hears of each change, never from inside the constructor. All references must outlive it.
  StopButton(LineSpec spec, Timers& timers, Chips& chips, std::function<void(ButtonState)> tell);

  /// Looks for the line, now and until it is there.
  void start();
  [[nodiscard]] const LineSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const ButtonState& state() const noexcept { return state_; }

 private:
  void edge(bool active);
  void look();
  void miss(std::string trouble);
  void become(ButtonState::Position position, std::string trouble = {});

  LineSpec spec_;
  Chips& chips_;
  std::function<void(ButtonState)> tell_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<WatchedLine> line_;
  ButtonState state_;
};

}  // namespace celeriac::hal::gpio
