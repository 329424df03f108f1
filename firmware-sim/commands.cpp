// What happens to a line: the checks before R01, the attempts, the answer; and the commands that neither
// move nor touch a pin.

#include <algorithm>
#include <array>
#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr Duration handler_work = std::chrono::microseconds(300);

constexpr int failure_code(Failure failure) {
  return static_cast<int>(failure);
}

/// F22 of one of these reloads the TMC drivers.
constexpr bool belongs_to_drivers(int number) {
  return (number >= 81 && number <= 83) || (number >= 85 && number <= 87) || (number >= 91 && number <= 93) ||
         (number >= 165 && number <= 167);
}

}  // namespace

const Firmware::CommandRow* Firmware::row_of(Code code) {
  constexpr bool locked = true;
  constexpr bool approved = true;
  constexpr bool movement = true;
  static constexpr auto rows = std::to_array<CommandRow>({
      {Code::g00, !locked, approved, movement, &Firmware::move},
      {Code::g01, !locked, approved, !movement, nullptr},
      {Code::g28, !locked, !approved, !movement, &Firmware::move_home},
      {Code::f09, locked, !approved, !movement, &Firmware::unlock},
      {Code::f11, !locked, approved, movement, &Firmware::find_home_x},
      {Code::f12, !locked, approved, movement, &Firmware::find_home_y},
      {Code::f13, !locked, approved, movement, &Firmware::find_home_z},
      {Code::f14, !locked, approved, movement, &Firmware::find_length_x},
      {Code::f15, !locked, approved, movement, &Firmware::find_length_y},
      {Code::f16, !locked, approved, movement, &Firmware::find_length_z},
      {Code::f20, locked, !approved, !movement, &Firmware::list_parameters},
      {Code::f21, locked, !approved, !movement, &Firmware::read_parameter},
      {Code::f22, locked, !approved, !movement, &Firmware::write_parameter},
      {Code::f31, !locked, !approved, !movement, nullptr},
      {Code::f32, !locked, !approved, !movement, nullptr},
      {Code::f41, !locked, !approved, !movement, &Firmware::write_pin},
      {Code::f42, !locked, !approved, !movement, &Firmware::read_pin},
      {Code::f43, !locked, !approved, !movement, &Firmware::set_pin_mode},
      {Code::f44, !locked, !approved, !movement, &Firmware::pulse_pin},
      {Code::f61, !locked, !approved, !movement, &Firmware::set_servo},
      {Code::f81, locked, !approved, !movement, &Firmware::report_end_stops},
      {Code::f82, locked, !approved, !movement, &Firmware::report_position},
      {Code::f83, locked, !approved, !movement, &Firmware::report_version},
      {Code::f84, !locked, !approved, !movement, &Firmware::set_zero},
  });
  const auto found = std::ranges::find(rows, code, &CommandRow::code);
  return found == rows.end() ? nullptr : &*found;
}

Routine<> Firmware::execute(const Command& command, std::string_view line) {
  q_ = command.q;
  const CommandRow* const row = row_of(command.code);
  if (locked_ && (!row || !row->runs_when_locked)) {
    refuse("R87", line);
    co_return;
  }
  if (row && row->needs_approval && parameters_.get(parameter::config_ok) != 1) {
    refuse("R88", line);
    co_return;
  }
  if (!row || !row->handler) {
    refuse("R09", line);
    if (row) print("R99 handler == NULL\r\n\r\n");
    co_return;
  }

  print_with_q("R01");
  hw_.cpu.spend(handler_work);
  const int failure = co_await attempt(*row, command);
  co_await hw_.cpu.settle();
  hw_.uart.discard_input();  // whatever came meanwhile is thrown away
  print_with_q(failure == 0 ? "R02" : std::format("R03 V{}", failure));
  if (failure != 0 && row->stops_on_error && parameters_.get(parameter::stop_on_error) == 1 && !locked_) {
    event("emergency stop after a failed movement");
    locked_ = true;
  }
  aborting_ = false;
  q_ = 0;
}

Routine<int> Firmware::attempt(const CommandRow& row, const Command& command) {
  const int attempts = std::max(1, parameters_.get(parameter::attempts));
  for (int attempt = 1;; ++attempt) {
    const int failure = co_await (this->*row.handler)(command);
    const bool final = failure == 0 || failure == failure_code(Failure::timeout) || interrupted();
    if (final || attempt >= attempts) co_return failure;
    print_with_q("R07");
  }
}

/// A final answer before R01. The Q stays for the idle reports that follow.
void Firmware::refuse(std::string_view reply, std::string_view line) {
  print_with_q(reply);
  event(std::format("refused {} with {}", line, reply));
}

Routine<int> Firmware::move(const Command& command) {
  co_return failure_code(co_await segment(
      {.millimetres = {command.x, command.y, command.z}, .speeds = {command.a, command.b, command.c}}));
}

/// Z first, so that nothing is dragged through the bed.
Routine<int> Firmware::move_home(const Command&) {
  Failure failure = Failure::none;
  for (const AxisName axis : {AxisName::z, AxisName::y, AxisName::x}) {
    Target target{.millimetres = stored_millimetres()};
    target.millimetres[index(axis)] = 0;
    failure = co_await segment(target);
  }
  co_return failure_code(failure);
}

Routine<int> Firmware::unlock(const Command&) {
  if (locked_) event("unlocked");
  locked_ = false;
  co_return 0;
}

Routine<int> Firmware::list_parameters(const Command&) {
  for (const ParameterRow& row : parameter_rows()) {
    if (!parameters_.valid(row.number)) continue;
    print_with_q(std::format("R21 P{} V{}", row.number, parameters_.get(row.number)));
    co_await hw_.cpu.settle();
  }
  print_with_q("R20");
  co_return 0;
}

Routine<int> Firmware::read_parameter(const Command& command) {
  if (parameters_.valid(command.p)) {
    print_with_q(std::format("R21 P{} V{}", command.p, parameters_.get(command.p)));
  } else {
    print("R99 Error: invalid parameter id\r\n");
  }
  co_return 0;
}

Routine<int> Firmware::write_parameter(const Command& command) {
  if (parameters_.set(command.p, command.v)) {
    parameters_changed_ = true;  // loaded by the main loop, after the answer
    if (hw_.profile.tmc_drivers && belongs_to_drivers(command.p)) drivers_changed_ = true;
  }
  return read_parameter(command);
}

Routine<int> Firmware::report_end_stops(const Command&) {
  print("home\r\n");
  print_with_q(end_stops_line());
  for (const int pin : {8, 9, 10, 13}) print_with_q(pin_line(pin));
  co_return 0;
}

Routine<int> Firmware::report_position(const Command&) {
  print_with_q(position_line());
  co_return 0;
}

Routine<int> Firmware::report_version(const Command&) {
  print_with_q(std::format("R83 {}", hw_.version_text));
  co_return 0;
}

/// Zeroes counter and encoder; the stored position follows with the next idle report.
Routine<int> Firmware::set_zero(const Command& command) {
  const PerAxis<float> words = {command.x, command.y, command.z};
  std::string text;
  for (const AxisName axis : all_axes) {
    if (words[index(axis)] != 1.0F) continue;
    text += std::format("R99 Will zero {}", letter(axis));
    axes_[index(axis)].set_position(0);
    zero_encoder(axis);
  }
  print_with_q(text);
  co_return 0;
}

Routine<int> Firmware::find_home_x(const Command&) {
  return find_home(AxisName::x);
}
Routine<int> Firmware::find_home_y(const Command&) {
  return find_home(AxisName::y);
}
Routine<int> Firmware::find_home_z(const Command&) {
  return find_home(AxisName::z);
}
Routine<int> Firmware::find_length_x(const Command&) {
  return find_length(AxisName::x);
}
Routine<int> Firmware::find_length_y(const Command&) {
  return find_length(AxisName::y);
}
Routine<int> Firmware::find_length_z(const Command&) {
  return find_length(AxisName::z);
}

}  // namespace celeriac::firmware_sim
