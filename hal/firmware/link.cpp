#include "hal/firmware/link.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>

#include "hal/firmware/faults.hpp"

namespace celeriac::hal::firmware {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using protocol::Error;
using protocol::Result;
using protocol::Status;

/// Time for a '@' that the board read while idle to leave its line buffer again.
constexpr auto settle_time = 20ms;
/// With DTR down for this long every board notices.
constexpr auto restart_pause = 300ms;
constexpr int highest_q = 999;

Error silent(const std::string& port, std::string_view when) {
  return {.status = Status::timeout,
          .message = std::format("The board on {} stopped answering {}: check its power and its USB cable.",
                                 port, when)};
}

}  // namespace

std::string_view name(LinkState state) noexcept {
  constexpr std::string_view names[] = {"closed", "waiting", "configuring", "ready"};
  return names[static_cast<std::size_t>(state)];
}

Link::Link(asio::io_context& io, Timers& timers, PortOpener& opener, const ParameterSet& wanted,
           LinkObserver& observer)
    : io_(io),
      timers_(timers),
      opener_(opener),
      wanted_(wanted),
      observer_(observer),
      open_timer_(timers.make()),
      watch_(timers.make()),
      stop_timer_(timers.make()),
      settle_timer_(timers.make()) {}

Link::~Link() {
  *alive_ = false;
}

void Link::start() {
  running_ = true;
  back_off_ = first_back_off;
  open();
}

void Link::stop() {
  part({.status = Status::cancelled, .message = "The hypervisor is shutting down."});
}

void Link::part(const Error& why) {
  running_ = false;
  open_timer_->cancel();
  auto asked = why;
  asked.status = Status::cancelled;  // nothing has failed
  lose(std::move(asked));
}

Error Link::offline() const {
  auto error = reason_;
  error.status = Status::offline;
  error.code.clear();
  if (error.message.empty() || state_ != LinkState::closed)
    error.message = std::format("The board on {} is not ready yet ({}): try again in a few seconds.",
                                port_name(), name(state_));
  error.details["port"] = port_name();
  error.details["state"] = std::string(name(state_));
  return error;
}

// ---- the port ----

void Link::open() {
  auto opened = opener_.open();
  if (!opened) {
    reason_ = opened.error();
    if (std::exchange(last_complaint_, reason_.message) != reason_.message)
      observer_.report(Severity::warn, reason_.message + " Trying again until it is there.");
    tell(static_cast<std::uint8_t>(Change::link));
    return schedule_open(back_off_);
  }
  last_complaint_.clear();
  port_ = std::move(*opened);
  lines_.drop();
  noise_ = 0;
  any_line_ = booting_ = idle_seen_ = settling_ = false;
  opened_ = last_line_ = last_bytes_ = timers_.now();
  set_state(LinkState::wait_boot);
  port_->start([this](std::string_view bytes) { received(bytes); },
               [this](const std::string& why) {
                 lose({.status = Status::offline,
                       .message = std::format(
                           "The connection to the board on {} was lost ({}): check its USB cable and "
                           "power.",
                           port_name(), why)});
               });
  if (lock_.engaged()) send_stop();
  arm();
}

void Link::schedule_open(Duration after) {
  if (!running_) return;
  open_timer_->set(after, [this] { open(); });
  back_off_ = std::min<Duration>(back_off_ * 2, longest_back_off);
}

void Link::close_port() {
  // The port may be what calls us: it goes when nobody is inside it any more.
  if (port_) asio::post(io_, [port = std::shared_ptr<SerialPort>(std::move(port_))] {});
  port_.reset();
}

void Link::lose(Error error) {
  ++life_;
  watch_->cancel();
  stop_timer_->cancel();
  settle_timer_->cancel();
  armed_for_ = Instant::max();
  settling_ = false;
  reason_ = error;
  if (port_) {
    port_->hang_up();
    close_port();
    observer_.report(error.status == Status::cancelled ? Severity::info : Severity::error, error.message);
  }
  board_.forget();
  set_state(LinkState::closed);
  lock_.unconfirm();
  observer_.lost(error);  // what waits learns the reason first, before its turn comes
  fail_commands(error, true);
  current_.reset();
  lock_.answer(std::unexpected(Error{
      .status = Status::offline,
      .message =
          "The emergency lock is on here, but the board was lost before it confirmed. If the machine still "
          "moves, cut its power."}));
  tell(0xff);
  schedule_open(back_off_);
}

void Link::restart() {
  if (!running_) return;
  back_off_ = restart_pause;
  lose({.status = Status::cancelled,
        .message = "The board is being restarted by request.",
        .code = code::board_restarted});
}

void Link::set_state(LinkState state) {
  if (std::exchange(state_, state) != state) tell(static_cast<std::uint8_t>(Change::link));
}

// ---- lines ----

void Link::received(std::string_view bytes) {
  if (!port_) return;
  const auto now = timers_.now();
  if (lines_.unfinished() && now - last_bytes_ > partial_line_age) lines_.drop();
  last_bytes_ = now;
  noise_ += bytes.size();
  const auto life = life_;
  lines_.feed(bytes, [&](std::string_view line) {
    if (life == life_) take_line(line);  // a line may end the link: what follows is from before
  });
  if (life == life_ && noise_ > max_noise)
    lose({.status = Status::offline,
          .message =
              std::format("What answers on {} is not a FarmBot board: is it the right port?", port_name())});
}

void Link::take_line(std::string_view text) {
  observer_.line(Way::received, text);
  const auto reply = parse_reply(text);
  if (!reply) return;
  noise_ = 0;
  last_line_ = timers_.now();
  const bool first = !std::exchange(any_line_, true);
  take(*reply);
  if (first && port_ && lock_.engaged() && !lock_.confirmed()) send_stop();
}

void Link::take(const Reply& reply) {
  if (reply.code == Code::text && reply.text == "Serial connection started" && state_ != LinkState::wait_boot)
    return board_restarted();
  if (reply.code == Code::text && reply.text == "ARDUINO STARTUP COMPLETE" && state_ == LinkState::ready)
    board_restarted();  // its first lines were lost
  auto changes = board_.apply(reply);
  follow_lock(reply);
  if (state_ == LinkState::wait_boot) {
    take_boot(reply);
  } else if (current_) {
    // The next command is on its way when this returns; only then do observers hear of the rest.
    act(current_->take(reply, last_line_));
  } else if (reply.code == Code::not_approved && state_ == LinkState::ready) {
    observer_.report(Severity::warn,
                     "The board has forgotten its configuration, so it started anew: writing it again.");
    booting_ = true;
    boot_is_over();
  }
  if (reply.code == Code::busy && port_) stop_stray_move(reply);
  if (changes != 0) tell(changes);
  if (reply.code == Code::idle || reply.code == Code::stopped) report_begun_ = true;
  if (reply.code == Code::position && std::exchange(report_begun_, false)) observer_.idle_report();
}

// A line that came so late that it had been given up moves the machine for nobody, and the board is deaf to
// everything else meanwhile.
void Link::stop_stray_move(const Reply& reply) {
  const bool ours = current_ && (current_->accepted() || reply.q == current_->q());
  const auto now = timers_.now();
  if (ours || state_ == LinkState::wait_boot || !reply.q || *reply.q == 0 || now < next_stray_stop_) return;
  next_stray_stop_ = now + abort_repeat;
  observer_.report(Severity::warn,
                   "The board carries out a command that came late and was given up: it is stopped.");
  port_->write("@");
}

void Link::take_boot(const Reply& reply) {
  if (reply.code == Code::text) {
    if (reply.text == "Serial connection started") {
      board_.forget();
      booting_ = true;
      idle_seen_ = false;
    }
    if (reply.text == "ARDUINO STARTUP COMPLETE") {
      booting_ = true;  // the first lines may have been lost
      return boot_is_over();
    }
  }
  if (!booting_ && (reply.code == Code::busy || reply.code == Code::axis_state) && port_)
    port_->write("@");  // it runs, and moves for nobody
  if (reply.code == Code::idle || reply.code == Code::stopped) {
    if (booting_) return boot_is_over();  // its main loop runs: the last line of its boot was lost
    idle_seen_ = true;
  }
  arm();
}

void Link::board_restarted() {
  ++life_;
  const auto error = firmware::board_restarted(current_ && completion_ ? &current_->command() : nullptr);
  board_.forget();
  any_line_ = booting_ = true;
  idle_seen_ = false;
  opened_ = last_line_ = timers_.now();
  reason_ = error;
  observer_.report(Severity::error, error.message);
  set_state(LinkState::wait_boot);
  lock_.unconfirm();
  observer_.lost(error);  // what waits learns the reason first, before its turn comes
  fail_commands(error, true);
  current_.reset();
  tell(0xff);
  if (lock_.engaged() && port_) send_stop();
  arm();
}

// ---- the emergency lock ----

void Link::engage_lock(EmergencyLock::Completion completion) {
  const bool news = lock_.engage();
  if (port_) send_stop();
  const bool board_there = port_ && (state_ == LinkState::configuring || state_ == LinkState::ready);
  if (!board_there) {
    observer_.report(Severity::warn,
                     "Emergency stop: the board is not connected. The lock holds, and the board hears of it "
                     "before anything else.");
    asio::post(io_, [completion = std::move(completion)]() mutable { completion({}); });
  } else {
    lock_.wait(std::move(completion));
  }
  observer_.locked();
  fail_commands(firmware::locked(), false);
  if (news) tell(static_cast<std::uint8_t>(Change::locked));
}

// The first goes out whatever stands before it; repeats wait until the line has taken the last.
void Link::send_stop() {
  port_->write_urgent(stop_bytes);
  repeat_stop();
}

void Link::repeat_stop() {
  stop_timer_->set(stop_repeat, [this] {
    if (!port_ || !lock_.engaged() || lock_.confirmed() || !any_line_) return;
    if (port_->unsent() == 0) port_->write_urgent(stop_bytes);
    repeat_stop();
  });
}

void Link::follow_lock(const Reply& reply) {
  const bool releasing = current_ && current_->command().text == release_emergency_stop().text;
  if (releasing) return;  // reports from before F09 say nothing about after it
  const bool stopped_move = reply.code == Code::failed && reply.word('V') == 1.0 && current_ &&
                            current_->accepted() && reply.q == current_->q() &&
                            current_->command().work != Work::calibration;
  if (reply.code == Code::stopped || stopped_move) {
    const bool changed = !lock_.engaged() || !lock_.confirmed();
    const bool news = !lock_.engaged();
    if (news) lock_.engage();
    lock_.confirm();
    stop_timer_->cancel();
    if (news) {
      observer_.report(Severity::error,
                       "The board reports an emergency stop: everything is locked until somebody unlocks.");
      observer_.locked();
      fail_commands(firmware::locked(), false);
    }
    if (changed) tell(static_cast<std::uint8_t>(Change::locked));
  } else if (reply.code == Code::idle && lock_.confirmed()) {
    lock_.unconfirm();  // the board has forgotten it
    if (port_) send_stop();
  }
}

asio::awaitable<Result<void>> Link::release_lock() {
  if (state_ != LinkState::ready) co_return std::unexpected(offline());
  stop_timer_->cancel();
  const auto engagements = lock_.engagements();
  auto answer = co_await exchange(release_emergency_stop(), true);
  if (answer && engagements != lock_.engagements()) answer = std::unexpected(firmware::locked());
  if (!answer) {
    if (lock_.engaged() && port_) send_stop();
    co_return std::unexpected(answer.error());
  }
  lock_.answer({});
  if (lock_.engaged()) {
    lock_.release();
    tell(static_cast<std::uint8_t>(Change::locked));
  }
  co_return Result<void>{};
}

// ---- commands ----

asio::awaitable<Result<Answer>> Link::execute(Command command) {
  auto answer = co_await exchange(command, false);
  if (answer || answer.error().code != code::not_approved) co_return answer;
  const auto approved = co_await exchange(write_parameter(approval, 1), false);
  if (!approved) co_return std::unexpected(approved.error());
  co_return co_await exchange(std::move(command), false);
}

asio::awaitable<Result<Answer>> Link::exchange(Command command, bool internal) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Answer>)>(
      [this, internal](auto handler, Command moved) {
        submit(
            std::move(moved),
            [handler = std::move(handler)](Result<Answer> answer) mutable {
              std::move(handler)(std::move(answer));
            },
            internal);
      },
      asio::use_awaitable, std::move(command));
}

void Link::submit(Command command, Completion completion, bool internal) {
  std::optional<Error> refused;
  if (!port_ || !(state_ == LinkState::ready || (internal && state_ == LinkState::configuring)))
    refused = offline();
  else if (lock_.engaged() && !internal)
    refused = firmware::locked();
  else if (waiting_.size() >= max_waiting_commands)
    refused = Error{.status = Status::overloaded, .message = "Too many commands wait for the board."};
  if (refused) {
    asio::post(io_, [completion = std::move(completion), error = std::move(*refused)]() mutable {
      completion(std::unexpected(std::move(error)));
    });
    return;
  }
  waiting_.push_back({std::move(command), std::move(completion), internal});
  pump();
}

void Link::pump() {
  if (current_ || settling_ || waiting_.empty() || !port_) return;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  const Duration patience = reloading_drivers_ ? echo_patience_reloading : echo_patience;
  current_.emplace(std::move(next.command), board_.board().idle_period, patience);
  completion_ = std::move(next.completion);
  current_internal_ = next.internal;
  send_current();
}

void Link::send_current() {
  last_q_ = last_q_ % highest_q + 1;
  current_->sent(last_q_, timers_.now());
  observer_.began(current_->command());
  const auto text = line(current_->command(), last_q_);
  port_->write(text);
  observer_.line(Way::sent, std::string_view(text).substr(0, text.size() - 1));
  arm();
}

void Link::act(Exchange::Step step) {
  switch (step) {
    case Exchange::Step::none:
      return arm();
    case Exchange::Step::finished:
      return finish_current();
    case Exchange::Step::resend:
      observer_.report(Severity::warn,
                       std::format("A line was damaged on its way to the board: {} is sent once more.",
                                   current_->command().what));
      if (lock_.engaged() && !current_internal_) return finish_current();
      return current_->aborting() ? settle() : send_current();
    case Exchange::Step::abort:
      if (port_) port_->write("@");
      return arm();
    case Exchange::Step::stop:
      observer_.report(Severity::error, "A move did not stop when asked to: emergency stop.");
      engage_lock([](const Result<void>&) {});
      return arm();
    case Exchange::Step::dead:
      return lose(silent(port_name(), "during " + current_->command().what));
  }
}

void Link::finish_current() {
  auto done = std::move(*current_);
  current_.reset();
  reloading_drivers_ = false;
  auto completion = std::exchange(completion_, nullptr);
  if (done.aborting()) settle();
  const auto command = done.command();
  const auto traces = done.traces();
  auto outcome = std::move(done).outcome();
  observer_.ended(command, outcome, traces);
  if (outcome)
    for (const auto& value : outcome->values)
      reloading_drivers_ |= value.code == Code::parameter && reloads_drivers(value.number);
  if (completion) completion(std::move(outcome));
  pump();
  arm();
}

// A '@' that came when the move had just ended stands in the board's line buffer: a line end takes it out.
void Link::settle() {
  if (!port_) return;
  settling_ = true;
  port_->write("\n");
  settle_timer_->set(settle_time, [this] {
    settling_ = false;
    if (!port_) return;
    if (current_) return send_current();
    pump();
    arm();
  });
}

void Link::abort_move() {
  // One that waits for the line, as it does for a moment after another one was stopped, does not begin.
  for (auto& waiting : std::exchange(waiting_, {})) {
    if (waiting.internal || !waiting.command.moves()) {
      waiting_.push_back(std::move(waiting));
      continue;
    }
    asio::post(io_, [completion = std::move(waiting.completion), error = aborted(waiting.command)]() mutable {
      completion(std::unexpected(error));
    });
  }
  if (!current_ || !current_->request_abort(timers_.now()) || !port_) return;
  port_->write("@");
  arm();
}

// Answers for all commands. One that is on the line stays there without an owner until the board has ended
// it.
void Link::fail_commands(const Error& error, bool internal_too) {
  std::vector<Completion> failed;
  if (completion_ && (internal_too || !current_internal_))
    failed.push_back(std::exchange(completion_, nullptr));
  std::deque<Waiting> kept;
  for (auto& waiting : std::exchange(waiting_, {})) {
    if (internal_too || !waiting.internal)
      failed.push_back(std::move(waiting.completion));
    else
      kept.push_back(std::move(waiting));
  }
  waiting_ = std::move(kept);
  for (auto& completion : failed) completion(std::unexpected(error));
}

// ---- time ----

void Link::arm() {
  if (state_ == LinkState::closed || settling_) return;
  Instant deadline = Instant::max();
  if (state_ == LinkState::wait_boot)
    deadline = booting_     ? last_line_ + boot_fallback
               : idle_seen_ ? opened_ + running_board_after
               : any_line_  ? opened_ + boot_fallback
                            : opened_ + boot_silence;
  else if (current_)
    deadline = current_->deadline();
  else
    deadline = last_line_ + idle_silence(board_.board().idle_period);
  // A deadline that moved further away is looked at when the earlier one rings.
  if (deadline >= armed_for_) return;
  armed_for_ = deadline;
  watch_->set(std::max<Duration>(deadline - timers_.now(), Duration(0)), [this] { ring(); });
}

void Link::ring() {
  armed_for_ = Instant::max();
  const auto now = timers_.now();
  if (state_ == LinkState::wait_boot) {
    if (booting_ ? now >= last_line_ + boot_fallback
                 : (idle_seen_ && now >= opened_ + running_board_after) ||
                       (any_line_ && now >= opened_ + boot_fallback))
      return boot_is_over();
    if (now >= opened_ + boot_silence && !any_line_) return lose(silent(port_name(), "or never began to"));
  } else if (settling_) {
    return;
  } else if (current_) {
    return act(current_->tick(now));
  } else if (now >= last_line_ + idle_silence(board_.board().idle_period)) {
    return lose(silent(port_name(), "while idle"));
  }
  arm();
}

}  // namespace celeriac::hal::firmware
