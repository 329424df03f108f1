#include "firmware-sim/machine.hpp"

#include <cmath>

namespace celeriac::firmware_sim {
namespace {

/// How far a carriage can run past the point where its switch closes.
constexpr double overtravel_mm = 3;
/// Full steps that a field can be ahead of a rotor before it pulls the other way: half of its period of four.
constexpr int most_strain = 2;

}  // namespace

MachineDescription bare_board() {
  MachineDescription machine;
  machine.axes[index(AxisName::z)] = {.steps_per_mm = 25, .away = -1};
  return machine;
}

MachineDescription garden_bot() {
  return {.axes = {{
              {.steps_per_mm = 5, .length_mm = 2700, .start_mm = 120, .end_stops = true, .encoder = true},
              {.steps_per_mm = 5, .length_mm = 1200, .start_mm = 80, .end_stops = true, .encoder = true},
              {.steps_per_mm = 25,
               .length_mm = 400,
               .away = -1,
               .start_mm = -35,
               .end_stops = true,
               .encoder = true},
          }},
          .loads = true};
}

std::map<int, bool> garden_digital_inputs() {
  return {{63, true}};
}

Machine::Machine(const MachineDescription& description) {
  for (const AxisName axis : all_axes) {
    Body& body = bodies_[index(axis)];
    body.description = description.axes[index(axis)];
    body.position = to_steps(body.description, body.description.start_mm);
  }
}

bool Machine::step(AxisName axis, int direction) {
  Body& body = bodies_[index(axis)];
  if (body.strain * direction < 0) {  // the field comes back to the rotor
    body.strain += direction;
    return true;
  }
  if (!held(body, direction)) {
    body.move(direction);
    return true;
  }
  if (body.strain * direction < most_strain) {
    body.strain += direction;
  } else if (body.jammed) {
    body.strain = -direction;  // pulled back, and held against that as well
  } else {
    body.strain = 0;
    body.move(-direction);
  }
  return false;
}

/// A rotor that is not held any more follows its field.
void Machine::relax(Body& body) {
  const int direction = body.strain < 0 ? -1 : 1;
  for (; body.strain != 0 && !held(body, direction); body.strain -= direction) body.move(direction);
}

bool Machine::held(const Body& body, int direction) {
  if (body.jammed) return true;
  const AxisBody& description = body.description;
  const std::int64_t from_home = (body.position + direction) * description.away;
  const bool away = direction == description.away;
  if (description.length_mm) {
    const auto overtravel = to_steps(description, overtravel_mm);
    const auto length = to_steps(description, *description.length_mm);
    if (away ? from_home > length + overtravel : from_home < -overtravel) return true;
  }
  return body.obstacle && away && from_home > *body.obstacle * description.away;
}

double Machine::position_mm(AxisName axis) const {
  const Body& body = bodies_[index(axis)];
  return static_cast<double>(body.position) / body.description.steps_per_mm;
}

std::optional<bool> Machine::switch_closed(AxisName axis, AxisEnd end) const {
  const Body& body = bodies_[index(axis)];
  if (!body.description.end_stops || !body.description.length_mm) return std::nullopt;
  const std::int64_t from_home = body.position * body.description.away;
  if (end == AxisEnd::min) return from_home <= 0;
  return from_home >= to_steps(body.description, *body.description.length_mm);
}

std::int64_t Machine::encoder_steps(AxisName axis) const {
  return bodies_[index(axis)].encoder;
}

void Machine::place(AxisName axis, double position_mm) {
  Body& body = bodies_[index(axis)];
  body.strain = 0;
  body.move(to_steps(body.description, position_mm) - body.position);
}

void Machine::obstruct(AxisName axis, std::optional<double> position_mm) {
  Body& body = bodies_[index(axis)];
  body.obstacle.reset();
  if (position_mm) body.obstacle = to_steps(body.description, *position_mm);
  relax(body);
}

void Machine::jam(AxisName axis, bool held) {
  bodies_[index(axis)].jammed = held;
  relax(bodies_[index(axis)]);
}

void Machine::slip(AxisName axis, int steps) {
  Body& body = bodies_[index(axis)];
  body.strain = 0;
  const int direction = steps < 0 ? -1 : 1;
  for (int left = steps; left != 0 && !held(body, direction); left -= direction) body.move(direction);
}

void Machine::break_encoder(AxisName axis) {
  bodies_[index(axis)].encoder_broken = true;
}

void Machine::mend_encoder(AxisName axis) {
  bodies_[index(axis)].encoder_broken = false;
}

std::int64_t Machine::to_steps(const AxisBody& body, double millimetres) {
  return std::llround(millimetres * body.steps_per_mm);
}

void wire_switches(AxisName axis, const Machine& machine, const BoardProfile& profile, Pins& pins) {
  const EndStopPins& numbers = profile.end_stops[index(axis)];
  const auto level = [](std::optional<bool> closed) { return closed ? std::optional(!*closed) : closed; };
  pins.wire(numbers.min, level(machine.switch_closed(axis, AxisEnd::min)));
  pins.wire(numbers.max, level(machine.switch_closed(axis, AxisEnd::max)));
}

}  // namespace celeriac::firmware_sim
