#pragma once
// How far the board's count of an axis can be believed. The board counts steps; where the carriage stands is
// another matter, and this keeps both apart.
//
//                       found home · set to zero · calibrated
//        ┌───────────────────────────────────────────────────────────────┐
//        │                           ┌────────────────────────────────┐  │
//        │                           │                                ▼  ▼
//    UNKNOWN ◄── reset elsewhere ── STALE ◄── stall · missed steps ── KNOWN
//        ▲      than at rest in 0,    ▲       axis timeout                │
//        │      or in mid-move;       │       emergency stop in mid-move  │
//        │      another count than    │       driver error · jump at rest │
//        │      the journal's         │       other steps/mm · reset at 0 │
//        └────────────────────────────┼───────────────────────────────────┘
//                                     └── first start ever: nothing says otherwise
//
//   known    the count is where the carriage is
//   stale    the count may be off, as far as one stall goes: moves are allowed, and warned of once
//   unknown  the count says nothing: moves to a position are refused until home is found or zero is set
//
// Nothing but the three ways at the top ever makes an axis better. A stop with '@' brakes in steps that are
// counted, and changes nothing. Pure: it is told what happens, and the journal keeps what it knows.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "hal/firmware/axis.hpp"
#include "hal/firmware/board_state.hpp"
#include "hal/firmware/exchange.hpp"
#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::position {

enum class Trust : std::uint8_t { unknown, stale, known };
std::string_view name(Trust trust) noexcept;

/// Where home was found, against where it was believed.
struct Homing {
  std::int64_t time = 0;       ///< milliseconds since 1970
  double displacement_mm = 0;  ///< as Traces::displacement_mm
};

/// What is believed of one axis.
struct Belief {
  Trust trust = Trust::unknown;
  std::string why = "the board has not been there yet";
  std::int64_t since = 0;
  std::optional<double> position_mm = {};  ///< the board's count, as it was last seen
  double steps_per_mm = 0;                 ///< that it was counted with; 0: not known
  bool moving = false;                     ///< a motion of ours has begun, and its end was not seen
  std::optional<Homing> homing = {};       ///< the last one that ended well
};

/// A count that changes by more than this while nothing moves, beyond one step, is a jump: encoders tremble.
inline constexpr double jump_tolerance_mm = 0.5;
/// Home may lie this far from where it was believed without a word, beyond what the board's own missed steps
/// allow (its homing adds encoder_missed_steps_max steps to its own tolerance): an end stop does not close at
/// the same step each time.
inline constexpr double homing_tolerance_mm = 3;

class Reckoning {
 public:
  enum class Severity : std::uint8_t { info, warn };
  struct Reports {
    std::function<void(Severity, std::string)> say;
    /// Something of the journal has changed; `urgent` unless only positions of a motion did.
    std::function<void(bool urgent)> changed;
    /// Milliseconds since 1970.
    std::function<std::int64_t()> now;
  };
  explicit Reckoning(Reports reports) : reports_(std::move(reports)) {}

  // ---- the journal ----
  /// What an earlier run wrote; an empty object is a first start. False, and all is unknown, if it cannot be
  /// understood.
  bool take_up(const protocol::Json& journal);
  /// The journal could not be read: that is no first start.
  void distrust();
  [[nodiscard]] protocol::Json journal() const;

  // ---- what happens ----
  /// The board is ready; `restarted`: it counts from 0 since its last reset, which came after we last saw it.
  void ready(const firmware::BoardState& board, bool restarted);
  /// The board is gone, or has restarted.
  void gone() noexcept { here_ = false; }
  void began(const firmware::Command& command, const firmware::BoardState& board);
  void ended(const firmware::Command& command, const protocol::Result<firmware::Answer>& answer,
             const firmware::Traces& traces, const firmware::BoardState& board);
  /// The board has told a position; `moving`: a motion is on the line.
  void position(const firmware::BoardState& board, bool moving);
  /// The board has told its position while idle.
  void idle_report(const firmware::BoardState& board, bool moving);
  /// The board has new values of its parameters.
  void parameters(const firmware::BoardState& board);
  /// F84 was accepted: the next idle report shows it.
  void zeroing(std::span<const Axis> axes);
  /// It has: here is 0.
  void zeroed(std::span<const Axis> axes, const firmware::BoardState& board);

  // ---- what follows ----
  [[nodiscard]] const Belief& of(Axis axis) const noexcept { return beliefs_[axis]; }
  /// The axes that a motion of ours moves, or moved when the board was lost.
  [[nodiscard]] PerAxis<bool> moving() const;
  /// Refuses a move to a position that would move an unknown axis, or that would move nothing while an axis
  /// is unknown: to be there already would be no more than a claim. Says once that an axis is stale.
  /// Status::wrong_state, code `position_unknown`.
  protocol::Result<void> allow(const PerAxis<double>& target_mm, const firmware::BoardState& board);
  /// Refuses to go to 0 on an unknown axis, wherever its count stands.
  protocol::Result<void> allow_home(std::span<const Axis> axes);

  /// `{x: "known", y: …, z: …}`
  [[nodiscard]] protocol::Json document() const;
  /// `{x: {why, since}, …}`
  [[nodiscard]] protocol::Json reasons() const;
  /// `{x: {time, displacement_mm} or null, …}`
  [[nodiscard]] protocol::Json homings() const;

 private:
  void set(Axis axis, Trust trust, std::string why);
  /// Not better than stale from now on.
  void doubt(Axis axis, const std::string& why);
  void follow(const firmware::BoardState& board);
  void take_back(Axis axis, const firmware::BoardState& board, bool restarted);
  void homed(Axis axis, const firmware::Traces& traces, const firmware::BoardState& board);
  void failed(const protocol::Error& error, const firmware::Traces& traces, const firmware::Command& command,
              const firmware::BoardState& board);
  /// Reports the axes that are not known, and why.
  void say_where() const;
  void warn_of_stale(Axis axis);
  [[nodiscard]] protocol::Error refusal(Axis axis) const;

  Reports reports_;
  PerAxis<Belief> beliefs_{};
  PerAxis<bool> zeroing_{}, warned_{};
  bool first_start_ = true, unreadable_ = false;
  bool here_ = false;  // the board is ready
};

}  // namespace celeriac::hal::position
