#include "hal/motion/moves.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>
#include <format>

#include "hal/firmware/faults.hpp"

namespace celeriac::hal::motion {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using firmware::Answer;
using firmware::Family;
using firmware::Severity;
using protocol::Error;
using protocol::Result;
using protocol::Status;

/// Rounds of a homing whose length is not known that may end in the axis timeout, before there is no end
/// stop.
constexpr int timeouts_without_length = 2;
/// A calibration does not begin on a pressed end stop: so far away it is released (the firmware's own homing
/// goes as far).
constexpr double off_end_stop_mm = 10;
/// However slow the crawl and however short the timeout.
constexpr int most_timeouts = 50;

std::chrono::milliseconds axis_timeout(const firmware::ParameterSet& parameters, Axis axis) {
  return std::chrono::seconds(std::clamp(parameters.get(Family::movement_timeout, axis), 1, 24 * 3600));
}

// Homing crawls past 0 at home speed until the end stop, in rounds that the axis timeout ends: as many as the
// axis is long.
firmware::Command homing(const firmware::ParameterSet& parameters, Axis axis,
                         std::chrono::milliseconds to_zero) {
  auto command = firmware::find_home(axis);
  const auto timeout = axis_timeout(parameters, axis);
  const double crawl_s = static_cast<double>(std::abs(parameters.get(Family::length, axis))) /
                         std::max(1, parameters.get(Family::home_speed, axis));
  const double rounds = crawl_s * 1000 / static_cast<double>(timeout.count());
  command.timeouts_allowed = crawl_s > 0
                                 ? static_cast<int>(std::min<double>(most_timeouts, std::ceil(rounds)))
                                 : timeouts_without_length;
  command.expected = to_zero + (command.timeouts_allowed + 1) * (timeout + 5s);
  return command;
}

// Where to go so that no end stop of the axis is pressed; nothing if none is.
std::optional<double> off_end_stop(const firmware::BoardState& board, Axis axis) {
  const auto& parameters = board.parameters;
  if (parameters.get(Family::enable_end_stops, axis) != 1 || !board.position_mm[axis]) return std::nullopt;
  const int pressed = parameters.get(Family::invert_end_stop_levels, axis) != 0 ? 1 : 0;
  const bool swapped = parameters.get(Family::swap_end_stops, axis) != 0;
  const double away = parameters.get(Family::home_up, axis) == 1 ? -off_end_stop_mm : off_end_stop_mm;
  if (board.end_stops[axis][swapped ? 1 : 0] == pressed) return *board.position_mm[axis] + away;
  if (board.end_stops[axis][swapped ? 0 : 1] == pressed) return *board.position_mm[axis] - away;
  return std::nullopt;
}

}  // namespace

std::span<const Axis> axes_of(std::int64_t number) noexcept {
  if (number == 3) return up_first;
  return std::span(all_axes).subspan(static_cast<std::size_t>(number), 1);
}

Result<PerAxis<double>> Moves::position() const {
  if (link_.state() != firmware::LinkState::ready) return std::unexpected(link_.offline());
  const auto& board = link_.board();
  if (!board.position_known())
    return protocol::fail(Status::wrong_state,
                          "The board has not told its position yet: try again in a few seconds.");
  PerAxis<double> known;
  for (const auto axis : all_axes) known[axis] = *board.position_mm[axis];
  return known;
}

Moves::Task<void> Moves::absolute(PerAxis<double> target_mm, PerAxis<double> percent) {
  if (const auto refused = link_.state() == firmware::LinkState::ready
                               ? reckoning_.allow(target_mm, link_.board())
                               : Result<void>();
      !refused)
    co_return std::unexpected(refused.error());
  co_return co_await go(target_mm, percent);
}

Moves::Task<void> Moves::relative(PerAxis<double> distance_mm, PerAxis<double> percent) {
  auto target = position();
  if (!target) co_return std::unexpected(target.error());
  for (const auto axis : all_axes) (*target)[axis] += distance_mm[axis];
  co_return co_await go(*target, percent);
}

Moves::Task<void> Moves::jog(PerAxis<double> distance_mm, PerAxis<double> percent) {
  const auto from = position();
  if (!from) co_return std::unexpected(from.error());
  auto target = *from;
  for (const auto axis : all_axes) target[axis] += distance_mm[axis];
  co_return co_await drive(within(limits_in_force(), *from, target), percent);
}

Moves::Task<void> Moves::home(std::span<const Axis> axes, double percent) {
  if (const auto allowed = reckoning_.allow_home(axes); !allowed) co_return allowed;
  for (const auto axis : axes) {
    auto target = position();
    if (!target) co_return std::unexpected(target.error());
    (*target)[axis] = 0;
    const auto gone = co_await go(*target, {percent, percent, percent});
    if (!gone) co_return gone;
  }
  co_return Result<void>{};
}

Moves::Task<Answer> Moves::run(firmware::Command command) {
  if (cancelled_) co_return std::unexpected(firmware::aborted(command));
  co_return co_await link_.execute(std::move(command));
}

void Moves::ended(const firmware::Command& command, bool good, const firmware::Traces& traces) const {
  if (good && traces.retries > 0)  // an error says it itself
    report_(Severity::warn,
            std::format("The board tried {} times: {}. Something is in the way, or an axis runs too fast.",
                        traces.retries + 1, command.what));
  for (const auto axis : all_axes)
    if (traces.driver_reset[axis])
      report_(
          Severity::warn,
          std::format("The motor driver of the {0} axis reported an error and was set up again: let it cool "
                      "down, check its wiring, and lower movement_motor_current_{0} if it comes back. Then "
                      "find home.",
                      name(axis)));
}

void Moves::cancel() {
  cancelled_ = true;
  link_.abort_move();
  interrupt({.status = Status::cancelled, .message = "Stopped by request.", .code = firmware::code::aborted});
}

PerAxis<Range> Moves::limits_in_force() const {
  auto limits = limits_();
  for (const auto axis : all_axes)
    if (reckoning_.of(axis).trust == position::Trust::unknown) limits[axis] = {};
  return limits;
}

Moves::Task<void> Moves::go(PerAxis<double> target_mm, PerAxis<double> percent) {
  if (const auto from = position())
    if (auto allowed = check_limits(limits_in_force(), *from, target_mm); !allowed) co_return allowed;
  co_return co_await drive(target_mm, percent);
}

Moves::Task<void> Moves::drive(PerAxis<double> target_mm, PerAxis<double> percent) {
  const auto& parameters = link_.board().parameters;
  const auto speeds = speeds_of(parameters, percent);
  auto written = target_mm;
  for (const auto axis : all_axes)
    written[axis] = coordinate_for(target_mm[axis], parameters.steps_per_mm(axis));
  auto command = firmware::move(written, speeds);
  if (!command) co_return std::unexpected(command.error());
  // From where it is; a place that is not known could be anywhere within the axis timeout.
  const auto from = position();
  command->expected = from ? move_duration(parameters, *from, written, speeds)
                           : std::max({axis_timeout(parameters, Axis::x), axis_timeout(parameters, Axis::y),
                                       axis_timeout(parameters, Axis::z)});
  const auto answer = co_await run(std::move(*command));
  if (!answer) co_return std::unexpected(answer.error());
  compare(target_mm, *answer);
  co_return Result<void>{};
}

void Moves::compare(const PerAxis<double>& target_mm, const Answer& answer) const {
  const auto& board = link_.board();
  for (const auto axis : all_axes) {
    const auto reached = board.position_mm[axis];
    if (answer.clipped_mm[axis]) {
      report_(Severity::info,
              std::format("{} {:.2f} is beyond the axis: the board went to {:.2f} instead (soft limit).",
                          name(axis), target_mm[axis], reached.value_or(*answer.clipped_mm[axis])));
    } else if (reached &&
               std::abs(*reached - target_mm[axis]) > 1.0 / board.parameters.steps_per_mm(axis) + 0.05) {
      report_(Severity::warn, std::format("The {0} axis stopped at {1:.2f} instead of {2:.2f}: an end stop "
                                          "was pressed on the way. If there "
                                          "is none at this place, check it, then find home.",
                                          name(axis), *reached, target_mm[axis]));
    }
  }
}

Moves::Task<void> Moves::find_home(std::span<const Axis> axes) {
  for (const auto axis : axes) {
    const auto& parameters = link_.board().parameters;
    std::chrono::milliseconds to_zero = axis_timeout(parameters, axis);
    const auto from = position();
    if (from) {
      auto target = *from;
      target[axis] = 0;
      to_zero = move_duration(parameters, *from, target, {});
    }
    auto command = homing(parameters, axis, to_zero);
    if (from) command.from_mm = (*from)[axis];
    const auto answer = co_await run(std::move(command));
    if (!answer) co_return std::unexpected(answer.error());
    report_(Severity::info, std::format("The {} axis has found home.", name(axis)));
  }
  co_return Result<void>{};
}

Moves::Task<void> Moves::learn(int number, std::int32_t value, const Learned& learned) {
  const auto written = co_await run(firmware::write_parameter(number, value));
  if (!written) co_return std::unexpected(written.error());
  learned(number, value);
  co_return Result<void>{};
}

Moves::Task<void> Moves::calibrate(std::span<const Axis> axes, Learned learned) {
  for (const auto axis : axes) {
    if (const auto free = off_end_stop(link_.board(), axis)) {
      auto target = position();
      if (!target) co_return std::unexpected(target.error());
      (*target)[axis] = *free;
      if (const auto gone = co_await drive(*target, {100, 100, 100}); !gone) co_return gone;
    }
    auto command = firmware::find_length(axis);
    // Two phases, then home; an attempt that is repeated (R07) has its own time.
    command.expected = 3 * axis_timeout(link_.board().parameters, axis) + 10s;
    const auto answer = co_await run(std::move(command));
    if (!answer) co_return std::unexpected(answer.error());
    const int number = firmware::number_of(Family::length, axis);
    const double found = std::abs(answer->find(firmware::Code::calibrated, number).value_or(0));
    if (!(found >= shortest_length_steps && found < 2147483647.0)) {
      Error error{.status = Status::hardware_fault,
                  .message = std::format(
                      "Calibrating the {} axis gave a length of {:.0f} steps, which cannot be: check its end "
                      "stops and its encoder (encoder_scaling_{}).",
                      name(axis), found, name(axis)),
                  .code = "calibration"};
      error.details["axis"] = std::string(1, name(axis));
      co_return std::unexpected(std::move(error));
    }
    // The board reports what it found, and forgets it.
    const int swap = firmware::number_of(Family::swap_end_stops, axis);
    if (const auto swapped = answer->find(firmware::Code::calibrated, swap);
        swapped && (*swapped != 0) != (link_.board().parameters.get(swap) != 0)) {
      report_(Severity::info, std::format("The end stops of the {} axis are the other way round: "
                                          "movement_invert_endpoints_{} is {} now.",
                                          name(axis), name(axis), *swapped != 0 ? 1 : 0));
      if (const auto done = co_await learn(swap, *swapped != 0 ? 1 : 0, learned); !done) co_return done;
    }
    const auto length = static_cast<std::int32_t>(std::lround(found));
    if (const auto done = co_await learn(number, length, learned); !done) co_return done;
    report_(Severity::info, std::format("The {} axis is {:.0f} mm long ({} steps).", name(axis),
                                        length / link_.board().parameters.steps_per_mm(axis), length));
  }
  co_return Result<void>{};
}

Moves::Task<void> Moves::zero(std::span<const Axis> axes) {
  PerAxis<bool> which{};
  for (const auto axis : axes) which[axis] = true;
  const auto answer = co_await run(firmware::set_zero(which));
  if (!answer) co_return std::unexpected(answer.error());
  reckoning_.zeroing(axes);
  if (const auto reported = co_await wait_for_idle_report(); !reported) co_return reported;
  const auto& board = link_.board();
  for (const auto axis : axes)
    if (!(std::abs(board.position_mm[axis].value_or(NAN)) <=
          1.0 / board.parameters.steps_per_mm(axis) + 0.01))
      co_return protocol::fail(
          Status::hardware_fault,
          std::format("The {} axis was set to zero, but the board shows {:.2f}: try again.", name(axis),
                      board.position_mm[axis].value_or(NAN)));
  reckoning_.zeroed(axes, board);
  co_return Result<void>{};
}

Moves::Task<void> Moves::wait_for_idle_report() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
      [this](auto handler) {
        idle_waiter_ = [handler = std::move(handler)](Result<void> result) mutable {
          std::move(handler)(std::move(result));
        };
        idle_timer_->set(link_.board().board().idle_period + 2s, [this] {
          interrupt({.status = Status::timeout,
                     .message = "The board did not report its position after setting zero: try again."});
        });
      },
      asio::use_awaitable);
}

void Moves::idle_reported() {
  if (!idle_waiter_) return;
  idle_timer_->cancel();
  std::exchange(idle_waiter_, nullptr)({});
}

void Moves::interrupt(const Error& error) {
  if (!idle_waiter_) return;
  idle_timer_->cancel();
  std::exchange(idle_waiter_, nullptr)(std::unexpected(error));
}

}  // namespace celeriac::hal::motion
