#include "firmware-sim/program/simulation.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <span>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Whether somebody opens the terminal can only be asked, not waited for.
constexpr auto open_poll_period = milliseconds(5);
/// Events of the board closer than this are handled together: nobody on a real line sees them apart.
constexpr auto finest_wait = milliseconds(1);
/// How long a full wire or an unread terminal is left before it is tried again.
constexpr auto retry_period = milliseconds(5);
/// The board is looked at this often even when nothing is due; keeps real and simulated time from drifting
/// apart.
constexpr auto longest_wait = std::chrono::seconds(1);
/// A board that does not reset on open has been running for so long, simulated, when the first host comes.
constexpr auto running_before = std::chrono::duration<double>(2);

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

Simulation::Simulation(asio::any_io_executor executor, PseudoTerminal terminal,
                       const SimulationOptions& options, SimulationLog log)
    : executor_(executor),
      link_(terminal.link()),
      speed_(options.speed),
      log_(std::move(log)),
      started_(steady_clock::now()),
      twin_({.board = options.board, .plan = options.plan, .seed = options.seed},
            {.output = [this](Instant at, std::string_view text) { send(at, text); },
             .events = log_.events,
             .port =
                 [this](Instant, bool present) {
                   if (!present) unplug();
                 }}),
      resets_on_open_(options.reset_on_open.value_or(twin_.profile().resets_on_open)),
      clock_timer_(executor),
      line_timer_(executor) {
  plug_in(std::move(terminal));
  if (!resets_on_open_)
    started_ -= std::chrono::duration_cast<steady_clock::duration>(running_before / speed_);
}

void Simulation::start() {
  asio::co_spawn(executor_, follow_clock(), rethrow);
  asio::co_spawn(executor_, follow_line(), rethrow);
}

void Simulation::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  if (line_) line_->descriptor.cancel(ignored);
  clock_timer_.cancel();
  line_timer_.cancel();
}

Instant Simulation::now() const {
  const std::chrono::duration<double, std::nano> real = steady_clock::now() - started_;
  return Instant(Duration(static_cast<Duration::rep>(real.count() * speed_)));
}

asio::awaitable<void> Simulation::follow_clock() {
  while (!stopped_) {
    twin_.advance(now());
    flush();
    const std::chrono::duration<double, std::nano> simulated(twin_.next_event() - now());
    const auto wait = simulated / speed_;
    const auto bounded =
        std::clamp(std::chrono::duration_cast<steady_clock::duration>(wait),
                   steady_clock::duration(finest_wait), steady_clock::duration(longest_wait));
    clock_timer_.expires_after(unread_.empty() ? bounded
                                               : std::min<steady_clock::duration>(bounded, retry_period));
    boost::system::error_code woken;
    co_await clock_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

Simulation::Present Simulation::present() {
  const Instant at = now();
  twin_.advance(at);
  return {twin_, at};
}

asio::awaitable<void> Simulation::follow_line() {
  while (!stopped_) {
    if (!line_) {
      co_await pause(open_poll_period);
      if (!twin_.plugged()) continue;
      if (auto terminal = PseudoTerminal::open(link_)) {
        plug_in(std::move(*terminal));
      } else if (log_.events) {
        log_.events(now(), terminal.error());
      }
      continue;
    }
    co_await wait_until_open();
    const std::shared_ptr<Line> line = line_;
    if (stopped_ || !line) continue;
    on_open();
    co_await receive_until_closed(*line);
    open_ = false;
  }
}

asio::awaitable<void> Simulation::pause(steady_clock::duration time) {
  line_timer_.expires_after(time);
  boost::system::error_code ignored;
  co_await line_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Simulation::plug_in(PseudoTerminal terminal) {
  asio::posix::stream_descriptor descriptor(executor_, ::dup(terminal.descriptor()));
  line_ = std::make_shared<Line>(std::move(terminal), std::move(descriptor));
}

/// The host sees its end hang up, and the link goes.
void Simulation::unplug() {
  if (!line_) return;
  boost::system::error_code ignored;
  line_->descriptor.cancel(ignored);
  line_.reset();
  open_ = false;
  unread_.clear();
}

asio::awaitable<void> Simulation::wait_until_open() {
  while (!stopped_ && line_ && !line_->terminal.is_open()) {
    line_->terminal.discard_input();  // of a host that opened, wrote and left between two looks
    co_await pause(open_poll_period);
  }
}

void Simulation::on_open() {
  const Instant at = now();
  twin_.advance(at);  // what the board said before the opening is nobody's
  if (!line_) return;
  unread_.clear();
  line_->terminal.discard_output();
  open_ = true;
  if (!resets_on_open_) return;
  line_->terminal.discard_input();  // goes to the boot loader
  twin_.reset(at);
  wake_clock();
}

asio::awaitable<void> Simulation::receive_until_closed(Line& line) {
  std::array<char, 4096> bytes;
  while (!stopped_) {
    boost::system::error_code error;
    co_await line.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::redirect_error(asio::use_awaitable, error));
    if (stopped_ || line_.get() != &line) co_return;
    const std::size_t space = std::min(twin_.wire_space(), bytes.size());
    if (space == 0) {  // the host sends faster than 115200 baud: let it wait
      co_await pause(retry_period);
      continue;
    }
    const auto [status, count] = line.terminal.read(std::span(bytes).first(space));
    if (status == PseudoTerminal::ReadStatus::closed) co_return;
    if (status == PseudoTerminal::ReadStatus::nothing) continue;
    const std::string_view received(bytes.data(), count);
    const Instant at = now();
    if (log_.trace) log_.trace(at, true, received);
    twin_.advance(at);
    twin_.receive(received, at);
    wake_clock();
  }
}

void Simulation::send(Instant at, std::string_view text) {
  if (log_.trace) log_.trace(at, false, text);
  if (!open_ || !line_) return;  // or the next host would find it
  unread_ += text.substr(0, unread_capacity - std::min(unread_capacity, unread_.size()));
}

void Simulation::flush() {
  if (!unread_.empty() && line_) unread_.erase(0, line_->terminal.write(unread_));
}

}  // namespace celeriac::firmware_sim
