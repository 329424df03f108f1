#pragma once
// What the board last said about itself. Everything is unknown until it has.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/firmware/axis.hpp"
#include "hal/firmware/parameters.hpp"
#include "hal/firmware/reply.hpp"

namespace celeriac::hal::firmware {

/// Pins of the board: 0 to 69.
inline constexpr int pin_count = 70;

/// A board by the letter in its version text, "6.6.23.R.genesisK12".
struct Board {
  char letter;
  std::string_view name;
  std::chrono::milliseconds idle_period;  ///< of its idle report, measured
};
/// The row of a version text; RAMPS 1.4, the slowest to report, for letters that are not known.
const Board& board_of_version(std::string_view version) noexcept;

/// What a client may watch; a set of these tells what changed.
enum class Change : std::uint8_t {
  position = 1,
  encoders = 2,
  axis_states = 4,
  end_stops = 8,
  pins = 16,
  locked = 32,
  link = 64,
  parameters = 128,
};

struct PinState {
  double value;
  std::optional<int> mode;  ///< 0 digital, 1 analog, where we know how it was read or written
};

class BoardState {
 public:
  /// Takes in what a reply says; returns the Change bits.
  std::uint8_t apply(const Reply& reply);
  /// After a reset or a loss of the board: nothing is known.
  void forget();
  /// A value that the board has confirmed, with its mode.
  void set_pin(int pin, double value, int mode);

  PerAxis<std::optional<double>> position_mm{};
  PerAxis<std::optional<double>> scaled_encoder_mm{};
  PerAxis<std::optional<double>> raw_encoder{};
  PerAxis<std::optional<int>> axis_state{};  ///< the firmware's 0 idle … 6 crawling
  /// Raw levels of the end stop pins: MIN and MAX; 1 is open with the usual wiring.
  PerAxis<std::array<std::optional<int>, 2>> end_stops{};
  std::array<std::optional<PinState>, pin_count> pins{};
  ParameterSet parameters{};
  std::string version{};

  /// True if all three axes are known.
  [[nodiscard]] bool position_known() const noexcept;
  [[nodiscard]] const Board& board() const noexcept { return board_of_version(version); }
};

}  // namespace celeriac::hal::firmware
