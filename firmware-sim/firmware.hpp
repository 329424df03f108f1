#pragma once
// The firmware between two resets: its memory, and its routines in the files boot, idle, commands,
// pin_commands, segment, homing, calibration and reports. A reset throws the object away and makes a new one.
//
//   run ── boot ── idle loop ──┬── execute ── command ──┬── segment          (owns the input)
//                              ├── pin guard, reports   ├── calibrate        (owns the input)
//                              └── lock, parameters     └── pauses           (nobody looks at the input)

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "firmware-sim/axis.hpp"
#include "firmware-sim/command.hpp"
#include "firmware-sim/cpu.hpp"
#include "firmware-sim/encoder.hpp"
#include "firmware-sim/loads.hpp"
#include "firmware-sim/machine.hpp"
#include "firmware-sim/parameters.hpp"
#include "firmware-sim/pins.hpp"
#include "firmware-sim/profile.hpp"
#include "firmware-sim/routine.hpp"
#include "firmware-sim/tool_rack.hpp"
#include "firmware-sim/uart.hpp"

namespace celeriac::firmware_sim {

/// What R03 and `R99 error` carry.
enum class Failure : int {
  none = 0,
  emergency_stop = 1,
  timeout = 2,
  stall = 3,  ///< releases before 6.5.36
  calibration = 4,
  abort = 5,
  stall_x = 31,
  stall_y = 32,
  stall_z = 33,
};

/// For a person or a test: what happened to pins, carriages and the lock. Not part of the protocol.
using EventSink = std::function<void(Instant, std::string_view)>;

/// A TMC2130 as the firmware sees it.
struct MotorDriver {
  bool error = false;   ///< one of the error bits is set: over-temperature, a short, an open load
  bool broken = false;  ///< initialising does not clear it
};

/// What a reset leaves in place.
struct Hardware {
  const BoardProfile& profile;
  FirmwareVersion version;
  std::string_view version_text;  ///< what F83 prints
  Uart& uart;
  Cpu& cpu;
  Eeprom& eeprom;
  Pins& pins;
  Machine& machine;
  PerAxis<Encoder>& encoders;
  PerAxis<MotorDriver>& drivers;
  Loads& loads;
  ToolRack& rack;
  const StepTiming& step_timing;
  const EventSink& events;
};

class Firmware {
 public:
  explicit Firmware(Hardware hardware);
  Firmware(const Firmware&) = delete;
  Firmware& operator=(const Firmware&) = delete;

  /// What the reset vector jumps to. Never ends.
  [[nodiscard]] Routine<> run();

  [[nodiscard]] bool locked() const { return locked_; }
  [[nodiscard]] double counted_mm(AxisName axis) const {
    return static_cast<double>(stored_[index(axis)]) / steps_per_mm(axis);
  }

  /// Destination of a segment in millimetres, speed words in steps/s (0: the parameter).
  struct Target {
    PerAxis<float> millimetres{};
    PerAxis<int> speeds{};
    std::optional<AxisName> homing = {};
  };

  /// How a command code is served; in the table of commands.cpp.
  struct CommandRow {
    Code code;
    bool runs_when_locked;
    bool needs_approval;
    bool stops_on_error;  ///< counts as a movement for P4
    Routine<int> (Firmware::*handler)(const Command&);
  };

 private:
  static constexpr std::size_t line_capacity = 100;  ///< with its LF
  static constexpr std::size_t guards = 5;
  static constexpr std::size_t missed_blocks = 5;

  // boot, idle loop
  Routine<> boot();
  Routine<> home_at_boot(AxisName axis);
  void set_pin_directions();
  void check_pin_guard();
  void tick_pin_guard();
  Routine<> take_byte();
  Routine<> run_line();
  void check_lock();
  Routine<> load_changed_parameters();
  void report_pins_when_due();
  void report_idle_when_due();
  [[nodiscard]] Instant next_idle_event() const;

  // commands
  Routine<> execute(const Command& command, std::string_view line);
  Routine<int> attempt(const CommandRow& row, const Command& command);
  void refuse(std::string_view reply, std::string_view line);
  Routine<int> move(const Command& command);
  Routine<int> move_home(const Command& command);
  Routine<int> unlock(const Command& command);
  Routine<int> list_parameters(const Command& command);
  Routine<int> read_parameter(const Command& command);
  Routine<int> write_parameter(const Command& command);
  Routine<int> report_end_stops(const Command& command);
  Routine<int> report_position(const Command& command);
  Routine<int> report_version(const Command& command);
  Routine<int> set_zero(const Command& command);
  Routine<int> find_home_x(const Command& command);
  Routine<int> find_home_y(const Command& command);
  Routine<int> find_home_z(const Command& command);
  Routine<int> find_length_x(const Command& command);
  Routine<int> find_length_y(const Command& command);
  Routine<int> find_length_z(const Command& command);
  static const CommandRow* row_of(Code code);

  // pin commands
  Routine<int> write_pin(const Command& command);
  Routine<int> read_pin(const Command& command);
  Routine<int> set_pin_mode(const Command& command);
  Routine<int> pulse_pin(const Command& command);
  Routine<int> set_servo(const Command& command);
  void write_output(int pin, int value, int mode);
  void reset_written_pins();

  // motion
  Routine<Failure> segment(Target target);
  struct Segment;
  void load_segment(const Target& target);
  void begin_motion(Segment& run);
  void move_pass(Segment& run);
  void take_interruption(Segment& run);
  [[nodiscard]] bool next_pass_matters(const Segment& run) const;
  [[nodiscard]] std::int64_t quiet_passes(const Segment& run) const;
  void release_motors();
  [[nodiscard]] AxisSettings settings(AxisName axis, int speed_word) const;
  void make_edge(AxisName axis, Instant pass);
  void check_missed_steps(AxisName axis);
  [[nodiscard]] bool stalled(AxisName axis) const;
  Routine<> reset_failed_drivers();
  void stop_stalled(AxisName axis, Failure& failure);
  void zero_at_home_switch(AxisName axis);
  Routine<int> find_home(AxisName axis);
  Routine<int> find_length(AxisName axis);
  Routine<Failure> calibrate(AxisName axis);
  struct Calibration;
  Routine<> calibrate_phase(Calibration& run);
  Routine<> calibration_step(Calibration& run);
  Routine<> calibration_bump(Calibration& run);
  void calibration_timeout(Calibration& run);
  void calibration_interruption(Calibration& run);
  [[nodiscard]] bool calibration_may_step(const Calibration& run);
  void print_calibration_phase(AxisName axis, int phase);
  [[nodiscard]] bool timed_out(AxisName axis, Instant started) const;
  [[nodiscard]] Instant timeout_at(AxisName axis, Instant started) const;
  void enable_motor(AxisName axis, bool on);
  void pulse(AxisName axis);
  void follow_tools();
  [[nodiscard]] PerAxis<float> stored_millimetres() const;

  // switches and encoders
  /// Pin level and P25, P75 taken into account, but not P21.
  [[nodiscard]] bool switch_active(AxisName axis, AxisEnd end);
  /// Also with MIN and MAX swapped where P21 says so.
  [[nodiscard]] bool end_reached(AxisName axis, AxisEnd end);
  [[nodiscard]] int encoder_raw(AxisName axis) const;
  [[nodiscard]] int encoder_position(AxisName axis) const;
  void zero_encoder(AxisName axis);
  void load_encoder_settings();

  // reports
  void print(std::string_view text);
  void print_with_q(std::string_view text);
  [[nodiscard]] std::string with_q(std::string_view text) const;
  [[nodiscard]] std::string end_stops_line();
  [[nodiscard]] std::string position_line() const;
  [[nodiscard]] std::string encoder_lines() const;
  [[nodiscard]] std::string load_line() const;
  [[nodiscard]] std::string pin_line(int pin);
  /// R61 of a pin that P198 or P199 names.
  [[nodiscard]] std::string watched_pin_line(int pin);
  void report_encoders();
  void queue(std::string_view text) { queue_ += text; }
  void queue_state(AxisName axis, AxisState state);
  void send_queued_character();
  void send_queue();
  void queue_slot_report();
  [[nodiscard]] std::string places() const;
  void event(std::string_view text) const {
    if (hw_.events) hw_.events(hw_.cpu.now(), text);
  }

  [[nodiscard]] int parameter_of(int first, AxisName axis) const { return parameters_.get(first, axis); }
  [[nodiscard]] int steps_per_mm(AxisName axis) const;
  [[nodiscard]] Instant now() const { return hw_.cpu.now(); }
  [[nodiscard]] bool interrupted() const { return locked_ || aborting_; }
  /// Reads one byte of the UART as the loops do that own the input.
  enum class Interruption : std::uint8_t { none, emergency_stop, abort };
  [[nodiscard]] Interruption read_interruption();

  Hardware hw_;
  Parameters parameters_;

  // state that commands share
  int q_ = 0;
  bool locked_ = false;
  bool was_locked_ = false;
  bool aborting_ = false;
  bool parameters_changed_ = false;
  bool drivers_changed_ = false;
  std::string line_;

  // motion
  PerAxis<Axis> axes_{};
  PerAxis<AxisState> reported_{};
  PerAxis<int> stored_{};  ///< the position that R82 shows and the next segment starts from, steps
  PerAxis<float> missed_{};
  PerAxis<int> last_raw_{};
  PerAxis<int> displaced_{};  ///< steps of the last homing segment at or beyond 0
  PerAxis<std::array<int, missed_blocks>> missed_history_{};
  PerAxis<bool> step_lost_{};  ///< stallGuard of the last step
  PerAxis<bool> motor_on_{};

  // text that leaves one character a pass while a segment runs
  std::string queue_;
  std::size_t queue_sent_ = 0;
  int slot_ = 0;

  // idle loop
  Instant last_action_{};
  Instant last_pin_report_{};
  Instant last_guard_tick_{};
  std::array<int, guards> guard_seconds_{};
  std::array<std::array<bool, Pins::count>, 2> written_{};  ///< by mode: digital, analog
};

}  // namespace celeriac::firmware_sim
