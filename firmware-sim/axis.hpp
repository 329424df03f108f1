#pragma once
// One stepping axis of the firmware during a segment: its counter, its ramp, and when its next edge is due.

#include <cstdint>
#include <vector>

#include "firmware-sim/profile.hpp"
#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

/// What R05 reports.
enum class AxisState : std::uint8_t {
  idle = 0,
  start_motor = 1,
  accelerating = 2,
  cruising = 3,
  decelerating = 4,
  stop_motor = 5,
  crawling = 6,
};

/// How long a step takes at a commanded speed on a board. The interrupt counts 64 us ticks; the polling of
/// the move loop adds a little, which was measured at some speeds and is interpolated between them.
class StepTiming {
 public:
  explicit StepTiming(const BoardTiming& timing);

  /// `steps_per_second` of 0 or less never steps: the far future.
  [[nodiscard]] Duration period(int steps_per_second) const;

 private:
  std::vector<Duration> periods_;  ///< by speed, up to the fastest that was measured
  Duration shortest_;
};

/// The parameters of a segment, of one axis. Speeds in steps/s, lengths in steps.
struct AxisSettings {
  int min_speed = 0;
  int max_speed = 0;       ///< after the speed word
  int max_speed_home = 0;  ///< toward home
  int home_speed = 0;
  int ramp_steps = 0;
  bool home_up = false;
  bool stop_at_home = false;
  bool stop_at_max = false;
  int length = 0;
};

class Axis {
 public:
  /// Prepares a segment. True: the destination was clamped.
  bool load(const AxisSettings& settings, int source, int destination, bool homing);

  /// After the end stop of its direction and the counter have been looked at: goes on with a new speed, or
  /// ends.
  void check_movement(bool min_active, bool max_active);

  /// Makes the step, that is the rising edge: the counter moves.
  void begin_step() {
    step_on_ = true;
    ++steps_;
    position_ += up_ ? 1 : -1;
  }
  /// The falling edge, and the times of the next two at the speed calculated after the step before.
  void end_step(const StepTiming& timing, Instant pass, Duration latest) {
    step_on_ = false;
    Instant base = off_due_;
    if (pass - base > latest) base = pass - latest;  // the loop is too busy: time is lost for good
    schedule(timing, base);
  }
  void schedule(const StepTiming& timing, Instant base) {
    const Duration period = timing.period(speed_);
    on_due_ = base + period / 2;
    off_due_ = base + period;
  }
  [[nodiscard]] bool edge_due(Instant now) const {
    return step_on_ ? off_due_ <= now : active_ && on_due_ <= now;
  }
  [[nodiscard]] bool has_next_edge() const { return step_on_ || active_; }
  [[nodiscard]] Instant next_edge() const { return step_on_ ? off_due_ : on_due_; }
  [[nodiscard]] bool step_is_on() const { return step_on_; }

  [[nodiscard]] int position() const { return position_; }
  void set_position(int position) { position_ = position; }
  [[nodiscard]] int destination() const { return destination_; }
  [[nodiscard]] bool active() const { return active_; }
  void deactivate() { active_ = false; }
  [[nodiscard]] bool homing() const { return homing_; }
  [[nodiscard]] bool up() const { return up_; }
  void set_up(bool up) { up_ = up; }
  /// Steps since the start of the segment.
  [[nodiscard]] int steps() const { return steps_; }
  void reset_steps() { steps_ = 0; }
  /// The state of its last calculation, which a later segment in which it rests still shows.
  [[nodiscard]] AxisState state() const { return state_; }
  /// Whether the motor turned up when this segment began: the direction pin is set only then.
  [[nodiscard]] bool pin_up() const { return pin_up_; }
  void set_pin_up(bool up) { pin_up_ = up; }

 private:
  void calculate_speed(int max_speed);

  AxisSettings settings_{};
  int source_ = 0;
  int position_ = 0;
  int destination_ = 0;
  bool homing_ = false;
  bool active_ = false;
  bool up_ = false;
  bool pin_up_ = false;
  bool to_home_ = false;
  bool step_on_ = false;
  int speed_ = 0;
  int steps_ = 0;
  AxisState state_ = AxisState::idle;
  Instant on_due_{};
  Instant off_due_{};
};

}  // namespace celeriac::firmware_sim
