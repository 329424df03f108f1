#pragma once
// The serial port of the board at 115200 baud: when bytes arrive, what a full buffer loses, and when printed
// text has left.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

/// Ten bits at 115200 baud.
inline constexpr Duration character_time{86'806};

class Uart {
 public:
  /// The driver's ring of 64 bytes can hold one less; what comes while it is full is lost.
  static constexpr std::size_t receive_capacity = 63;
  /// The driver's transmit ring: printing blocks the firmware while it is full.
  static constexpr std::size_t transmit_capacity = 64;
  /// Bytes that a host may have on the wire; beyond it `host_sends` takes no more.
  static constexpr std::size_t wire_capacity = 65'536;

  using Sink = std::function<void(Instant, std::string_view)>;

  explicit Uart(Sink sink) : sink_(std::move(sink)) {}

  /// A reset: both rings are empty again. What is on the wire to the board goes on arriving.
  void reset(Instant now);

  // The host's side.

  /// The host starts sending at `now`, one character time for each byte. Returns how many bytes were taken.
  std::size_t host_sends(std::string_view bytes, Instant now);
  [[nodiscard]] std::size_t wire_space() const { return wire_capacity - wire_.size(); }
  /// What is on the wire does not arrive any more.
  void cut_wire(Instant now);
  [[nodiscard]] Instant wire_busy_until() const { return wire_busy_until_; }
  /// Hands every piece of text that has left completely by `now` to the sink, stamped with its end.
  void deliver(Instant now);
  /// When the next piece of text will have left.
  [[nodiscard]] std::optional<Instant> next_delivery() const;

  // The firmware's side.

  /// Moves what has arrived by `now` from the wire into the ring.
  void poll(Instant now);
  /// The next byte in the ring, after `poll`.
  [[nodiscard]] std::optional<char> read();
  [[nodiscard]] bool readable() const { return !ring_.empty(); }
  void discard_input() { ring_.clear(); }
  /// When the next byte will arrive that is still on the wire.
  [[nodiscard]] std::optional<Instant> next_arrival() const;
  /// Prints at `now`, and returns when the firmware can go on: later than `now` if the ring was full.
  [[nodiscard]] Instant print(std::string_view text, Instant now);

 private:
  struct Arrival {
    Instant at;
    char byte;
  };
  struct Departure {
    Instant end;
    std::string text;
  };

  Sink sink_;
  std::deque<Arrival> wire_;
  Instant wire_busy_until_{};
  std::deque<char> ring_;
  std::deque<Departure> departures_;
  Instant transmit_busy_until_{};
};

}  // namespace celeriac::firmware_sim
