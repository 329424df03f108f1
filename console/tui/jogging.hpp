#pragma once
// Jogging with the keys of a terminal, which tell of presses and repeats but never of a release.
//
//            press                 press                    press, within `repeat_gap`
//   idle ──────────► tapped (1) ──────────► tapped (2) ────────────────────────► holding
//         one step       │    within             │ `repeat_gap` over: one step,      │ JOG every `renewal`
//                        │   `repeat_begin`      └──────► tapped (1)                 │
//                        └── `repeat_begin` over ──► idle ◄── `release` since the last press, or any other
//                        key
//
// A held key repeats after 0.25 to 0.7 s, and then 10 to 40 times a second; nobody taps faster than
// `repeat_gap` three times in a row. So the first press makes a step at once, the second waits for
// `repeat_gap` to see whether it is a repeat, and a third close behind it makes the motion one that goes on.
// Ends of jogs are the hypervisor's as well: without a renewal for 200 ms it stops. A hold that failed is
// `spent`: the repeats of the key that is still down do nothing until it has been let go.
//
// Pure: the clock is handed in, and what is to be sent is handed back.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace celeriac::console::tui {

/// Which way: one of the three is 1 or -1.
struct Direction {
  int x = 0, y = 0, z = 0;
  bool operator==(const Direction&) const = default;
};

struct JogOrder {
  enum class Kind : std::uint8_t {
    step,         ///< SYS.MOVE_RELATIVE by one step
    renew,        ///< SYS.JOG in the direction
    stop,         ///< SYS.JOG with all directions 0
    abort_steps,  ///< SYS.ABORT of the steps that are not answered yet
  };
  Kind kind;
  Direction direction = {};
  bool operator==(const JogOrder&) const = default;
};

class Jogging {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Orders = std::vector<JogOrder>;

  static constexpr std::chrono::milliseconds renewal{80};        ///< of a lease of 200 ms
  static constexpr std::chrono::milliseconds repeat_begin{700};  ///< X11 begins to repeat after 660 ms
  static constexpr std::chrono::milliseconds repeat_gap{150};    ///< the Linux console repeats every 92 ms
  static constexpr std::chrono::milliseconds release{250};       ///< no repeat for so long: let go
  /// Steps that are under way or wait for their turn; more taps do nothing.
  static constexpr int most_steps = 4;

  /// A key of the direction was pressed, or repeated.
  Orders press(Direction direction, Time now);
  /// Anything else that happened: another key, the focus went away, jog mode ended.
  Orders halt();
  /// Time went by.
  Orders tick(Time now);
  /// When tick() has something to do, if nothing happens before.
  [[nodiscard]] std::optional<Time> next() const;

  /// A step was answered. A failed one ends what was to come.
  Orders step_ended(bool well, Time now);
  /// A renewal was refused, or the connection ended: nothing moves any more.
  void failed();

  [[nodiscard]] bool holding() const noexcept { return state_ == State::holding; }
  [[nodiscard]] int steps() const noexcept { return steps_; }
  [[nodiscard]] Direction direction() const noexcept { return direction_; }

 private:
  enum class State : std::uint8_t { idle, tapped, holding, spent };

  Orders step(Time now);
  Orders begin_hold(Time now);

  State state_ = State::idle;
  Direction direction_ = {};
  int presses_ = 0;  // of the tapped state: 1, or 2 while it is open whether the second is a repeat
  Time last_press_ = {};
  Time next_renewal_ = {};
  bool renewed_ = false;  // in this hold: there is a motion to stop
  int steps_ = 0;         // unanswered
};

}  // namespace celeriac::console::tui
