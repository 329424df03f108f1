#include "hal/firmware/faults.hpp"

#include <algorithm>
#include <format>

namespace celeriac::hal::firmware {
namespace {

using protocol::Error;
using protocol::Status;

/// The firmware's error numbers (R03 V…). {what} is the command, {axis} its axis.
struct FaultRow {
  int number;
  Status status;
  const char* code;
  const char* sentence;
};

constexpr FaultRow table[] = {
    {1, Status::locked, "", "The emergency stop ended {0}."},
    {2, Status::timeout, "axis_timeout",
     "{1} took longer than its time limit during {0}: check for an obstacle or an end stop that stays "
     "pressed, or "
     "raise movement_timeout."},
    {3, Status::hardware_fault, code::stalled,
     "A motor stalled during {0}: check for an obstacle, then find home."},
    {4, Status::hardware_fault, "calibration",
     "{1} could not be calibrated: an end stop is pressed before the start, or none was reached in time. "
     "Move the axis "
     "away from its ends and check its end stops."},
    {5, Status::cancelled, code::aborted, "Stopped by request: {0}."},
    {31, Status::hardware_fault, code::stalled,
     "The x axis stalled during {0}: check for an obstacle, then find home."},
    {32, Status::hardware_fault, code::stalled,
     "The y axis stalled during {0}: check for an obstacle, then find home."},
    {33, Status::hardware_fault, code::stalled,
     "The z axis stalled during {0}: check for an obstacle, then find home."},
};

std::string axis_of(const Command& command) {
  return command.axis ? std::format("The {} axis", name(*command.axis)) : std::string("An axis");
}

Error make(Status status, const Command& command, std::string message, const char* word = "") {
  Error error{.status = status, .message = std::move(message), .code = word};
  if (command.axis) error.details["axis"] = std::string(1, name(*command.axis));
  return error;
}

}  // namespace

Error fault(int number, const Command& command) {
  if (number == 1 && command.work == Work::calibration)  // without a lock: the bumps were too many
    return make(Status::hardware_fault, command,
                std::format("{} hit something too often while calibrating: check for an obstacle and "
                            "movement_calibration_retry_total.",
                            axis_of(command)),
                "calibration");
  const auto row = std::ranges::find(table, number, &FaultRow::number);
  if (row == std::end(table))
    return make(Status::hardware_fault, command,
                std::format("The board gave up {} with error {}.", command.what, number));
  const auto axis = axis_of(command);
  auto error = make(row->status, command,
                    std::vformat(row->sentence, std::make_format_args(command.what, axis)), row->code);
  if (number >= 31) error.details["axis"] = std::string(1, static_cast<char>('x' + number - 31));
  error.details["firmware_error"] = number;
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
      "overdue");
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
