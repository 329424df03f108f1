#include "hal/firmware/exchange.hpp"

#include <algorithm>
#include <cmath>

#include "hal/firmware/faults.hpp"

namespace celeriac::hal::firmware {
namespace {

std::optional<Axis> axis_of_timeout(Code code) {
  const int index = static_cast<int>(code) - static_cast<int>(Code::timeout_x);
  if (index < 0 || index > 2) return std::nullopt;
  return static_cast<Axis>(index);
}

/// Texts of the board that name a motor behind them, and what they say of its axis.
struct MotorText {
  std::string_view begin;
  PerAxis<bool> Traces::* told;
};
constexpr MotorText motor_texts[] = {
    {"deactivate motor ", &Traces::missed_steps},
    {"reset motor ", &Traces::driver_reset},
};

}  // namespace

std::optional<double> Answer::find(Code code, int number) const noexcept {
  const auto found = std::ranges::find_if(
      values, [&](const Value& value) { return value.code == code && value.number == number; });
  return found == values.end() ? std::nullopt : std::optional(found->value);
}

Exchange::Exchange(Command command, Duration idle_period, Duration echo_time)
    : command_(std::move(command)), idle_period_(idle_period), echo_time_(echo_time) {}

void Exchange::sent(int q, Instant now) {
  q_ = q;
  phase_ = Phase::sent;
  damaged_ = aborts_written_ = stopped_ = false;
  timeouts_ = 0;
  answer_ = {};
  traces_ = {};
  witness_.reset();
  if (command_.work == Work::homing && command_.axis) witness_.emplace(*command_.axis, command_.from_mm);
  limit_ = Instant::max();
  quiet_until_ = now + echo_time_;
}

void Exchange::heard(Instant now) {
  if (phase_ == Phase::echoed || phase_ == Phase::running)
    quiet_until_ = cause_ != Cause::none && aborts_written_ ? std::min(quiet_until_, now + abort_repeat)
                                                            : now + silence(command_.work);
}

Exchange::Step Exchange::take(const Reply& reply, Instant now) {
  heard(now);
  if (reply.code == Code::echo) {
    if (phase_ != Phase::sent && phase_ != Phase::unheard) return Step::none;
    if (reply.text.empty() || reply.text == "@") return Step::none;  // of a stop or an abort, not of the line
    phase_ = Phase::echoed;
    const auto ours = line(command_, q_);
    damaged_ = reply.text != std::string_view(ours).substr(0, ours.size() - 1);
    quiet_until_ = now + silence(command_.work);
    return Step::none;
  }
  const bool ours = phase_ == Phase::running && (!reply.q || *reply.q == q_);
  if (witness_ && ours) witness_->take(reply, now);
  if (const auto axis = axis_of_timeout(reply.code)) return ours ? take_timeout(*axis, now) : Step::none;
  if (reply.code == Code::text) {
    if (phase_ == Phase::echoed || phase_ == Phase::running) take_text(reply.text);
    return Step::none;
  }
  if (reply.q && *reply.q == q_) return take_own(reply, now);

  const bool idle = reply.code == Code::idle || reply.code == Code::stopped;
  if (!idle || phase_ == Phase::sent) return Step::none;  // a report may have been on its way before our line
  if (reply.code == Code::stopped) return finish(std::unexpected(locked()));
  if (phase_ == Phase::unheard || (!command_.moves() && cause_ == Cause::none))
    return once_more_or(answer_lost(command_));
  return finish(cause_ == Cause::none ? std::unexpected(answer_lost(command_)) : ended_by(cause_));
}

// A calibration's x timeout is followed by those of y and z: the firmware falls through its own table.
Exchange::Step Exchange::take_timeout(Axis axis, Instant now) {
  traces_.timed_out[command_.work == Work::calibration ? command_.axis.value_or(axis) : axis] = true;
  if (command_.work == Work::homing && ++timeouts_ > command_.timeouts_allowed && cause_ == Cause::none)
    return begin_abort(Cause::no_end_stop, now);
  return Step::none;
}

void Exchange::take_text(std::string_view text) {
  if (text.starts_with("Error: invalid parameter id")) answer_.unsupported = true;
  if (text.starts_with("Calibration error: end stop active")) traces_.pressed_at_start = true;
  if (text.starts_with("movement done after safety retry")) traces_.bumped_too_often = true;
  for (const auto& row : motor_texts)
    if (text.starts_with(row.begin) && text.size() > row.begin.size()) {
      const int axis = text[row.begin.size()] - 'X';
      // A homing's own segment ends in missed steps where there is no end stop: that is its way to find home.
      if (axis < 0 || axis > 2 ||
          (row.told == &Traces::missed_steps &&
           (command_.work == Work::homing || command_.work == Work::calibration)))
        continue;
      (traces_.*row.told)[static_cast<Axis>(axis)] = true;
    }
}

Exchange::Step Exchange::take_own(const Reply& reply, Instant now) {
  const bool refused = phase_ != Phase::running;
  const auto collect = [&] {
    if (answer_.values.size() < max_answer_values)
      answer_.values.push_back(
          {reply.code, static_cast<int>(reply.word('P').value_or(-1)), reply.word('V').value_or(0)});
    return Step::none;
  };
  switch (reply.code) {
    case Code::busy:
    case Code::axis_state:
      if (!refused || !command_.moves()) return Step::none;
      [[fallthrough]];  // it works, so its R01 was lost on the line
    case Code::started:
      phase_ = Phase::running;
      traces_.started = true;
      quiet_until_ = now + silence(command_.work);
      limit_ = now + limit(command_);
      if (damaged_ && command_.moves()) return begin_abort(Cause::damaged, now);
      if (cause_ != Cause::none) return begin_abort(cause_, now);
      return Step::none;
    case Code::done:
      if (damaged_) return once_more_or(answer_lost(command_));
      if (witness_ && cause_ == Cause::none) traces_.displacement_mm = witness_->displacement_mm();
      return finish(cause_ == Cause::none ? protocol::Result<Answer>(std::move(answer_)) : ended_by(cause_));
    case Code::failed: {
      const int number = static_cast<int>(reply.word('V').value_or(0));
      if (cause_ == Cause::damaged && number == 5) return once_more_or(answer_lost(command_));
      return finish(number == 5 && cause_ != Cause::none ? ended_by(cause_)
                    : number == 1 && command_.work != Work::calibration
                        ? std::unexpected(locked())
                        : protocol::Result<Answer>(std::unexpected(fault(number, command_, traces_))));
    }
    case Code::invalid:
      if (!refused) return Step::none;
      return damaged_ ? once_more_or(answer_lost(command_))
                      : finish(std::unexpected(invalid_command(command_)));
    case Code::stopped:  // after R01 it only acknowledges the stop, and R03 V1 follows
      return refused ? finish(std::unexpected(locked())) : Step::none;
    case Code::not_approved:
      return refused ? finish(std::unexpected(not_approved(command_))) : Step::none;
    case Code::retry:
      ++traces_.retries;
      limit_ = now + limit(command_);
      return Step::none;
    case Code::clipped_x:
    case Code::clipped_y:
    case Code::clipped_z: {
      const auto axis = static_cast<Axis>(static_cast<int>(reply.code) - static_cast<int>(Code::clipped_x));
      answer_.clipped_mm[axis] = reply.word(letter(axis));
      return Step::none;
    }
    case Code::parameter:
    case Code::calibrated:
    case Code::pin:
      return collect();
    case Code::idle:  // the board shows our Q in its idle report: it has refused, and the refusal was lost
      return once_more_or(answer_lost(command_));
    default:
      return Step::none;
  }
}

Exchange::Step Exchange::tick(Instant now) {
  if (now < deadline()) return Step::none;
  if (phase_ == Phase::sent) {
    phase_ = Phase::unheard;
    quiet_until_ = now + idle_silence(idle_period_);
    return Step::none;
  }
  if (cause_ != Cause::none && aborts_written_) {  // '@' is out and nothing has ended yet
    quiet_until_ = limit_ = now + abort_repeat;
    const auto patience = abort_patience(command_.work);
    if (now - abort_since_ < patience) return Step::abort;
    if (now - abort_since_ > 2 * patience) return Step::dead;
    if (std::exchange(stopped_, true)) return Step::none;
    return Step::stop;
  }
  if (phase_ == Phase::running && now >= limit_ && now < quiet_until_ && command_.moves())
    return begin_abort(Cause::overdue, now);
  return Step::dead;
}

bool Exchange::request_abort(Instant now) {
  if (!command_.moves() || cause_ != Cause::none) return false;
  if (phase_ == Phase::running) return begin_abort(Cause::requested, now) == Step::abort;
  cause_ = Cause::requested;  // '@' before R01 would become a part of a line: it goes out with R01
  return false;
}

Exchange::Step Exchange::begin_abort(Cause cause, Instant now) {
  cause_ = cause;
  aborts_written_ = true;
  abort_since_ = now;
  quiet_until_ = now + abort_repeat;
  limit_ = Instant::max();
  return Step::abort;
}

protocol::Result<Answer> Exchange::ended_by(Cause cause) {
  switch (cause) {
    case Cause::requested:
      return std::unexpected(aborted(command_));
    case Cause::overdue:
      return std::unexpected(overdue(command_));
    case Cause::no_end_stop:
      return std::unexpected(no_end_stop(command_));
    case Cause::damaged:
      return std::unexpected(answer_lost(command_));
    case Cause::none:
      break;
  }
  return std::move(answer_);
}

Exchange::Step Exchange::once_more_or(protocol::Error error) {
  if (cause_ == Cause::requested) return finish(ended_by(cause_));
  if (resends_left_-- <= 0) return finish(std::unexpected(std::move(error)));
  cause_ = Cause::none;
  return Step::resend;
}

Exchange::Step Exchange::finish(protocol::Result<Answer> outcome) {
  outcome_ = std::move(outcome);
  return Step::finished;
}

}  // namespace celeriac::hal::firmware
