#pragma once
// Commands to the board, as text. Every number is fixed point with two decimals: an exponent's 'e' in a line
// is an emergency stop, wherever it stands, so no line made here has a letter 'e' or 'E'.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "hal/firmware/axis.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// Coordinates beyond this are refused before anything is sent: 1 km.
inline constexpr double max_coordinate_mm = 1.0e6;

/// How the board behaves while it works on a command; the link's patience depends on it.
enum class Work : std::uint8_t {
  brief,        ///< answered within milliseconds
  move,         ///< one segment
  homing,       ///< segments until the end stop, '@' ends it
  calibration,  ///< both ends of an axis, with pauses of a second
};

/// A line without its Q, and what is known about how long it takes.
struct Command {
  std::string text;
  Work work = Work::brief;
  /// Ideal duration by the ramp model; zero for brief ones.
  std::chrono::milliseconds expected{0};
  /// homing and calibration: axis timeouts (R71 to R73) that are no reason to give up yet.
  int timeouts_allowed = 0;
  /// For sentences: "the move to x 10, y 20, z 0".
  std::string what = {};
  std::optional<Axis> axis = {};
  /// Moves: where to, in mm.
  std::optional<PerAxis<double>> target_mm = {};
  /// Homing: where the axis stands by its count, in mm.
  std::optional<double> from_mm = {};

  [[nodiscard]] bool moves() const noexcept { return work != Work::brief; }
};

/// G00, to mm, with speeds in steps/s. Status::malformed for what is not finite or out of all reach.
protocol::Result<Command> move(const PerAxis<double>& target_mm, const PerAxis<double>& speeds);
/// F11, F12, F13.
Command find_home(Axis axis);
/// F14, F15, F16.
Command find_length(Axis axis);
/// F84: here is 0. Takes effect with the next idle report only.
Command set_zero(const PerAxis<bool>& axes);
Command read_parameters();                                // F20
Command write_parameter(int number, std::int32_t value);  // F22
Command write_pin(int pin, int value, int mode);          // F41
Command read_pin(int pin, int mode);                      // F42
Command set_pin_mode(int pin, int mode);                  // F43
Command set_servo(int pin, int degrees);                  // F61
Command read_position();                                  // F82
Command read_version();                                   // F83
Command release_emergency_stop();                         // F09

/// The line as it is sent: text, Q and line feed.
std::string line(const Command& command, int q);

}  // namespace celeriac::hal::firmware
