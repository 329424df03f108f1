#include "hal/firmware/exchange.hpp"

#include <algorithm>
#include <cmath>

#include "hal/firmware/faults.hpp"

namespace celeriac::hal::firmware {
namespace {

using namespace std::chrono_literals;

/// Longest silence on the line while the board works, by kind of work. While moving it reports several times
/// a second, except for pauses of 0.1 s in moves, 0.5 s in homing and 1 s in calibrations (measured).
constexpr Duration silence_of[] = {2s, 5s, 5s, 15s};

bool is_axis_timeout(Code code) {
  return code == Code::timeout_x || code == Code::timeout_y || code == Code::timeout_z;
}

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
  limit_ = Instant::max();
  quiet_until_ = now + echo_time_;
}

Duration Exchange::silence() const noexcept {
  return silence_of[static_cast<std::size_t>(command_.work)];
}

// Half as long again as it should take, and some seconds for a slow board. A brief command has no work to do.
Duration Exchange::limit() const noexcept {
  return command_.work == Work::brief ? Duration(10s)
                                      : Duration(command_.expected + command_.expected / 2 + 5s);
}

void Exchange::heard(Instant now) {
  if (phase_ == Phase::echoed || phase_ == Phase::running)
    quiet_until_ = cause_ != Cause::none && aborts_written_ ? std::min(quiet_until_, now + abort_repeat)
                                                            : now + silence();
}

Exchange::Step Exchange::take(const Reply& reply, Instant now) {
  heard(now);
  if (reply.code == Code::echo) {
    if (phase_ != Phase::sent && phase_ != Phase::unheard) return Step::none;
    if (reply.text.empty() || reply.text == "@") return Step::none;  // of a stop or an abort, not of the line
    phase_ = Phase::echoed;
    const auto ours = line(command_, q_);
    damaged_ = reply.text != std::string_view(ours).substr(0, ours.size() - 1);
    quiet_until_ = now + silence();
    return Step::none;
  }
  if (is_axis_timeout(reply.code) && phase_ == Phase::running && (!reply.q || *reply.q == q_)) {
    if (command_.work == Work::homing && ++timeouts_ > command_.timeouts_allowed && cause_ == Cause::none)
      return begin_abort(Cause::no_end_stop, now);
    return Step::none;
  }
  if (reply.code == Code::text) {
    if (reply.text.starts_with("Error: invalid parameter id")) answer_.unsupported = true;
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

Exchange::Step Exchange::take_own(const Reply& reply, Instant now) {
  const bool refused = phase_ != Phase::running;
  const auto collect = [&] {
    if (answer_.values.size() < max_answer_values)
      answer_.values.push_back(
          {reply.code, static_cast<int>(reply.word('P').value_or(-1)), reply.word('V').value_or(0)});
    return Step::none;
  };
  switch (reply.code) {
    case Code::started:
      phase_ = Phase::running;
      quiet_until_ = now + silence();
      limit_ = now + limit();
      if (damaged_ && command_.moves()) return begin_abort(Cause::damaged, now);
      if (cause_ != Cause::none) return begin_abort(cause_, now);
      return Step::none;
    case Code::done:
      if (damaged_) return once_more_or(answer_lost(command_));
      return finish(cause_ == Cause::none ? protocol::Result<Answer>(std::move(answer_)) : ended_by(cause_));
    case Code::failed: {
      const int number = static_cast<int>(reply.word('V').value_or(0));
      if (cause_ == Cause::damaged && number == 5) return once_more_or(answer_lost(command_));
      return finish(number == 5 && cause_ != Cause::none ? ended_by(cause_)
                    : number == 1 && command_.work != Work::calibration
                        ? std::unexpected(locked())
                        : protocol::Result<Answer>(std::unexpected(fault(number, command_))));
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
      ++answer_.retries;
      limit_ = now + limit();
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
    quiet_until_ = now + 2 * idle_period_ + 1s;
    return Step::none;
  }
  if (cause_ != Cause::none && aborts_written_) {  // '@' is out and nothing has ended yet
    quiet_until_ = limit_ = now + abort_repeat;
    if (now - abort_since_ < abort_patience) return Step::abort;
    if (now - abort_since_ > 2 * abort_patience) return Step::dead;
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
