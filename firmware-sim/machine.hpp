#pragma once
// The bot that the motors turn: where each carriage really is, whatever the firmware counts.

#include <cstdint>
#include <map>
#include <optional>

#include "firmware-sim/axis_name.hpp"
#include "firmware-sim/pins.hpp"
#include "firmware-sim/profile.hpp"

namespace celeriac::firmware_sim {

/// One axis of a bot. Positions in millimetres, signed as the firmware counts with default parameters.
struct AxisBody {
  double steps_per_mm = 5;
  /// Length of travel; without it the carriage runs freely for ever and has no switches.
  std::optional<double> length_mm = std::nullopt;
  /// Which way leads away from home: +1, or -1 for an axis that has home at the top.
  int away = 1;
  double start_mm = 0;
  bool end_stops = false;
  /// Whether an encoder turns with the motor.
  bool encoder = false;
};

struct MachineDescription {
  PerAxis<AxisBody> axes{};
  /// Whether lamp, valve, pump and current sensors hang on the board's pins, and soil lies under the tool.
  bool loads = false;
};

/// A board on a desk: motors that turn freely, open switches, encoders that stand still.
[[nodiscard]] MachineDescription bare_board();

/// A bed of 2.7 x 1.2 x 0.4 m with switches at all ends, encoders on all motors, and the carriage somewhere
/// that is not home: x 120, y 80, z -35 mm.
[[nodiscard]] MachineDescription garden_bot();

/// What the garden's sensors show beside the soil: no tool on the mount, so that pin 63 is open. By pin.
[[nodiscard]] std::map<int, bool> garden_digital_inputs();

enum class AxisEnd : unsigned char { min, max };

class Machine {
 public:
  explicit Machine(const MachineDescription& description);

  /// One pulse on the motor, `direction` +1 or -1. False: the carriage stands against the end of its rail
  /// or an obstacle, and the rotor does not follow. As with a real stepper the field runs two steps ahead of
  /// a rotor that is held, and with the third the rotor snaps back to where the field has come round: four
  /// steps are lost, and an encoder sees the carriage tremble by one.
  bool step(AxisName axis, int direction);

  [[nodiscard]] double position_mm(AxisName axis) const;
  /// Nothing for an axis without ends.
  [[nodiscard]] std::optional<double> length_mm(AxisName axis) const {
    return bodies_[index(axis)].description.length_mm;
  }
  /// Nothing where the axis has no such switch.
  [[nodiscard]] std::optional<bool> switch_closed(AxisName axis, AxisEnd end) const;
  /// Motor steps that the encoder of the axis has seen, signed; stands still where there is no encoder.
  [[nodiscard]] std::int64_t encoder_steps(AxisName axis) const;

  /// Puts the carriage somewhere by hand.
  void place(AxisName axis, double position_mm);
  /// Something solid on the rail: the carriage cannot move away from home past it.
  void obstruct(AxisName axis, std::optional<double> position_mm);
  /// Holds the carriage where it is, in both directions, until it is let go.
  void jam(AxisName axis, bool held);
  /// The carriage moves by so many steps without its motor: it coasts, or somebody has pushed it.
  void slip(AxisName axis, int steps);
  /// A broken encoder counts nothing until it is mended.
  void break_encoder(AxisName axis);
  void mend_encoder(AxisName axis);

 private:
  struct Body {
    AxisBody description;
    std::int64_t position = 0;  ///< steps
    std::int64_t encoder = 0;   ///< steps
    std::optional<std::int64_t> obstacle = {};
    bool jammed = false;
    bool encoder_broken = false;
    int strain = 0;  ///< steps by which the field is ahead of a rotor that is held, signed

    void move(std::int64_t steps) {
      position += steps;
      if (description.encoder && !encoder_broken) encoder += steps;
    }
  };
  [[nodiscard]] static bool held(const Body& body, int direction);
  static void relax(Body& body);
  [[nodiscard]] static std::int64_t to_steps(const AxisBody& body, double millimetres);

  PerAxis<Body> bodies_;
};

/// Puts the state of an axis' switches on the board's pins; a closed switch pulls its pin low.
void wire_switches(AxisName axis, const Machine& machine, const BoardProfile& profile, Pins& pins);

}  // namespace celeriac::firmware_sim
