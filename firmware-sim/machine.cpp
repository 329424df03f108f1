#include "firmware-sim/machine.hpp"

#include <cmath>

namespace celeriac::firmware_sim {
namespace {

/// How far a carriage can run past the point where its switch closes.
constexpr double overtravel_mm = 3;

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
          }}};
}

std::map<int, int> garden_analog_inputs() {
  return {{59, 512}};
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
  const std::int64_t target = body.position + direction;
  const std::int64_t from_home = target * body.description.away;
  if (body.description.length_mm) {
    const auto overtravel = to_steps(body.description, overtravel_mm);
    const auto length = to_steps(body.description, *body.description.length_mm);
    if (from_home < -overtravel || from_home > length + overtravel) return false;
  }
  if (body.obstacle && direction == body.description.away &&
      from_home > *body.obstacle * body.description.away) {
    return false;
  }
  body.position = target;
  if (body.description.encoder) body.encoder += direction;
  return true;
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
  const std::int64_t target = to_steps(body.description, position_mm);
  if (body.description.encoder) body.encoder += target - body.position;
  body.position = target;
}

void Machine::obstruct(AxisName axis, std::optional<double> position_mm) {
  Body& body = bodies_[index(axis)];
  body.obstacle.reset();
  if (position_mm) body.obstacle = to_steps(body.description, *position_mm);
}

void Machine::break_encoder(AxisName axis) {
  bodies_[index(axis)].description.encoder = false;
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
