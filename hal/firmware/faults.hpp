#pragma once
// What went wrong on the board, for a person with wet soil on one hand and a phone in the other.

#include <string>

#include "hal/firmware/command.hpp"
#include "hal/firmware/traces.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// Stable words in Error::code, finer than the status.
namespace code {
inline constexpr const char* not_approved = "not_approved";
inline constexpr const char* board_restarted = "board_restarted";
inline constexpr const char* answer_lost = "answer_lost";
inline constexpr const char* no_end_stop = "no_end_stop";
inline constexpr const char* stalled = "stalled";
inline constexpr const char* aborted = "aborted";
inline constexpr const char* axis_timeout = "axis_timeout";
inline constexpr const char* calibration = "calibration";
inline constexpr const char* overdue = "overdue";
}  // namespace code

/// The error of R03 V`number` after this command. Details: `axis` and `axes` where axes are named, `attempts`
/// where the board tried more than once, `firmware_error`.
protocol::Error fault(int number, const Command& command, const Traces& traces = {});
/// The emergency lock is on.
protocol::Error locked();
/// R88: the board does not take moves before its configuration is approved.
protocol::Error not_approved(const Command& command);
/// R09.
protocol::Error invalid_command(const Command& command);
/// The move was stopped by somebody's request.
protocol::Error aborted(const Command& command);
/// It took much longer than it should.
protocol::Error overdue(const Command& command);
/// A homing that reaches no end stop.
protocol::Error no_end_stop(const Command& command);
/// The board is idle again, and how the command ended is not known.
protocol::Error answer_lost(const Command& command);
/// The board restarted.
protocol::Error board_restarted(const Command* command);

}  // namespace celeriac::hal::firmware
