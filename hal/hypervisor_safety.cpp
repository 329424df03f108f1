// What the hypervisor does for the safety of people, plants and machine, beside the emergency lock: what
// belongs to somebody who is gone stops, and fail-safe outputs never stay on.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cmath>
#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/hypervisor.hpp"

namespace celeriac::hal {

namespace asio = boost::asio;
using firmware::Severity;
using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

/// A session speaks for all of its holders: its own silence is theirs too.
Holders all_of(Holder holder) {
  return {holder.session, holder.number == 0 ? std::nullopt : std::optional(holder.number)};
}

/// A move is stopped within 0.3 s, an output switched off within some milliseconds more.
constexpr std::chrono::seconds rest_patience{2};

}  // namespace

char Hypervisor::board_letter() const {
  return link_.board().version.empty() ? '\0' : link_.board().board().letter;
}

// ---- who is gone ----

void Hypervisor::stream_closed(std::uint64_t session) {
  if (options_.recorder != nullptr) options_.recorder->stream_closed(session);
  const Holders gone{session};
  queue_.drop(session);
  leases_.forget(gone);
  release(gone, "The client that asked for it has gone");
}

bool Hypervisor::holds(Holder holder) const {
  const auto all = all_of(holder);
  return queue_.has(all) || jog_.active_of(all) || !outputs_.on_of(all).empty();
}

void Hypervisor::lapsed(Holder holder) {
  const auto silent = all_of(holder);
  report(Severity::warn,
         "A client has been silent for 1 s although it keeps itself alive: what it holds is stopped.");
  queue_.fail_waiting(silent, {.status = Status::cancelled,
                               .message = "The client was silent for 1 s, so its requests were dropped."});
  release(silent, "The client that asked for it fell silent");
}

void Hypervisor::release(const Holders& holders, const std::string& why) {
  jog_.release(holders);
  if (const auto& working = queue_.at_work(); working && holders.contains(working->who())) {
    released_at_work_ = true;
    stop_motion(why + ": its motion was stopped.");
  }
  make_safe(outputs_.on_of(holders), why);
}

void Hypervisor::stop_motion(std::string why) {
  stop_reason_ = std::move(why);
  moves_.cancel();
}

void Hypervisor::keep_alive(const Arguments&, Owner owner, Completion completion) {
  const auto kept = leases_.keep_alive(owner.who());
  if (!kept) return completion(std::unexpected(kept.error()));
  completion(Done{.value = static_cast<std::uint16_t>(holds(owner.who()))});
}

void Hypervisor::release_holder(const Arguments& arguments, Owner owner, Completion completion) {
  const auto ended = all_of(owner.who());
  leases_.forget(ended);
  if (arguments.number("keep_outputs") != 0) {
    for (const int pin : outputs_.on_of(ended))
      report(Severity::info,
             std::format("A program has ended and left {} on: it goes off after {} s at the latest.",
                         outputs_.describe(pin), outputs_.longest_on_s(pin)));
    outputs_.hand_over(owner.who());
  }
  queue_.fail_waiting(ended, {.status = Status::cancelled, .message = "The program has ended."});
  release(ended, "The program that asked for it has ended");
  completion(Done{});
}

// ---- the end ----

void Hypervisor::come_to_rest(std::move_only_function<void()> rested) {
  constexpr std::string_view why = "The hypervisor is shutting down";
  if (options_.recorder != nullptr) options_.recorder->ending();
  ending_ = true;
  settle_down({.status = Status::cancelled, .message = std::format("{}.", why)}, why, std::move(rested));
}

Result<void> Hypervisor::rest(Pause pause, std::move_only_function<void()> rested) {
  if (pause_ || ending_)
    return protocol::fail(Status::wrong_state,
                          pause_ ? "The machine rests for something else: " + pause_->refusal.message
                                 : "The hypervisor is shutting down.");
  if (options_.recorder != nullptr) options_.recorder->rest(pause.refusal, pause.apart);
  pause_ = std::move(pause);
  changed(0);
  auto why = pause_->refusal.message;
  why = why.substr(0, why.find_first_of(".:"));
  settle_down(pause_->refusal, why, [this, rested = std::move(rested)]() mutable {
    if (pause_ && pause_->apart) link_.part(pause_->refusal);
    rested();
  });
  return {};
}

void Hypervisor::wake(Completion completion) {
  if (!pause_) return completion(Done{});
  if (options_.recorder != nullptr) options_.recorder->wake();
  const bool apart = std::exchange(pause_, std::nullopt)->apart;
  changed(0);
  if (!apart) return completion(Done{});
  await_board(std::move(completion));
  link_.start();
}

void Hypervisor::settle_down(const Error& refusal, std::string_view why,
                             std::move_only_function<void()> rested) {
  rested_.push_back(std::move(rested));
  rest_timer_->set(rest_patience, [this] {
    for (auto& done : std::exchange(rested_, {})) done();
  });
  queue_.fail_waiting(refusal);
  if (queue_.at_work()) stop_motion(std::format("{}: its motion was stopped.", why));
  make_safe(outputs_.on(), std::string(why));
  look_whether_at_rest();
}

void Hypervisor::look_whether_at_rest() {
  if (rested_.empty() || queue_.at_work() || driving_safe_) return;
  rest_timer_->cancel();
  for (auto& done : std::exchange(rested_, {})) asio::post(io_, std::move(done));
}

// ---- outputs ----

asio::awaitable<Result<void>> Hypervisor::write_output(int pin, int value, pins::Mode mode, Holder holder) {
  if (value == 0 || !outputs_.find(pin, board_letter())) {
    const auto written = co_await pins_.write(pin, value, mode);
    if (written && value == 0) outputs_.switched_off(pin);
    co_return written;
  }
  if (auto noted = co_await outputs_.intend(pin); !noted) co_return noted;
  if (released_at_work_) co_return protocol::fail(Status::cancelled, stop_reason_);
  if (auto refused = refusal()) co_return std::unexpected(std::move(*refused));
  // It counts as on before the byte goes out: whoever ends meanwhile switches it off.
  link_.board().pins[static_cast<std::size_t>(pin)].reset();  // what it was is no news any more
  outputs_.switched_on(pin, board_letter(), holder);
  const auto written = co_await pins_.write(pin, value, mode);
  if (!written)
    make_safe({pin}, "It could not be switched on properly");
  else if (released_at_work_)  // meanwhile: what was sent to switch it off may have come before this
    make_safe({pin}, "The client that asked for it has ended");
  else  // still, or again: a guard of the board's own may have switched it off just before
    outputs_.switched_on(pin, board_letter(), holder);
  co_return written;
}

asio::awaitable<Result<void>> Hypervisor::toggle_output(int pin, Holder holder) {
  if (!outputs_.find(pin, board_letter())) co_return co_await pins_.toggle(pin);
  if (const auto made = co_await pins_.set_direction(pin, pins::Direction::output); !made) co_return made;
  const auto now = co_await pins_.read(pin, pins::Mode::digital);
  if (!now) co_return std::unexpected(now.error());
  co_return co_await write_output(pin, *now == 0 ? 1 : 0, pins::Mode::digital, holder);
}

void Hypervisor::output_due(int pin) {
  make_safe({pin}, std::format("It was on for its longest time, {} s", outputs_.longest_on_s(pin)));
}

// The board hears nothing while it moves: a move in progress is stopped first, also one that is between two
// of its commands, and no other request begins before the outputs are safe.
void Hypervisor::make_safe(const std::vector<int>& pins, const std::string& why) {
  if (pins.empty()) return;
  for (const int pin : pins) {
    if (!unsafe_.insert(pin).second) continue;
    report(Severity::warn, std::format("{}: {} is switched off.", why, outputs_.describe(pin)));
  }
  if (queue_.at_work() && stop_reason_.empty())
    stop_motion(
        std::format("{}: {} had to be switched off, and the board hears nothing while it moves, so "
                    "the move was stopped.",
                    why, outputs_.describe(pins.front())));
  queue_.hold();
  if (!driving_safe_) begin_driving_safe();
}

void Hypervisor::begin_driving_safe() {
  driving_safe_ = true;
  asio::co_spawn(io_, drive_safe(), [this, alive = alive_](std::exception_ptr defect) {
    if (!*alive) return;
    driving_safe_ = false;
    if (defect) report(Severity::error, "Making outputs safe met a defect.");
    if (!defect && !unsafe_.empty()) return begin_driving_safe();  // one that came when all were done
    queue_.resume();
    look_whether_at_rest();
  });
}

// Past the queue of requests: next on the line after the command that is there.
asio::awaitable<void> Hypervisor::drive_safe() {
  while (!unsafe_.empty()) {
    const int pin = *unsafe_.begin();
    const auto what = outputs_.describe(pin);
    unsafe_.erase(pin);  // first: whoever finds it on after this write asks again
    const auto written = co_await pins_.write(pin, 0, pins::Mode::digital);
    if (written) {
      outputs_.switched_off(pin);
    } else if (outputs_.on(pin) && written.error().status != Status::locked) {
      // An emergency stop and a lost board have ways of their own; anything else is for a person.
      report(Severity::error,
             std::format("{} could not be switched off ({}) Cut its power.", what, written.error().message));
    }
  }
}

// The board has put its outputs to 0, or does so when it is back.
void Hypervisor::forget_outputs(std::string_view why) {
  for (const int pin : outputs_.on())
    report(Severity::warn, std::format("{} while {} was on: {}.", why, outputs_.describe(pin),
                                       link_.state() == firmware::LinkState::closed
                                           ? "it is switched off as soon as the board is back"
                                           : "the board switches it off"));
  outputs_.all_off();
}

// The board puts its outputs to 0 at an emergency stop, but only its confirmation says that it has heard of
// it.
void Hypervisor::outputs_under_lock() {
  const auto& lock = link_.lock();
  if (lock.engaged() && lock.confirmed())
    forget_outputs("Emergency stop");
  else if (!lock.engaged() && link_.state() == firmware::LinkState::ready)
    make_safe(outputs_.on(), "The board had not confirmed the emergency stop");
}

std::vector<firmware::Command> Hypervisor::before_anything() {
  std::vector<firmware::Command> commands;
  for (const int pin : outputs_.to_drive_safe(board_letter()))
    commands.push_back(firmware::write_pin(pin, 0, static_cast<int>(pins::Mode::digital)));
  return commands;
}

void Hypervisor::update_output(const Arguments& arguments, Owner owner, Completion completion) {
  const auto name = arguments.string("config");
  const auto pin = safety::output_of_setting(name);
  if (!pin) return completion(std::unexpected(pin.error()));
  const auto output = safety::check_output(arguments.value("value"));
  if (!output) return completion(std::unexpected(output.error()));
  const protocol::Json value =
      *output ? protocol::Json{{"name", (*output)->name}, {"longest_on_s", (*output)->longest_on_s}}
              : protocol::Json(nullptr);
  setting_store_.set(
      name, value,
      [this, alive = alive_, owner, completion = std::move(completion)](const Result<void>& stored) mutable {
        if (!stored) return completion(std::unexpected(stored.error()));
        if (!*alive || refusal()) return completion(Done{});
        queue(owner, [this] { return update_guards(); }, std::move(completion));
      });
  changed(static_cast<std::uint8_t>(firmware::Change::pins));
}

// The board's own pin guards follow what is declared.
asio::awaitable<Outcome> Hypervisor::update_guards() {
  const auto before = std::exchange(wanted_, stored_parameters());
  for (const auto& parameter : firmware::parameters()) {
    const int number = parameter.number;
    if (before.find(number) && !wanted_.find(number)) wanted_.set(number, parameter.fallback);
    if (wanted_.find(number) == before.find(number)) continue;
    const auto answer = co_await link_.execute(firmware::write_parameter(number, wanted_.get(number)));
    if (!answer) co_return std::unexpected(answer.error());
  }
  co_return Done{};
}

// ---- jogging ----

void Hypervisor::jog(const Arguments& arguments, Owner owner, Completion completion) {
  motion::JogWay way{.percent = arguments.number("speed")};
  for (const auto axis : all_axes) {
    const double direction = arguments.number(std::string(1, name(axis)).c_str());
    if (direction != std::trunc(direction))
      return completion(
          protocol::fail(Status::malformed, std::format("SYS.JOG: {} must be -1, 0 or 1.", name(axis))));
    way.direction[axis] = static_cast<int>(direction);
  }
  if (auto refused = way.still() ? std::nullopt : refusal())
    return completion(std::unexpected(std::move(*refused)));
  const auto accepted = jog_.request(owner, way, !queue_.idle());
  completion(accepted ? Outcome(Done{}) : std::unexpected(accepted.error()));
}

void Hypervisor::start_jog(Owner owner, const motion::JogWay& way) {
  owner.channel = protocol::emergency_channel;  // no request waits for its end
  queue_task(
      owner,
      [this, alive = alive_](const Outcome& outcome) {
        if (*alive) jog_.ended(outcome);
      },
      [this, way] { return moves_.jog(jog_distance(way), {way.percent, way.percent, way.percent}); });
}

// As far as the axis goes, where that is known.
PerAxis<double> Hypervisor::jog_distance(const motion::JogWay& way) const {
  const auto& board = link_.board();
  PerAxis<double> distance{};
  for (const auto axis : all_axes) {
    if (way.direction[axis] == 0) continue;
    const double length =
        std::abs(board.parameters.get(firmware::Family::length, axis)) / board.parameters.steps_per_mm(axis);
    const bool up = board.parameters.get(firmware::Family::home_up, axis) == 1;
    double reach = motion::jog_reach_mm;
    // Where an axis stands whose position is unknown, its count says nothing about its ends.
    if (length > 0 && board.position_mm[axis] && reckoning_.of(axis).trust != position::Trust::unknown) {
      const double end = way.direction[axis] > 0 ? (up ? 0 : length) : (up ? -length : 0);
      reach = std::max(0.0, (end - *board.position_mm[axis]) * way.direction[axis]);
    }
    distance[axis] = reach * way.direction[axis];
  }
  return distance;
}

}  // namespace celeriac::hal
