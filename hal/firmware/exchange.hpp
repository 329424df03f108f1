#pragma once
// One command on the line, from its first byte to its final answer.
//
//   SENT ──echo──► ECHOED ──R01──► RUNNING ──R02 / R03──► finished
//    │  0.5 s         │ R09, R87, R88: final without R01
//    ▼                ▼
//   UNHEARD ──idle report: the line was lost, once more──► SENT
//    │ two idle periods and 1 s without a word: dead
//
// Pure: it is told lines and the time, and says what to do. Only lines with its own Q count as its answers;
// Q0 and foreign ones do not. An idle report (R00) after the echo means that the final answer was damaged on
// its way.

#include <chrono>
#include <string>
#include <vector>

#include "hal/firmware/command.hpp"
#include "hal/firmware/homing_witness.hpp"
#include "hal/firmware/patience.hpp"
#include "hal/firmware/reply.hpp"
#include "hal/firmware/traces.hpp"
#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// Values in one answer: 117 parameters, with room for a firmware to come.
inline constexpr std::size_t max_answer_values = 256;
/// What the lines between R01 and R02 said.
struct Answer {
  struct Value {
    Code code;  ///< parameter, calibrated or pin
    int number;
    double value;
  };
  std::vector<Value> values = {};
  PerAxis<std::optional<double>> clipped_mm = {};
  bool unsupported = false;  ///< "Error: invalid parameter id"

  [[nodiscard]] std::optional<double> find(Code code, int number) const noexcept;
};

class Exchange {
 public:
  /// What the owner of the line has to do next.
  enum class Step : std::uint8_t {
    none,
    finished,  ///< outcome() tells
    resend,    ///< the line was lost: sent() with a new Q
    abort,     ///< write '@'
    stop,      ///< '@' was not obeyed: emergency stop
    dead,      ///< nobody answers: the link is lost
  };

  Exchange(Command command, Duration idle_period, Duration echo_time);

  /// The line with this Q has been given to the port.
  void sent(int q, Instant now);
  Step take(const Reply& reply, Instant now);
  /// The time deadline() has come.
  Step tick(Instant now);
  [[nodiscard]] Instant deadline() const noexcept { return std::min(quiet_until_, limit_); }

  /// Somebody wants this move to end. True: write '@' now; false: too early, or nothing that moves.
  bool request_abort(Instant now);

  [[nodiscard]] const Command& command() const noexcept { return command_; }
  [[nodiscard]] bool accepted() const noexcept { return phase_ == Phase::running; }
  [[nodiscard]] int q() const noexcept { return q_; }
  /// '@' was written: one may be left in the board's line buffer.
  [[nodiscard]] bool aborting() const noexcept { return aborts_written_; }
  /// What its lines told on the way.
  [[nodiscard]] const Traces& traces() const noexcept { return traces_; }
  [[nodiscard]] protocol::Result<Answer> outcome() && { return std::move(outcome_); }

 private:
  enum class Phase : std::uint8_t { sent, unheard, echoed, running };
  enum class Cause : std::uint8_t { none, requested, overdue, no_end_stop, damaged };

  Step take_own(const Reply& reply, Instant now);
  Step finish(protocol::Result<Answer> outcome);
  Step once_more_or(protocol::Error error);
  Step begin_abort(Cause cause, Instant now);
  Step take_timeout(Axis axis, Instant now);
  void take_text(std::string_view text);
  void heard(Instant now);
  [[nodiscard]] protocol::Result<Answer> ended_by(Cause cause);

  Command command_;
  Duration idle_period_;
  Duration echo_time_;
  int q_ = 0;
  Phase phase_ = Phase::sent;
  Instant quiet_until_ = Instant::max();  // no line until then: something is wrong
  Instant limit_ = Instant::max();        // the command must have ended by then
  Instant abort_since_{};
  Cause cause_ = Cause::none;
  bool aborts_written_ = false;
  bool stopped_ = false;  // the emergency stop has been asked for
  bool damaged_ = false;  // the echo shows another line than ours
  int resends_left_ = 1;
  int timeouts_ = 0;
  Traces traces_;
  std::optional<HomingWitness> witness_;
  Answer answer_;
  protocol::Result<Answer> outcome_;
};

}  // namespace celeriac::hal::firmware
