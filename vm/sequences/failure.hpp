#pragma once
// The errors that end processes, in the words that a person reads.

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/error.hpp"
#include "vm/sequences/process.hpp"

namespace celeriac::vm {

/// The error of a process whose step failed with `why`. Its status is `failed`, except where a client has to
/// know at once that it was not the sequence's fault (lock, link, time, hardware, resources). The details
/// hold
/// `{status: of the step, operation, sequence, code}` beside the step's own.
std::unique_ptr<protocol::Error> step_failed(const Process& process, const protocol::Error& why);
std::unique_ptr<protocol::Error> killed(const Process& process);
std::unique_ptr<protocol::Error> emergency_locked(const Process& process);

/// `execute` inside `execute`, without end.
protocol::Error too_deep(const std::string& sequence, std::size_t levels);
/// `execute` as the last step, again and again, with nothing between.
protocol::Error endless_calls(const std::string& sequence, std::uint32_t calls);

/// The error of an `execute` that finds nothing to run.
protocol::Error sequence_not_found(protocol::Error why);
/// What the log says of a move that failed, beside the error: "Stall detected on X axis"; "" for nothing.
std::string_view movement_trouble(const protocol::Error& why);

}  // namespace celeriac::vm
