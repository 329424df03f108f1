#pragma once
// How long the host waits for the board, each figure derived from what the board does.

#include <chrono>

#include "hal/firmware/command.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::firmware {

/// The longest line, an echo of 99 characters with its frame, at 115200 baud and 10 bits a character: 9.4 ms.
inline constexpr std::chrono::microseconds longest_line_time{(99 + 9) * 10 * 1'000'000LL / 115'200};
/// After a parameter of a Trinamic driver the board initialises four of them, 0.1 s each, and is deaf
/// meanwhile (measured: 0.41 s).
inline constexpr std::chrono::milliseconds driver_reload{410};

/// Echo of a line: measured 0.4 to 3 ms. What may stand before it is a whole idle report (six lines, 10 ms)
/// and a pin guard's; the rest is for a host that was busy.
inline constexpr std::chrono::milliseconds echo_patience{500};
/// The same for a line that meets the reload.
inline constexpr std::chrono::milliseconds echo_patience_reloading{1000};
static_assert(echo_patience_reloading >= driver_reload + echo_patience + longest_line_time);

/// Longest pause between two lines while the board works, by kind of work (firmware's source, and measured):
///   brief        the lines follow each other at once; the worst is a reload that an earlier command left
///   move         0.6 s between reports at full speed; 0.1 s to start, 0.2 s at the end; and 0.4 s where a
///                driver that reported an error is set up again
///   homing       as a move, with 0.5 s between rounds in place of the driver's
///   calibration  a line every three home speeds of steps, which is 3 s on the Express and 0.6 s on the
///   others,
///                and a pause of 1 s between phases and after a bump
constexpr std::chrono::milliseconds longest_gap(Work work) noexcept {
  using namespace std::chrono_literals;
  constexpr std::chrono::milliseconds gaps[] = {driver_reload, 600ms + 200ms + 400ms, 600ms + 200ms + 500ms,
                                                3000ms + 1000ms};
  return gaps[static_cast<std::size_t>(work)];
}
/// A silence this many times as long as the longest one that is in order means that nobody is there: room for
/// a slow board and for a host that was busy. A brief command is given 2 s, a move 5 s, a calibration 16 s.
inline constexpr int silence_factor = 4;
constexpr std::chrono::milliseconds silence(Work work) noexcept {
  return silence_factor * longest_gap(work) + std::chrono::milliseconds(200);
}

/// The longest that a command may take: half as long again as it should, and some seconds. The ramp model is
/// exact within a few percent; a slow board and three axes at once stay within a fifth. Brief commands have
/// no work to do: the longest, the list of all parameters, takes 0.25 s on the line.
inline constexpr std::chrono::seconds brief_limit{10};
inline constexpr std::chrono::seconds limit_margin{5};
constexpr Duration limit(const Command& command) noexcept {
  return command.work == Work::brief ? Duration(brief_limit)
                                     : Duration(command.expected + command.expected / 2 + limit_margin);
}

/// An idle board that says nothing for this long is not there: two of its reports missed, and a second.
constexpr Duration idle_silence(Duration idle_period) noexcept {
  return 2 * idle_period + std::chrono::seconds(1);
}

/// '@' is lost in a segment's last 0.2 s, and while a queue of lines is thrown away: it is repeated.
inline constexpr std::chrono::milliseconds abort_repeat{300};
/// An abort that is not obeyed in this time is followed by the emergency stop. When '@' is seen the segment
/// ends, with 0.2 s of pauses; until it is seen may pass
///   in a move         0.1 s, or one repetition if it fell into the end of a segment
///   in homing         0.5 s between two rounds more
///   in a calibration  1 s between phases or after a bump, and the same pause once more after it was seen
constexpr std::chrono::milliseconds abort_patience(Work work) noexcept {
  using namespace std::chrono_literals;
  constexpr std::chrono::milliseconds patience[] = {1000ms, 1000ms, 1500ms, 2500ms};
  return patience[static_cast<std::size_t>(work)];
}

}  // namespace celeriac::hal::firmware
