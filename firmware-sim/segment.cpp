// One move of up to three axes. The loop is the firmware's own, pass by pass; passes in which nothing can
// happen are skipped, since nobody could tell.

#include <algorithm>
#include <format>

#include "firmware-sim/firmware.hpp"
#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr Duration motor_pause = std::chrono::milliseconds(100);
/// Before a failed driver is initialised, and what that takes: between 100 and 300 ms.
constexpr Duration driver_pause = std::chrono::milliseconds(100);
constexpr Duration driver_restart = std::chrono::milliseconds(200);
/// Passes of the move loop from one slot of the periodic report to the next.
constexpr std::int64_t passes_per_slot = 301;

/// Whole passes until `until`, none if it is over.
std::int64_t passes_until(Instant until, Instant from, Duration pass) {
  if (until <= from) return 0;
  return (until - from + pass - Duration(1)) / pass;
}

}  // namespace

/// A segment under way.
struct Firmware::Segment {
  Target target;
  Instant started;
  /// As of the end of the last pass.
  PerAxis<bool> active = {true, true, true};
  Failure failure = Failure::none;
  bool stopped = false;     ///< by E
  Instant pass{};           ///< the one that runs
  Instant next{};           ///< the one after it
  std::int64_t passes = 0;  ///< since the last slot of the report

  [[nodiscard]] bool moving() const { return std::ranges::contains(active, true); }
};

Routine<Failure> Firmware::segment(Target target) {
  Segment run{.target = target, .started = now()};
  event(std::format("segment to x={:.2f} y={:.2f} z={:.2f}{}, {}", target.millimetres[0],
                    target.millimetres[1], target.millimetres[2],
                    target.homing ? std::format(" homing {}", letter(*target.homing)) : "", places()));
  load_segment(target);
  print_with_q(end_stops_line());
  for (const AxisName axis : all_axes) queue_state(axis, AxisState::start_motor);
  for (const AxisName axis : all_axes) enable_motor(axis, true);
  co_await hw_.cpu.sleep(motor_pause);

  begin_motion(run);
  while (run.moving() && !run.stopped && !aborting_) {
    move_pass(run);
    if (next_pass_matters(run)) {
      co_await hw_.cpu.sleep(run.next - now());
    } else {
      const Duration pass = hw_.profile.timing.move_pass;
      std::int64_t quiet = quiet_passes(run);
      co_await hw_.cpu.sleep_until_or_input(run.next + quiet * pass);
      quiet = std::min(quiet, passes_until(now(), run.next, pass));  // fewer if a byte came
      run.passes += quiet;
      run.next += quiet * pass;
      co_await hw_.cpu.sleep(run.next - now());
    }
    run.pass = std::max(run.next, now());
  }

  send_queue();
  print("R99 stopped\r\n");
  if (target.homing && run.failure == Failure::none && !run.stopped) {
    print_with_q(std::format("R1{}", index(*target.homing) + 1));
  }
  for (const AxisName axis : all_axes) queue_state(axis, AxisState::stop_motor);
  send_queue();
  release_motors();
  co_await hw_.cpu.sleep(motor_pause);

  for (const AxisName axis : all_axes) {
    axes_[index(axis)].deactivate();
    stored_[index(axis)] = axes_[index(axis)].position();
  }
  print_with_q(end_stops_line());
  print_with_q(position_line());
  report_encoders();
  for (const AxisName axis : all_axes) queue_state(axis, AxisState::idle);
  send_queue();
  release_motors();
  co_await hw_.cpu.sleep(motor_pause);

  if (hw_.profile.stall_guard) {
    co_await reset_failed_drivers();
    print_with_q(load_line());
  }
  if (run.stopped) {
    if (!locked_) event("emergency stop");
    locked_ = true;
    run.failure = Failure::emergency_stop;
  }
  print(std::format("R99 error {}\r\n", static_cast<int>(run.failure)));
  event(std::format("segment ended with error {}, {}", static_cast<int>(run.failure), places()));
  co_return run.failure;
}

/// Express looks at the error bits of its drivers when a segment is over, and starts those afresh.
Routine<> Firmware::reset_failed_drivers() {
  for (const AxisName axis : all_axes) {
    MotorDriver& driver = hw_.drivers[index(axis)];
    if (!driver.error) continue;
    print(std::format("R99 reset motor {}\r\n", letter(axis)));
    event(std::format("driver of axis {} restarted", letter(axis)));
    co_await hw_.cpu.sleep(driver_pause);
    driver.error = driver.broken;
    co_await hw_.cpu.sleep(driver_restart);
  }
}

void Firmware::load_segment(const Target& target) {
  for (const AxisName axis : all_axes) {
    const std::size_t i = index(axis);
    const int source = stored_[i];
    const int destination = truncated(target.millimetres[i] * static_cast<float>(steps_per_mm(axis)));
    missed_[i] = 0;
    missed_history_[i].fill(0);
    displaced_[i] = 0;
    if (axes_[i].load(settings(axis, target.speeds[i]), source, destination, target.homing == axis)) {
      print_with_q(
          std::format("R1{} {}{}", 5 + i, letter(axis), axes_[i].destination() / steps_per_mm(axis)));
    }
  }
  for (const AxisName axis : all_axes) {
    Axis& moved = axes_[index(axis)];
    moved.set_pin_up(moved.homing() ? parameter_of(parameter::home_up, axis) != 0
                                    : moved.position() < moved.destination());
    reported_[index(axis)] = AxisState::start_motor;
  }
}

void Firmware::begin_motion(Segment& run) {
  for (const AxisName axis : all_axes) {
    Axis& moved = axes_[index(axis)];
    if (run.target.homing && run.target.homing != axis) {
      moved.deactivate();
      run.active[index(axis)] = false;
    }
    moved.reset_steps();
    moved.check_movement(end_reached(axis, AxisEnd::min), end_reached(axis, AxisEnd::max));
    moved.schedule(hw_.step_timing, now());
  }
  run.failure = aborting_ ? Failure::abort : Failure::none;
  run.stopped = locked_;
  run.pass = now();
  slot_ = 0;
}

void Firmware::move_pass(Segment& run) {
  for (const AxisName axis : all_axes) {
    const AxisState state = axes_[index(axis)].state();
    const bool changed = std::exchange(reported_[index(axis)], state) != state;
    if (changed && state != AxisState::idle) queue_state(axis, state);
  }
  int edges = 0;
  for (const AxisName axis : all_axes) {
    if (!axes_[index(axis)].edge_due(run.pass)) continue;
    make_edge(axis, run.pass);
    ++edges;
  }
  for (const AxisName axis : all_axes) stop_stalled(axis, run.failure);
  for (const AxisName axis : all_axes) {
    zero_at_home_switch(axis);
    run.active[index(axis)] = axes_[index(axis)].active();
    stored_[index(axis)] = axes_[index(axis)].position();
  }
  for (const AxisName axis : all_axes) {
    if (!run.active[index(axis)] || !timed_out(axis, run.started)) continue;
    queue(std::format("R7{}\r\nR99 timeout {} axis\r\n", index(axis) + 1, letter(axis)));
    run.failure = Failure::timeout;
  }
  take_interruption(run);
  if (run.failure != Failure::none) {
    queue("R99 error\r\n");
    run.active.fill(false);
  }
  send_queued_character();
  if (++run.passes >= passes_per_slot && queue_.empty()) {
    run.passes = 0;
    queue_slot_report();
  }
  const BoardTiming& timing = hw_.profile.timing;
  run.next = run.pass + timing.move_pass + timing.step_cost / 2 * edges;
}

void Firmware::take_interruption(Segment& run) {
  switch (read_interruption()) {
    case Interruption::emergency_stop:
      queue("R99 emergency stop\r\n");
      print_with_q("R87");
      run.stopped = true;
      run.failure = Failure::emergency_stop;
      break;
    case Interruption::abort:
      queue("R99 movement abort\r\n");
      print_with_q("R86");
      aborting_ = true;
      run.failure = Failure::abort;
      break;
    case Interruption::none:
      break;
  }
}

bool Firmware::next_pass_matters(const Segment& run) const {
  const bool state_changed = std::ranges::any_of(
      all_axes, [&](AxisName axis) { return axes_[index(axis)].state() != reported_[index(axis)]; });
  return !run.moving() || state_changed || !queue_.empty() || hw_.uart.readable();
}

/// Passes after the next one until an edge, a timeout or a slot of the report.
std::int64_t Firmware::quiet_passes(const Segment& run) const {
  const Duration pass = hw_.profile.timing.move_pass;
  std::int64_t quiet = passes_per_slot - 1 - run.passes;
  for (const AxisName axis : all_axes) {
    const Axis& moving = axes_[index(axis)];
    if (moving.has_next_edge()) quiet = std::min(quiet, passes_until(moving.next_edge(), run.next, pass));
    if (run.active[index(axis)]) {
      quiet = std::min(quiet, passes_until(timeout_at(axis, run.started), run.next, pass));
    }
  }
  return std::max<std::int64_t>(quiet, 0);
}

}  // namespace celeriac::firmware_sim
