// The lines that the firmware writes about itself.

#include <algorithm>
#include <format>

#include "firmware-sim/firmware.hpp"
#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {

void Firmware::print(std::string_view text) {
  hw_.cpu.spend_until(hw_.uart.print(text, now()));
}

std::string Firmware::with_q(std::string_view text) const {
  return std::format("{} Q{}\r\n", text, q_);
}

void Firmware::print_with_q(std::string_view text) {
  print(with_q(text));
}

std::string Firmware::end_stops_line() {
  std::string line = "R81";
  for (const AxisName axis : all_axes) {
    const EndStopPins& pins = hw_.profile.end_stops[index(axis)];
    line +=
        std::format(" {0}A{1:d} {0}B{2:d}", letter(axis), hw_.pins.read(pins.min), hw_.pins.read(pins.max));
  }
  return line;
}

std::string Firmware::position_line() const {
  std::string line = "R82";
  for (const AxisName axis : all_axes) {
    const float millimetres =
        static_cast<float>(stored_[index(axis)]) / static_cast<float>(steps_per_mm(axis));
    line += std::format(" {}{}", letter(axis), two_decimals(millimetres));
  }
  return line;
}

std::string Firmware::encoder_lines() const {
  std::string scaled = "R84";
  std::string raw = "R85";
  for (const AxisName axis : all_axes) {
    const float millimetres =
        static_cast<float>(encoder_position(axis)) / static_cast<float>(steps_per_mm(axis));
    scaled += std::format(" {}{}", letter(axis), two_decimals(millimetres));
    raw += std::format(" {}{}", letter(axis), encoder_raw(axis));
  }
  return with_q(scaled) + with_q(raw);
}

/// Express: steps of the segment, and the worst of the last blocks of 100 steps. The hundreds of V are the
/// firmware's own slip.
std::string Firmware::load_line() const {
  const auto worst = [&](AxisName axis) { return std::ranges::max(missed_history_[index(axis)]); };
  const auto steps = [&](AxisName axis) { return axes_[index(axis)].steps(); };
  return std::format("R89 U{} X{} V{} Y{} W{} Z{}", steps(AxisName::x), worst(AxisName::x),
                     steps(AxisName::y) / 100 * 100, worst(AxisName::y), steps(AxisName::z),
                     worst(AxisName::z));
}

std::string Firmware::pin_line(int pin) {
  return std::format("R41 P{} V{:d}", pin, hw_.pins.read(pin));
}

std::string Firmware::watched_pin_line(int pin) {
  const bool analog = hw_.version >= since::analog_pin_report;
  return std::format("R61 P{} V{}\r\n", pin, analog ? hw_.pins.read_analog(pin) : int{hw_.pins.read(pin)});
}

void Firmware::report_encoders() {
  print(encoder_lines());
}

void Firmware::queue_state(AxisName axis, AxisState state) {
  queue(with_q(std::format("R05 {}{}", letter(axis), static_cast<int>(state))));
}

/// One character, or after the last one the pass that finds the queue used up.
void Firmware::send_queued_character() {
  if (queue_.empty()) return;
  if (queue_sent_ >= queue_.size()) {
    queue_.clear();
    queue_sent_ = 0;
    return;
  }
  const char character = queue_[queue_sent_++];
  if (character == '\r') {
    print("\r\n");
  } else if (character != '\n') {
    print({&character, 1});
  }
}

void Firmware::send_queue() {
  std::string_view rest = std::string_view(queue_).substr(std::min(queue_sent_, queue_.size()));
  if (rest.starts_with('\n')) rest.remove_prefix(1);  // it went with its CR
  print(rest);
  queue_.clear();
  queue_sent_ = 0;
}

/// The slots of the periodic report take turns; an empty one still costs its turn.
void Firmware::queue_slot_report() {
  const auto pin_report = [&](std::size_t which) {
    const int pin = parameters_.get(parameter::pin_reports[which]);
    if (pin > 0) queue(watched_pin_line(pin));
  };
  switch (slot_) {
    case 0:
      queue(with_q("R04"));
      break;
    case 1:
      queue(with_q(position_line()));
      if (hw_.profile.reports_encoders_while_moving) queue(encoder_lines());
      break;
    case 2:
      pin_report(0);
      break;
    case 3:
      pin_report(1);
      break;
    default:
      queue(with_q(load_line()));
  }
  const int slots = hw_.profile.stall_guard ? 5 : 4;
  slot_ = (slot_ + 1) % slots;
}

std::string Firmware::places() const {
  std::string counted;
  std::string carriage;
  for (const AxisName axis : all_axes) {
    const double millimetres = static_cast<double>(stored_[index(axis)]) / steps_per_mm(axis);
    const char name = static_cast<char>(letter(axis) - 'A' + 'a');
    counted += std::format(" {}={:.2f}", name, millimetres);
    carriage += std::format(" {}={:.2f}", name, hw_.machine.position_mm(axis));
  }
  return std::format("counted{} carriage{}", counted, carriage);
}

}  // namespace celeriac::firmware_sim
