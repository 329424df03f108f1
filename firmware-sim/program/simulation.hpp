#pragma once
// The twin on a pseudo terminal, in real time or N times as fast. Unplugged, there is no terminal.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/program/pseudo_terminal.hpp"
#include "firmware-sim/twin.hpp"

namespace celeriac::firmware_sim {

struct SimulationOptions {
  BoardOptions board = {};
  FaultPlan plan = {};
  std::uint64_t seed = 0;
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

  /// After an unplugging there is a new terminal at the same link.
  Simulation(boost::asio::any_io_executor executor, PseudoTerminal terminal, const SimulationOptions& options,
             SimulationLog log);

  /// Brings the twin to the present and hands it out: for hands that reach into it.
  struct Present {
    Twin& twin;
    Instant now;
  };
  [[nodiscard]] Present present();
  /// What was done to `present` may have made something due.
  void changed() { wake_clock(); }

  /// Runs until `stop`, or for ever.
  void start();
  void stop();

 private:
  /// The board's end while the port is there.
  struct Line {
    PseudoTerminal terminal;
    boost::asio::posix::stream_descriptor descriptor;
  };

  boost::asio::awaitable<void> follow_clock();
  boost::asio::awaitable<void> follow_line();
  boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration time);
  void unplug();
  void plug_in(PseudoTerminal terminal);
  boost::asio::awaitable<void> wait_until_open();
  boost::asio::awaitable<void> receive_until_closed(Line& line);
  void on_open();
  void send(Instant at, std::string_view text);
  void flush();
  [[nodiscard]] Instant now() const;
  /// Something has changed that the clock has to look at.
  void wake_clock() { clock_timer_.cancel(); }

  boost::asio::any_io_executor executor_;
  std::filesystem::path link_;
  std::shared_ptr<Line> line_;
  double speed_;
  SimulationLog log_;
  std::chrono::steady_clock::time_point started_;
  Twin twin_;
  bool resets_on_open_;
  bool open_ = false;
  bool stopped_ = false;
  std::string unread_;
  boost::asio::steady_timer clock_timer_;
  boost::asio::steady_timer line_timer_;
};

}  // namespace celeriac::firmware_sim
