#pragma once
// The link to the board: opens the port, waits for the board, configures it, keeps one command on the line,
// and comes back from whatever happens.
//
//            ┌──── port gone · 12 s silence · noise ◄─────────────┬──────────────────┬───────────────┐
//            ▼                                                    │                  │               │
//   ┌──► CLOSED ──opened──► WAIT_BOOT ──boot lines over,──► CONFIGURING ──verified──► READY           │
//   │  back-off 0.1…3 s        ▲        or an idle report          │                  │ silence of two │
//   └──────────────────────────┼───────────────────────────────────┴──────────────────┤ idle periods   │
//                              └──────────── the board restarted: boot lines ◄────────┘ and 1 s ───────┘
//
// Configuring: F20 where the boot lines did not show the parameters, F22 for each that differs from the
// wanted set (the answer must show it), F22 P2 V1, F83, F82. Only READY takes commands, one at a time;
// everything else waits in front of it (motion::RequestQueue). At most one line stands in the system's output
// queue, so that at most one line stands before an emergency stop, which goes past everything here.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/firmware/board_state.hpp"
#include "hal/firmware/emergency_lock.hpp"
#include "hal/firmware/exchange.hpp"
#include "hal/firmware/line_reader.hpp"
#include "hal/firmware/serial_port.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::firmware {

enum class LinkState : std::uint8_t { closed, wait_boot, configuring, ready };
std::string_view name(LinkState state) noexcept;

enum class Severity : std::uint8_t { debug, info, warn, error };

/// Commands that wait for the line: the request at work has one, unlocking and configuring have theirs.
inline constexpr std::size_t max_waiting_commands = 8;
/// Bytes without one well-formed line after which nobody believes in a board at the other end.
inline constexpr std::size_t max_noise = 4096;
/// A board that has said nothing for this long after the opening is not there: boot loader 2 s, boot 1 s, and
/// its idle report every 5 s if it was running.
inline constexpr std::chrono::seconds boot_silence{12};
/// A running board's idle report counts from here on: one that the opening resets says nothing in this time.
inline constexpr std::chrono::seconds running_board_after{2};
/// After this an idle report or the end of the boot lines is not waited for any longer, if there were lines.
inline constexpr std::chrono::seconds boot_fallback{6};
inline constexpr std::chrono::milliseconds first_back_off{100};
inline constexpr std::chrono::milliseconds longest_back_off{3000};
/// Rest of a line that comes later than this belongs to another one.
inline constexpr std::chrono::milliseconds partial_line_age{600};

/// A line's way, seen from here.
enum class Way : std::uint8_t { sent, received };

/// Who hears of it. Called from the event loop, after the next command has been sent.
class LinkObserver {
 public:
  virtual ~LinkObserver() = default;
  virtual void changed(std::uint8_t changes) = 0;
  virtual void report(Severity severity, std::string message) = 0;
  virtual void ready() = 0;
  /// Whatever waits for the board fails with this.
  virtual void lost(const protocol::Error& error) = 0;
  /// The lock was engaged, by a client or by the board.
  virtual void locked() = 0;
  /// R00 or R87 with the position behind it, outside commands.
  virtual void idle_report() {}
  /// What a board that has just come has to do before anything else.
  virtual std::vector<Command> before_anything() { return {}; }
  /// A command goes out on the line; once more if its line was lost.
  virtual void began(const Command&) {}
  /// The board has ended a command, before whoever asked for it hears of it, and also when he has been
  /// answered already.
  virtual void ended(const Command&, const protocol::Result<Answer>&, const Traces&) {}
  /// Each line as it passes.
  virtual void line(Way, std::string_view) {}
};

class Link {
 public:
  using Completion = std::move_only_function<void(protocol::Result<Answer>)>;

  /// `wanted` is read each time the board is configured. All references must outlive the link.
  Link(boost::asio::io_context& io, Timers& timers, PortOpener& opener, const ParameterSet& wanted,
       LinkObserver& observer);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// The emergency lock of an earlier run, before start(): the board hears of it before anything else.
  void take_up_lock(std::int64_t since) { lock_.take_up(since); }
  /// Opens the port, now and again whenever it is lost.
  void start();
  /// Closes for good; what waits fails with `cancelled`.
  void stop();
  /// Closes until start(), so that another program has the port; `why` is what offline() says meanwhile.
  void part(const protocol::Error& why);

  /// Sends a command when the line is free and completes with its final answer, never from inside this call.
  /// Fails at once with `offline` when not READY, with `locked` under the lock. A command that the board
  /// wants approved first (R88) is repeated once after approving.
  boost::asio::awaitable<protocol::Result<Answer>> execute(Command command);

  /// Emergency stop, past everything. Completes when the board has confirmed it, at once while the link is
  /// down: the lock holds, and the board hears of it before anything else.
  void engage_lock(EmergencyLock::Completion completion);
  /// F09, when the board has confirmed it.
  boost::asio::awaitable<protocol::Result<void>> release_lock();
  /// Stops the move on the line, if there is one, with '@'; it ends with `cancelled`.
  void abort_move();
  /// Closes the port so that the board resets, and opens it again.
  void restart();

  [[nodiscard]] LinkState state() const noexcept { return state_; }
  [[nodiscard]] const BoardState& board() const noexcept { return board_; }
  [[nodiscard]] BoardState& board() noexcept { return board_; }
  [[nodiscard]] const EmergencyLock& lock() const noexcept { return lock_; }
  [[nodiscard]] bool moving() const noexcept { return current_ && current_->command().moves(); }
  /// The board started anew before it became ready, so that it counts from 0.
  [[nodiscard]] bool board_restarted_before() const noexcept { return fresh_board_; }
  [[nodiscard]] std::string port_name() const { return opener_.port_name(); }
  /// Nothing is going on: no command, nothing half read, nothing to settle.
  [[nodiscard]] bool quiet() const noexcept {
    return state_ == LinkState::ready && port_ && !current_ && waiting_.empty() && !settling_ &&
           !lines_.unfinished() && !report_begun_ && !reloading_drivers_ &&
           (!lock_.engaged() || lock_.confirmed());
  }
  /// The Q of the last command; a replay goes on from a recorded one.
  [[nodiscard]] int last_q() const noexcept { return last_q_; }
  void number_from(int last_q) noexcept { last_q_ = last_q; }
  /// Why there is no link: `offline`, with port and what to check.
  [[nodiscard]] protocol::Error offline() const;

 private:
  struct Waiting {
    Command command;
    Completion completion;
    bool internal;  ///< belongs to configuring or unlocking: allowed under the lock
  };

  void open();
  void lose(protocol::Error error);
  void close_port();
  void schedule_open(Duration after);
  void received(std::string_view bytes);
  void take_line(std::string_view text);
  void take(const Reply& reply);
  void take_boot(const Reply& reply);
  void stop_stray_move(const Reply& reply);
  void board_restarted();
  void follow_lock(const Reply& reply);
  void boot_is_over();
  boost::asio::awaitable<protocol::Result<void>> configure();
  boost::asio::awaitable<protocol::Result<void>> write_wanted(int number, std::int32_t value);
  boost::asio::awaitable<protocol::Result<Answer>> exchange(Command command, bool internal);
  void submit(Command command, Completion completion, bool internal);
  void pump();
  void send_current();
  void act(Exchange::Step step);
  void finish_current();
  void fail_commands(const protocol::Error& error, bool internal_too);
  void settle();
  void arm();
  void ring();
  void send_stop();
  void repeat_stop();
  void set_state(LinkState state);
  void tell(std::uint8_t changes) { observer_.changed(changes); }

  boost::asio::io_context& io_;
  Timers& timers_;
  PortOpener& opener_;
  const ParameterSet& wanted_;
  LinkObserver& observer_;

  LinkState state_ = LinkState::closed;
  bool running_ = false;
  std::uint64_t life_ = 0;  // of the board: grows when it is lost or restarts, and older work stops
  std::unique_ptr<SerialPort> port_;
  std::unique_ptr<Timer> open_timer_, watch_, stop_timer_, settle_timer_;
  Duration back_off_ = first_back_off;
  protocol::Error reason_;  // why the link is down
  std::string last_complaint_;

  LineReader lines_;
  std::size_t noise_ = 0;
  Instant last_bytes_{}, last_line_{}, opened_{}, next_stray_stop_{}, armed_for_ = Instant::max();
  bool any_line_ = false, booting_ = false, idle_seen_ = false;  // since the opening or the restart
  bool report_begun_ = false;                                    // R00 or R87 was there, its position not yet

  bool fresh_board_ = false;  // it has forgotten its configuration since the last one

  BoardState board_;
  EmergencyLock lock_;
  std::optional<Exchange> current_;
  Completion completion_;  // of the current exchange; empty once somebody has answered for it
  bool current_internal_ = false;
  std::deque<Waiting> waiting_;
  bool settling_ = false;
  bool reloading_drivers_ = false;
  int last_q_ = 0;

  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::firmware
