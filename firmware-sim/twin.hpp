#pragma once
// The board's twin: a Board at the end of a line, and everything that can go wrong with both. Used like a
// Board; with an empty plan it behaves as one, byte for byte and moment for moment.
//
//   host ── receive ──► FaultyLine to-board ──────► Board ─┬─ pins, loads, soil
//        ◄── output ─── FaultyLine from-board ◄────────────┴─ carriages, switches, encoders
//                 ▲                                ▲
//                 └────── rules of the FaultPlan ──┘    at a time, at a line, by chance, by hand
//
// Same seed, same plan, same input at the same times: same bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/board.hpp"
#include "firmware-sim/faults/faulty_line.hpp"
#include "firmware-sim/faults/plan.hpp"
#include "firmware-sim/faults/random_source.hpp"

namespace celeriac::firmware_sim {

struct TwinOptions {
  BoardOptions board = {};
  FaultPlan plan = {};
  /// Whatever the plan says.
  std::uint64_t seed = 0;
};

/// Who hears of it. All times are the world's, which are the board's unless it is slow.
struct TwinSinks {
  Uart::Sink output;
  /// Also of faults: `fault: unplug for 3s`, `fault over: unplug for 3s`.
  EventSink events = {};
  /// The port has vanished, or is there again.
  std::function<void(Instant, bool present)> port = {};
};

class Twin {
 public:
  Twin(const TwinOptions& options, TwinSinks sinks);
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;

  /// As those of Board.
  void reset(Instant now);
  std::size_t receive(std::string_view bytes, Instant now);
  [[nodiscard]] std::size_t wire_space() const { return board_.wire_space(); }
  [[nodiscard]] Instant next_event() const;
  void advance(Instant now);

  /// Something goes wrong now: after `advance(now)`.
  void inject(const Fault& fault, Instant now);
  /// One more rule; `in` counts from now. False: the plan is full.
  bool add(const FaultRule& rule, Instant now);
  /// A switch that stuck follows the carriage again.
  void release_switch(AxisName axis, AxisEnd end);

  [[nodiscard]] Board& board() { return board_; }
  [[nodiscard]] const BoardProfile& profile() const { return board_.profile(); }
  [[nodiscard]] bool plugged() const { return plugged_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// How many faults there have been, hits by chance among them.
  [[nodiscard]] std::uint64_t faults() const { return faults_; }

 private:
  /// A rule that waits for its moment.
  struct Armed {
    FaultRule rule;
    RandomSource random;
    std::optional<Instant> due;  ///< of those that follow the clock
    bool spent = false;
  };
  /// A fault that goes on. `until`: Instant::max() for good.
  struct Ongoing {
    Fault fault;
    Instant until;
  };
  /// What the bytes of the line that is passing have been so far, of one direction.
  struct Passage {
    std::string line;
    std::size_t byte = 0;
  };
  struct KindRow;
  static const KindRow& kind_row(FaultKind kind);

  void arm(const FaultRule& rule, Instant now);
  static std::optional<Instant> next_due(Armed& armed, Instant after);
  void run_board(Instant until);
  void fire_due(Instant now);
  void end_due(Instant now);
  [[nodiscard]] std::optional<Instant> next_fault() const;
  void schedule(const Fault& fault, Instant at);
  void pass(Direction direction, Instant at, std::string_view bytes);
  void meet_lines(Direction direction, Instant at, std::size_t offset, std::string_view rest);
  [[nodiscard]] Instant moment_on_wire(Instant at, std::size_t offset) const;
  void deliver(Direction direction, Instant at, std::string_view bytes);
  void tell(Instant at, std::string_view text) const;
  void hit(Instant at, const Fault& fault);

  // what a fault does: begins with `begin`, and is made right again by `settle` when something ended
  void begin_on_line(const Fault& fault, Instant now);
  void begin_restart(const Fault& fault, Instant now);
  void begin_brown_out(const Fault& fault, Instant now);
  void keep(const Fault& fault, Instant now);
  void settle_power(const Fault& fault, Instant now);
  void settle_switch(const Fault& fault, Instant now);
  void settle_obstacle(const Fault& fault, Instant now);
  void settle_jam(const Fault& fault, Instant now);
  void settle_load(const Fault& fault, Instant now);
  void settle_speed(const Fault& fault, Instant now);
  void settle_encoder(const Fault& fault, Instant now);
  void settle_driver(const Fault& fault, Instant now);
  /// The newest ongoing fault that concerns the same thing, or null.
  [[nodiscard]] const Fault* ongoing(const Fault& fault) const;
  [[nodiscard]] bool any_ongoing(FaultKind kind, bool without_power = false) const;

  // a slow board: its time runs more slowly than the world's
  [[nodiscard]] Instant to_board(Instant world) const;
  [[nodiscard]] Instant to_world(Instant board) const;

  TwinSinks sinks_;
  std::uint64_t seed_;
  std::uint64_t rules_armed_ = 0;
  std::uint64_t faults_ = 0;
  RandomSource random_;
  double factor_ = 1;
  Instant world_anchor_{};
  Instant board_anchor_{};
  bool plugged_ = true;
  bool interrupted_ = false;  ///< while a line of the board's passes: its rest is lost
  std::vector<Armed> armed_;
  std::multimap<Instant, Fault> scheduled_;
  std::vector<Ongoing> ongoing_;
  std::array<Passage, 2> passages_{};
  FaultyLine to_board_;
  FaultyLine from_board_;
  Board board_;
};

}  // namespace celeriac::firmware_sim
