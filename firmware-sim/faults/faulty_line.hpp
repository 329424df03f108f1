#pragma once
// One direction of the serial line, and what it does to the bytes on it. Without faults everything passes as
// it comes.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firmware-sim/faults/fault.hpp"
#include "firmware-sim/faults/random_source.hpp"
#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

class FaultyLine {
 public:
  /// Bytes that wait because they were delayed; what comes beyond is lost.
  static constexpr std::size_t max_delayed = 65'536;
  /// Faults that wait for bytes; a further one takes the place of the oldest.
  static constexpr std::size_t max_pending = 64;

  using Sink = std::function<void(Instant, std::string_view)>;
  using Report = std::function<void(Instant, const Fault&)>;

  /// `sink` gets what comes out at the other end, `hit` what a chance did to a byte.
  FaultyLine(Direction direction, RandomSource random, Sink sink, Report hit)
      : direction_(direction), sink_(std::move(sink)), hit_(std::move(hit)), noise_(random) {}

  /// From now on: silence, garbage, or one of the faults that act on bytes.
  void begin(const Fault& fault, Instant now);
  /// Each byte has this chance of this fault.
  void add_chance(const Fault& fault, double probability, RandomSource random);

  /// A byte goes in; `flush` sends on what went in together.
  void take(Instant at, char byte);
  void flush(Instant at);
  /// When the next delayed bytes come out.
  [[nodiscard]] std::optional<Instant> next_release() const;
  void release(Instant now);
  /// The cable is out: what is delayed is lost.
  void cut();

 private:
  /// A byte on its way.
  struct Passing {
    char byte;
    int copies = 1;
    Duration late{};
  };
  struct Chance {
    Fault fault;
    double probability;
    RandomSource random;
  };
  /// A fault that has begun and is not used up.
  struct Pending {
    Fault fault;
    int bytes;      ///< still to be hit
    Instant until;  ///< or all of them up to here
  };
  struct Delayed {
    Instant due;
    std::string bytes;
  };

  static void act(const Fault& fault, RandomSource& random, Passing& passing);
  void put(Instant at, const Passing& passing);

  Direction direction_;
  Sink sink_;
  Report hit_;
  std::vector<Chance> chances_;
  std::vector<Pending> pending_;
  RandomSource noise_;
  Instant silent_until_{};
  std::string run_;  ///< went in together, and nothing changes its time
  std::deque<Delayed> delayed_;
  std::size_t delayed_bytes_ = 0;
};

}  // namespace celeriac::firmware_sim
