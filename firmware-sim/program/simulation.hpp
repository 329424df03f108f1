#pragma once
// A board on a pseudo terminal, in real time or N times as fast.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/board.hpp"
#include "firmware-sim/program/pseudo_terminal.hpp"

namespace celeriac::firmware_sim {

struct SimulationOptions {
  BoardOptions board = {};
  /// Simulated seconds in a real one; above 0.
  double speed = 1;
  /// Nothing: as the board does it.
  std::optional<bool> reset_on_open = std::nullopt;
};

/// What a simulation tells beside the serial line. Times are simulated ones.
struct SimulationLog {
  EventSink events = {};
  /// `to_board`: bytes from the host; otherwise bytes from the board.
  std::function<void(Instant, bool to_board, std::string_view)> trace = {};
};

class Simulation {
 public:
  /// Output that a host does not read is kept up to here; then the oldest driver buffer in the world
  /// overflows as well, and bytes are lost.
  static constexpr std::size_t unread_capacity = 65'536;

  Simulation(boost::asio::any_io_executor executor, PseudoTerminal terminal, const SimulationOptions& options,
             SimulationLog log);

  /// Runs until `stop`, or for ever.
  void start();
  void stop();

 private:
  boost::asio::awaitable<void> follow_clock();
  boost::asio::awaitable<void> follow_line();
  boost::asio::awaitable<void> wait_until_open();
  boost::asio::awaitable<void> receive_until_closed();
  void on_open();
  void send(Instant at, std::string_view text);
  void flush();
  [[nodiscard]] Instant now() const;
  /// Something has changed that the clock has to look at.
  void wake_clock() { clock_timer_.cancel(); }

  PseudoTerminal terminal_;
  double speed_;
  SimulationLog log_;
  std::chrono::steady_clock::time_point started_;
  Board board_;
  bool resets_on_open_;
  bool open_ = false;
  bool stopped_ = false;
  std::string unread_;
  boost::asio::posix::stream_descriptor line_;
  boost::asio::steady_timer clock_timer_;
  boost::asio::steady_timer line_timer_;
};

}  // namespace celeriac::firmware_sim
