#pragma once
// What differs from board to board, as data.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "firmware-sim/axis_name.hpp"
#include "firmware-sim/time.hpp"
#include "firmware-sim/version.hpp"

namespace celeriac::firmware_sim {

enum class EncoderKind : std::uint8_t {
  pins,  ///< one count a quadrature cycle, lost with a reset
  spi,   ///< four counts a cycle, kept by a chip of its own
  none,  ///< Express: a copy of the step counter where P101-103 is 1
};

struct EndStopPins {
  int min;
  int max;
};

/// A speed that was commanded and the one that was measured, both in steps/s.
struct MeasuredSpeed {
  double commanded;
  double measured;
};

/// Durations are measured ones of the real firmware unless said otherwise.
struct BoardTiming {
  Duration idle_pass;         ///< one pass of the main loop
  Duration move_pass;         ///< one pass of the move loop without a step in it
  Duration step_cost;         ///< what one whole step adds to the passes it falls into
  Duration shortest_step;     ///< speeds saturate here
  Duration calibration_step;  ///< what a calibration step takes beyond its two half-periods
  std::array<MeasuredSpeed, 8> speeds;
};

struct BoardProfile {
  std::string_view package;  ///< FarmBot OS package name: how `--board` calls it
  std::string_view board;    ///< for a person
  char letter;               ///< of the version text
  std::string_view kit;      ///< of the version text
  EncoderKind encoders;
  bool tmc_drivers;
  bool stall_guard;  ///< Express: missed steps from the driver, R89
  Duration idle_period;
  bool resets_on_open;  ///< DTR resets it; Express 1.0 hangs on a GPIO UART
  bool reports_encoders_while_moving;
  FirmwareVersion version;  ///< the release it runs unless told otherwise
  PerAxis<EndStopPins> end_stops;
  std::span<const int> output_pins;  ///< outputs driven low at boot: peripherals, servos, LED
  std::span<const int> pull_up_pins;
  std::span<const int> current_sensor_pins;
  PerAxis<int> enable_pins;
  int enable_pin_x2;
  BoardTiming timing;
};

[[nodiscard]] std::span<const BoardProfile> board_profiles();

/// Null for a name that is not in the table.
[[nodiscard]] const BoardProfile* find_profile(std::string_view package);

/// What F83 prints after `R83 `: `6.6.23.R.genesisK12`.
[[nodiscard]] std::string version_text(const BoardProfile& profile, FirmwareVersion version);

}  // namespace celeriac::firmware_sim
