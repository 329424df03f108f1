#include "vm/sequences/failure.hpp"

#include <algorithm>
#include <format>

namespace celeriac::vm {

using protocol::Error;
using protocol::Status;

namespace {

/// Statuses of a step that its process keeps; every other one becomes `failed`.
constexpr Status kept[] = {Status::locked,         Status::offline,          Status::timeout,
                           Status::hardware_fault, Status::out_of_resources, Status::failed};

std::string quoted(const std::string& sequence) {
  return sequence.empty() ? std::string("The sequence") : std::format("The sequence \"{}\"", sequence);
}

/// What a failure of an operation is called first; FarmBot OS's texts, so that people find them.
struct Opening {
  std::string_view operation;
  std::string_view refused;  ///< where nothing was done; `{}` is the reason
  std::string_view failed;   ///< where the machine tried and failed
};
constexpr std::string_view movement_failed = "Movement failed. {}";
constexpr std::string_view movement_error = "Movement error. See logs for details. {}";
constexpr Opening openings[] = {
    {"SYS.CALIBRATE", "Firmware error @ \"calibrate()\": {}",
     "Firmware error @ \"calibrate()\": {{:error, nil}} {}"},
    {"SYS.FIND_HOME", "Firmware error @ \"find_home\": {}", "Firmware error @ \"find_home\": nil {}"},
    {"SYS.HOME", "Firmware error @ \"home\": {}", "Firmware error @ \"home\": nil {}"},
    {"SYS.MOVE_ABSOLUTE", movement_failed, movement_error},
    {"SYS.MOVE_RELATIVE", movement_failed, movement_error},
    {"SYS.SET_PIN_IO_MODE", "Firmware error @ \"set_pin_io_mode\": {}",
     "Firmware error @ \"set_pin_io_mode\": {{:error, nil}} {}"},
    {"SYS.SET_SERVO_ANGLE", "Firmware error @ \"set_servo_angle\": {}",
     "Firmware error @ \"set_servo_angle\": nil {}"},
    {"SYS.TOGGLE_PIN", "Firmware error @ \"toggle_pin\": {}", "Firmware error @ \"toggle_pin\": nil {}"},
    {"SYS.WRITE_PIN", "Firmware error @ \"do_write_pin/3\": {}",
     "Firmware error @ \"do_write_pin/3\": nil {}"},
    {"SYS.ZERO", "Firmware error @ \"zero()\": {}", "Firmware error @ \"zero()\": nil {}"},
};

const Opening* opening_of(const Process& process) {
  if (process.operation == nullptr) return nullptr;
  const auto* row = std::ranges::find(openings, process.operation->long_name, &Opening::operation);
  return row == std::end(openings) ? nullptr : row;
}

}  // namespace

std::unique_ptr<Error> step_failed(const Process& process, const Error& why) {
  auto made = std::make_unique<Error>(why);
  if (const Opening* opening = opening_of(process)) {
    const bool tried = why.status == Status::hardware_fault || why.status == Status::timeout;
    if (why.code == "board_restarted") made->message = std::format("\"Rebooting firmware\". {}", why.message);
    if (why.code == "firmware_flash")
      made->message = std::format("\"Starting firmware flash.\" {}", why.message);
    const std::string reason = made->message;
    made->message = std::vformat(tried ? opening->failed : opening->refused, std::make_format_args(reason));
  }
  if (std::ranges::find(kept, why.status) == std::end(kept)) made->status = Status::failed;
  if (!why.path.empty()) made->details["inner_path"] = why.path;  // of another document
  made->path = process.path();
  made->details["status"] = name(why.status);
  made->details["code"] = number(process.top.code_id);
  if (process.top.code) made->details["sequence"] = *process.top.code->name();
  if (process.operation != nullptr) made->details["operation"] = process.operation->long_name;
  return made;
}

std::unique_ptr<Error> killed(const Process& process) {
  return std::make_unique<Error>(Error{.status = Status::cancelled,
                                       .message = std::format("Process {} was killed.", number(process.id)),
                                       .path = process.path(),
                                       .code = "killed"});
}

std::unique_ptr<Error> emergency_locked(const Process& process) {
  constexpr std::string_view advice = "When it is safe, unlock the bot and start the sequence anew.";
  const Opening* opening =
      process.operation != nullptr && process.operation->motion ? opening_of(process) : nullptr;
  std::string what = "Canceled sequence due to emergency lock.";
  if (opening != nullptr) {  // it was moving, or was refused to
    const std::string reason = process.state == State::waiting && process.call != 0 ? "\"Emergency locked\""
                                                                                    : "\"Device is locked.\"";
    what = std::vformat(opening->refused, std::make_format_args(reason)) + ". " + what;
  }
  return std::make_unique<Error>(
      Error{.status = Status::locked, .message = std::format("{} {}", what, advice), .path = process.path()});
}

Error sequence_not_found(Error why) {
  constexpr std::string_view text = "sequence not found";
  if (why.status == Status::not_found && !why.message.starts_with(text))
    why.message = std::format("{}: {}", text, why.message);
  return why;
}

std::string_view movement_trouble(const Error& why) {
  constexpr std::pair<int, std::string_view> texts[] = {{2, "Movement timed out"},
                                                        {31, "Stall detected on X axis"},
                                                        {32, "Stall detected on Y axis"},
                                                        {33, "Stall detected on Z axis"}};
  if (!why.details.is_object()) return {};
  const auto code = why.details.find("firmware_error");
  if (code == why.details.end() || !code->is_number()) return {};
  const auto* row = std::ranges::find(texts, code->get<int>(), &std::pair<int, std::string_view>::first);
  return row == std::end(texts) ? std::string_view() : row->second;
}

Error too_deep(const std::string& sequence, std::size_t levels) {
  return {.status = Status::out_of_resources,
          .message =
              std::format("{} calls itself, or sequences call each other, more than {} levels deep. Let the "
                          "call be the last step, or end it with an IF.",
                          quoted(sequence), levels),
          .code = "too_deep"};
}

Error endless_calls(const std::string& sequence, std::uint32_t calls) {
  return {.status = Status::out_of_resources,
          .message = std::format(
              "{} calls itself for ever: {} calls in a row did nothing else. Put a step that moves, "
              "waits or reads something into the loop.",
              quoted(sequence), calls),
          .code = "endless_calls"};
}

}  // namespace celeriac::vm
