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

}  // namespace

std::unique_ptr<Error> step_failed(const Process& process, const Error& why) {
  auto made = std::make_unique<Error>(why);
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
  return std::make_unique<Error>(Error{.status = Status::locked,
                                       .message =
                                           "Canceled sequence due to emergency lock. When it is safe, unlock "
                                           "the bot and start the sequence anew.",
                                       .path = process.path()});
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
