#include "hal/firmware/faults.hpp"

#include <algorithm>
#include <format>

namespace celeriac::hal::firmware {
namespace {

using protocol::Error;
using protocol::Status;

/// The axes that are in `which`: "the x axis", "the x and y axes"; `otherwise` if it is none.
std::string axes_text(const PerAxis<bool>& which, std::string otherwise) {
  std::string names;
  int count = 0;
  for (const auto axis : all_axes) {
    if (!which[axis]) continue;
    names += std::format("{}{}", count == 0 ? "" : " and ", name(axis));
    ++count;
  }
  return count == 0 ? std::move(otherwise) : std::format("the {} {}", names, count == 1 ? "axis" : "axes");
}

std::string sentence_case(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

PerAxis<bool> only(Axis axis) {
  PerAxis<bool> made{};
  made[axis] = true;
  return made;
}

// Whose fault it is, as far as the lines tell.
PerAxis<bool> axes_of_fault(int number, const Command& command, const Traces& traces) {
  if (number >= 31 && number <= 33) {
    auto axes = only(static_cast<Axis>(number - 31));
    for (const auto axis : all_axes) axes[axis] |= traces.missed_steps[axis];
    return axes;
  }
  if (number == 2 && traces.timed_out != PerAxis<bool>{}) return traces.timed_out;
  if (number == 3 && traces.missed_steps != PerAxis<bool>{}) return traces.missed_steps;
  return command.axis ? only(*command.axis) : PerAxis<bool>{};
}

/// The firmware's error numbers (R03 V…). {0} is the command, {1} its axes at the beginning of the sentence,
/// {2} the letter of a parameter's axis. Of rows with a number the first counts whose condition holds.
struct FaultRow {
  int number;
  Status status;
  const char* code;
  bool (*holds)(const Command& command, const Traces& traces);
  const char* sentence;
};

bool always(const Command&, const Traces&) {
  return true;
}
bool calibrating(const Command& command, const Traces&) {
  return command.work == Work::calibration;
}
bool pressed(const Command&, const Traces& traces) {
  return traces.pressed_at_start;
}
bool timed_out(const Command&, const Traces& traces) {
  return traces.timed_out != PerAxis<bool>{};
}

constexpr const char* stall_advice =
    "{1} stalled during {0}: its motor was driven but did not move. Take away what blocks it, then find "
    "home; "
    "if nothing does, it is too fast or its current too low (movement_max_spd_{2}, "
    "movement_motor_current_{2}).";

constexpr FaultRow table[] = {
    {1, Status::hardware_fault, code::calibration, calibrating,
     "{1} hit something too often while calibrating: check for an obstacle and "
     "movement_calibration_retry_total_{2}."},
    {1, Status::locked, "", always, "The emergency stop ended {0}."},
    {2, Status::timeout, code::axis_timeout, always,
     "{1} took longer than its time limit during {0}: check for an obstacle or an end stop that stays "
     "pressed, or raise movement_timeout_{2}. Then find home."},
    {3, Status::hardware_fault, code::stalled, always, stall_advice},
    {4, Status::hardware_fault, code::calibration, pressed,
     "{1} could not be calibrated: an end stop is pressed before the start. Move the axis away from its "
     "ends; if "
     "none is pressed there, check its wiring and movement_invert_2_endpoints_{2}."},
    {4, Status::hardware_fault, code::calibration, timed_out,
     "{1} could not be calibrated: it reached no end within its time limit. Are its end stops connected, and "
     "enabled in movement_enable_endpoints_{2}, or is movement_timeout_{2} too short for the length of the "
     "axis?"},
    {4, Status::hardware_fault, code::calibration, always,
     "{1} could not be calibrated: an end stop is pressed before the start, or none was reached in time. "
     "Move the axis away from its ends and check its end stops."},
    {5, Status::cancelled, code::aborted, always, "Stopped by request: {0}."},
    {31, Status::hardware_fault, code::stalled, always, stall_advice},
    {32, Status::hardware_fault, code::stalled, always, stall_advice},
    {33, Status::hardware_fault, code::stalled, always, stall_advice},
};

void put_axes(Error& error, const PerAxis<bool>& axes) {
  auto names = nlohmann::json::array();
  for (const auto axis : all_axes)
    if (axes[axis]) names.push_back(std::string(1, name(axis)));
  if (names.empty()) return;
  error.details["axis"] = names.front();
  error.details["axes"] = std::move(names);
}

std::string axis_of(const Command& command) {
  return command.axis ? std::format("The {} axis", name(*command.axis)) : std::string("An axis");
}

Error make(Status status, const Command& command, std::string message, const char* word = "") {
  Error error{.status = status, .message = std::move(message), .code = word};
  if (command.axis) put_axes(error, only(*command.axis));
  return error;
}

}  // namespace

Error fault(int number, const Command& command, const Traces& traces) {
  const auto row = std::ranges::find_if(
      table, [&](const FaultRow& each) { return each.number == number && each.holds(command, traces); });
  const auto axes = axes_of_fault(number, command, traces);
  const auto who = sentence_case(axes_text(axes, "an axis"));
  const auto first = std::ranges::find_if(all_axes, [&](Axis axis) { return axes[axis]; });
  const auto suffix = first == all_axes.end() ? std::string("x, _y or _z") : std::string(1, name(*first));
  auto error =
      row == std::end(table)
          ? make(Status::hardware_fault, command,
                 std::format("The board gave up {} with error {}.", command.what, number))
          : make(row->status, command,
                 std::vformat(row->sentence, std::make_format_args(command.what, who, suffix)), row->code);
  put_axes(error, axes);
  error.details["firmware_error"] = number;
  if (traces.retries > 0) {
    error.details["attempts"] = traces.retries + 1;
    error.message += std::format(" The board tried {} times.", traces.retries + 1);
  }
  return error;
}

Error locked() {
  return {.status = Status::locked,
          .message = "The emergency lock is on: make sure that nobody is at the machine, then unlock."};
}

Error not_approved(const Command& command) {
  return make(Status::hardware_fault, command,
              std::format("The board refuses {} until its configuration is approved.", command.what),
              code::not_approved);
}

Error invalid_command(const Command& command) {
  return make(
      Status::hardware_fault, command,
      std::format("The board does not know the command for {}: is its firmware too old?", command.what),
      "invalid_command");
}

Error aborted(const Command& command) {
  return make(Status::cancelled, command, std::format("Stopped by request: {}.", command.what),
              code::aborted);
}

Error overdue(const Command& command) {
  return make(
      Status::timeout, command,
      std::format(
          "Stopped: {} took much longer than the {:.1f} s it needs. Check the axes for something that "
          "blocks them.",
          command.what, static_cast<double>(command.expected.count()) / 1000.0),
      code::overdue);
}

Error no_end_stop(const Command& command) {
  return make(Status::hardware_fault, command,
              std::format("{} reached no end stop and was stopped: is its end stop connected, and enabled in "
                          "movement_enable_endpoints?",
                          axis_of(command)),
              code::no_end_stop);
}

Error answer_lost(const Command& command) {
  return make(
      Status::hardware_fault, command,
      std::format(
          "The board is idle again, but its answer to {} was damaged on the line: check the cable, and "
          "where the machine stands.",
          command.what),
      code::answer_lost);
}

Error board_restarted(const Command* command) {
  Error error{.status = Status::hardware_fault,
              .message = "The board restarted" +
                         (command == nullptr ? std::string() : " during " + command->what) +
                         ": its position is lost. Check its power supply, then find home.",
              .code = code::board_restarted};
  return error;
}

}  // namespace celeriac::hal::firmware
