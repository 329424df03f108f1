// From reset to the idle loop.

#include <format>

#include "firmware-sim/firmware.hpp"

namespace celeriac::firmware_sim {
namespace {

using std::chrono::milliseconds;

constexpr Duration start_up_pause = milliseconds(100);
/// Four drivers, 100 ms each, and the transfers.
constexpr Duration driver_setup = milliseconds(410);

}  // namespace

Firmware::Firmware(Hardware hardware) : hw_(hardware), parameters_(hardware.eeprom, hardware.version) {
  line_.reserve(line_capacity);
}

Routine<> Firmware::boot() {
  hw_.pins.reset();
  co_await hw_.cpu.sleep(start_up_pause);
  hw_.uart.discard_input();  // the port was not open yet
  const bool verbose = hw_.version >= since::boot_dump;
  const auto say = [&](std::string_view text) {
    if (verbose) print(std::format("R99 {}\r\n", text));
  };

  say("Serial connection started");
  set_pin_directions();
  say(hw_.profile.tmc_drivers ? "Set input/output farmbot express" : "Set input/output");
  say("Read parameters");
  for (const ParameterRow& row : parameter_rows()) {
    if (verbose && parameters_.valid(row.number)) {
      print_with_q(std::format("R21 P{} V{}", row.number, parameters_.get(row.number)));
    }
  }
  if (hw_.profile.tmc_drivers) {
    say("Load TMC drivers");
    say("Init TMC2130 drivers");
    say("Load TMC2130 parameters");
    co_await hw_.cpu.sleep(driver_setup);
  }
  say("Load movement settings");
  parameters_changed_ = true;
  co_await load_changed_parameters();
  say("Set motor enables off");
  for (const AxisName axis : all_axes) enable_motor(axis, false);
  say("Start pin guard");
  say("Start interrupt");
  say("Check homing on boot");
  if (parameters_.get(parameter::config_ok) == 1) {
    for (const AxisName axis : {AxisName::z, AxisName::y, AxisName::x}) co_await home_at_boot(axis);
  }
  print("R99 ARDUINO STARTUP COMPLETE\r\n");
  co_await hw_.cpu.settle();
  last_action_ = last_pin_report_ = last_guard_tick_ = now();
}

Routine<> Firmware::home_at_boot(AxisName axis) {
  if (parameter_of(parameter::home_at_boot, axis) != 1) co_return;
  print(std::format("R99 HOME {} ON STARTUP\r\n", letter(axis)));
  co_await segment({.millimetres = stored_millimetres(), .homing = axis});
}

void Firmware::set_pin_directions() {
  for (const int pin : hw_.profile.output_pins) hw_.pins.set_mode(pin, PinMode::output);
  for (const int pin : hw_.profile.pull_up_pins) hw_.pins.set_mode(pin, PinMode::input_pull_up);
  for (const int pin : hw_.profile.enable_pins) {
    hw_.pins.set_mode(pin, PinMode::output);
    hw_.pins.write(pin, true);
  }
  hw_.pins.set_mode(hw_.profile.enable_pin_x2, PinMode::output);
  hw_.pins.write(hw_.profile.enable_pin_x2, true);
  for (const AxisName axis : all_axes) wire_switches(axis, hw_.machine, hw_.profile, hw_.pins);
}

}  // namespace celeriac::firmware_sim
