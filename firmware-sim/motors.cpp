// What the loops of moves and calibrations ask and tell: parameters of an axis, edges, missed steps, end
// stops, encoders, motors.

#include <algorithm>
#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr int steps_per_block = 100;
constexpr float most_missed = 32'000;

constexpr PerAxis<Failure> stall_of_axis = {Failure::stall_x, Failure::stall_y, Failure::stall_z};

}  // namespace

/// The speed word counts only below the parameter. X and Y have no speed of their own toward home.
AxisSettings Firmware::settings(AxisName axis, int speed_word) const {
  const auto of = [&](int first) { return parameter_of(first, axis); };
  const int limit = of(parameter::max_speed);
  const int speed = speed_word > 0 && speed_word < limit ? speed_word : limit;
  const bool slower_home = axis == AxisName::z && parameters_.valid(parameter::max_speed_z_home);
  return {
      .min_speed = of(parameter::min_speed),
      .max_speed = speed,
      .max_speed_home = slower_home ? std::min(speed, parameters_.get(parameter::max_speed_z_home)) : speed,
      .home_speed = of(parameter::home_speed),
      .ramp_steps = of(parameter::ramp_steps),
      .home_up = of(parameter::home_up) != 0,
      .stop_at_home = of(parameter::stop_at_home) == 1,
      .stop_at_max = of(parameter::stop_at_max) == 1,
      .length = of(parameter::length)};
}

/// A rising edge moves the counter and the motor; the falling one asks whether and how fast to go on.
void Firmware::make_edge(AxisName axis, Instant pass) {
  Axis& moving = axes_[index(axis)];
  if (!moving.step_is_on()) {
    moving.begin_step();
    pulse(axis);
    return;
  }
  moving.end_step(hw_.step_timing, pass, hw_.profile.timing.move_pass);
  moving.check_movement(end_reached(axis, AxisEnd::min), end_reached(axis, AxisEnd::max));
  check_missed_steps(axis);
  const int before = stored_[index(axis)];
  const bool home_up = parameter_of(parameter::home_up, axis) != 0;
  if (moving.homing() && (home_up ? before >= 0 : before <= 0)) ++displaced_[index(axis)];
}

void Firmware::check_missed_steps(AxisName axis) {
  if (parameter_of(parameter::encoder_enabled, axis) != 1) return;
  const std::size_t i = index(axis);
  Axis& moving = axes_[i];
  if (hw_.profile.stall_guard) {
    if (moving.steps() % steps_per_block == 0) {
      auto& history = missed_history_[i];
      std::ranges::rotate(history, history.end() - 1);
      history.front() = static_cast<int>(missed_[i]);
      missed_[i] = 0;
    }
    if (step_lost_[i]) missed_[i] += 1;
    hw_.encoders[i].copy(moving.position());
    return;
  }
  if (missed_[i] > 0) {
    missed_[i] -= std::clamp(static_cast<float>(parameter_of(parameter::missed_steps_decay, axis)) / 100.0F,
                             0.01F, 99.0F);
  }
  // Only an encoder that runs the wrong way counts; one that stands still does not.
  const int raw = encoder_raw(axis);
  const bool backward = moving.up() ? last_raw_[i] > raw : last_raw_[i] < raw;
  if (backward && missed_[i] < most_missed) missed_[i] += 1;
  last_raw_[i] = raw;
  if (parameter_of(parameter::encoder_for_position, axis) != 0) moving.set_position(encoder_position(axis));
}

bool Firmware::stalled(AxisName axis) const {
  const auto limit = parameter_of(parameter::missed_steps_max, axis);
  if (hw_.profile.stall_guard) return missed_history_[index(axis)].front() >= limit;
  return missed_[index(axis)] >= static_cast<float>(limit);
}

void Firmware::stop_stalled(AxisName axis, Failure& failure) {
  Axis& moving = axes_[index(axis)];
  if (!moving.active() || !stalled(axis)) return;
  moving.deactivate();
  const bool driver_failed = hw_.profile.stall_guard && hw_.drivers[index(axis)].error;
  queue(std::format("R99 deactivate motor {} due to {}\r\n", letter(axis),
                    driver_failed ? "driver error" : "missed steps"));
  event(std::format("stall of axis {}", letter(axis)));
  if (moving.homing()) {
    moving.set_position(0);
    zero_encoder(axis);
  } else {
    failure = hw_.version >= since::stall_per_axis ? stall_of_axis[index(axis)] : Failure::stall;
  }
}

void Firmware::zero_at_home_switch(AxisName axis) {
  if (!end_reached(axis, AxisEnd::min)) return;
  axes_[index(axis)].set_position(0);
  zero_encoder(axis);
}

Firmware::Interruption Firmware::read_interruption() {
  const auto byte = hw_.uart.read();
  if (byte == 'E' || byte == 'e') return Interruption::emergency_stop;
  if (byte == '@' && hw_.version >= since::abort) return Interruption::abort;
  return Interruption::none;
}

Instant Firmware::timeout_at(AxisName axis, Instant started) const {
  const int seconds = parameter_of(parameter::timeout, axis);
  if (seconds < 0) return Instant::max();  // an unsigned comparison on the board
  return started + std::chrono::seconds(seconds) + std::chrono::milliseconds(1);
}

bool Firmware::timed_out(AxisName axis, Instant started) const {
  return now() >= timeout_at(axis, started);
}

void Firmware::enable_motor(AxisName axis, bool on) {
  motor_on_[index(axis)] = on;
  hw_.pins.write(hw_.profile.enable_pins[index(axis)], !on);  // active low
  if (axis == AxisName::x) hw_.pins.write(hw_.profile.enable_pin_x2, !on);
}

void Firmware::release_motors() {
  for (const AxisName axis : all_axes) {
    if (parameter_of(parameter::keep_active, axis) == 0) enable_motor(axis, false);
  }
}

void Firmware::pulse(AxisName axis) {
  const bool inverted = parameter_of(parameter::invert_motor, axis) == 1;
  const int direction = axes_[index(axis)].pin_up() != inverted ? 1 : -1;
  if (!motor_on_[index(axis)]) return;
  if (hw_.loads.flowing()) hw_.loads.settle(now());
  const bool followed = hw_.machine.step(axis, direction);
  step_lost_[index(axis)] = !followed || hw_.drivers[index(axis)].error;
  wire_switches(axis, hw_.machine, hw_.profile, hw_.pins);
  if (!hw_.rack.empty()) follow_tools();
}

/// The mount has come to another place: perhaps it takes a tool, or leaves it.
void Firmware::follow_tools() {
  const auto place = [this](AxisName axis) { return hw_.machine.position_mm(axis); };
  const std::size_t fetched = hw_.rack.fetched(), put_back = hw_.rack.put_back();
  if (hw_.rack.follow(place(AxisName::x), place(AxisName::y), place(AxisName::z)))
    hw_.pins.drive(tool_pin, !hw_.rack.contact());
  if (!hw_.events) return;
  if (hw_.rack.fetched() != fetched) hw_.events(now(), "tool fetched: " + *hw_.rack.mounted());
  if (hw_.rack.put_back() != put_back) hw_.events(now(), "tool put back");
}

PerAxis<float> Firmware::stored_millimetres() const {
  PerAxis<float> millimetres{};
  for (const AxisName axis : all_axes) {
    millimetres[index(axis)] =
        static_cast<float>(stored_[index(axis)]) / static_cast<float>(steps_per_mm(axis));
  }
  return millimetres;
}

int Firmware::steps_per_mm(AxisName axis) const {
  return std::max(1, parameter_of(parameter::steps_per_mm, axis));
}

bool Firmware::switch_active(AxisName axis, AxisEnd end) {
  if (parameter_of(parameter::enable_end_stops, axis) != 1) return false;
  const EndStopPins& pins = hw_.profile.end_stops[index(axis)];
  const bool level = hw_.pins.read(end == AxisEnd::min ? pins.min : pins.max);
  return level == (parameter_of(parameter::invert_end_stops, axis) != 0);
}

bool Firmware::end_reached(AxisName axis, AxisEnd end) {
  const bool swapped = parameter_of(parameter::swap_end_stops, axis) != 0;
  return switch_active(axis, swapped == (end == AxisEnd::min) ? AxisEnd::max : AxisEnd::min);
}

int Firmware::encoder_raw(AxisName axis) const {
  return hw_.encoders[index(axis)].raw(hw_.machine.encoder_steps(axis));
}

int Firmware::encoder_position(AxisName axis) const {
  return hw_.encoders[index(axis)].position(hw_.machine.encoder_steps(axis));
}

void Firmware::zero_encoder(AxisName axis) {
  hw_.encoders[index(axis)].zero(hw_.machine.encoder_steps(axis));
}

void Firmware::load_encoder_settings() {
  for (const AxisName axis : all_axes) {
    hw_.encoders[index(axis)].load(parameter_of(parameter::encoder_scaling, axis),
                                   parameter_of(parameter::encoder_invert, axis) == 1);
  }
}

}  // namespace celeriac::firmware_sim
