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
    : terminal_(std::move(terminal)),
      speed_(options.speed),
      log_(std::move(log)),
      started_(steady_clock::now()),
      board_(
          options.board, [this](Instant at, std::string_view text) { send(at, text); }, log_.events),
      resets_on_open_(options.reset_on_open.value_or(board_.profile().resets_on_open)),
      line_(executor, ::dup(terminal_.descriptor())),
      clock_timer_(executor),
      line_timer_(executor) {
  if (!resets_on_open_)
    started_ -= std::chrono::duration_cast<steady_clock::duration>(running_before / speed_);
}

void Simulation::start() {
  asio::co_spawn(line_.get_executor(), follow_clock(), rethrow);
  asio::co_spawn(line_.get_executor(), follow_line(), rethrow);
}

void Simulation::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  line_.cancel(ignored);
  clock_timer_.cancel();
  line_timer_.cancel();
}

Instant Simulation::now() const {
  const std::chrono::duration<double, std::nano> real = steady_clock::now() - started_;
  return Instant(Duration(static_cast<Duration::rep>(real.count() * speed_)));
}

asio::awaitable<void> Simulation::follow_clock() {
  while (!stopped_) {
    board_.advance(now());
    flush();
    const std::chrono::duration<double, std::nano> simulated(board_.next_event() - now());
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

asio::awaitable<void> Simulation::follow_line() {
  while (!stopped_) {
    co_await wait_until_open();
    if (stopped_) co_return;
    on_open();
    co_await receive_until_closed();
    open_ = false;
  }
}

asio::awaitable<void> Simulation::wait_until_open() {
  while (!stopped_ && !terminal_.is_open()) {
    terminal_.discard_input();  // of a host that opened, wrote and left between two looks
    line_timer_.expires_after(open_poll_period);
    boost::system::error_code ignored;
    co_await line_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void Simulation::on_open() {
  unread_.clear();
  terminal_.discard_output();
  open_ = true;
  if (!resets_on_open_) return;
  terminal_.discard_input();  // goes to the boot loader
  board_.advance(now());
  board_.reset(now());
  wake_clock();
}

asio::awaitable<void> Simulation::receive_until_closed() {
  std::array<char, 4096> bytes;
  while (!stopped_) {
    boost::system::error_code error;
    co_await line_.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, error));
    if (stopped_) co_return;
    const std::size_t space = std::min(board_.wire_space(), bytes.size());
    if (space == 0) {  // the host sends faster than 115200 baud: let it wait
      line_timer_.expires_after(retry_period);
      co_await line_timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const auto [status, count] = terminal_.read(std::span(bytes).first(space));
    if (status == PseudoTerminal::ReadStatus::closed) co_return;
    if (status == PseudoTerminal::ReadStatus::nothing) continue;
    const std::string_view received(bytes.data(), count);
    const Instant at = now();
    if (log_.trace) log_.trace(at, true, received);
    board_.receive(received, at);
    wake_clock();
  }
}

void Simulation::send(Instant at, std::string_view text) {
  if (log_.trace) log_.trace(at, false, text);
  if (!open_) return;  // or the next host would find it
  unread_ += text.substr(0, unread_capacity - std::min(unread_capacity, unread_.size()));
}

void Simulation::flush() {
  if (!unread_.empty()) unread_.erase(0, terminal_.write(unread_));
}

}  // namespace celeriac::firmware_sim
