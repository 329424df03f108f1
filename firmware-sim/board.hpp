#pragma once
// A board with its firmware on simulated time: the face of this folder.
//
//   Board board({.profile = find_profile("arduino")}, [](Instant at, std::string_view text) { … });
//   board.receive("F83 Q1\n", now);
//   while (auto next = board.next_event()) board.advance(*next);   // jump from event to event …
//   board.advance(now);                                            // … or follow a clock

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "firmware-sim/firmware.hpp"
#include "firmware-sim/machine.hpp"
#include "firmware-sim/profile.hpp"
#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

struct BoardOptions {
  /// Null: the board "arduino".
  const BoardProfile* profile = nullptr;
  /// Nothing: what the profile runs.
  std::optional<FirmwareVersion> version = std::nullopt;
  /// Eight hexadecimal digits of a build commit, printed after the version; "" for a build without.
  std::string commit = {};
  MachineDescription machine = bare_board();
  std::map<int, bool> digital_inputs = {};  ///< by pin
  std::map<int, int> analog_inputs = {};    ///< by pin, 0..1023
};

class Board {
 public:
  /// Powers the board on at time zero: it boots. `output` gets what the board sends, line by line or, where
  /// the firmware itself sends single characters, character by character, with the time at which the last
  /// byte had left. `events` gets sentences about pins, carriages and the lock.
  Board(const BoardOptions& options, Uart::Sink output, EventSink events = {});
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// The reset line: everything but EEPROM, the encoder chip and the carriages starts again.
  void reset(Instant now);

  /// The host begins to send at `now`, 115200 baud. Returns how many bytes were taken: all of them unless
  /// more than `Uart::wire_capacity` are still on the wire.
  std::size_t receive(std::string_view bytes, Instant now);

  /// Takes the board's power: pins and motors let go, nothing is sent or heard, what is on the wire is lost.
  void power_off(Instant now);
  /// Gives it back: the board boots, and the encoder chip counts from zero as well.
  void power_on(Instant now);
  [[nodiscard]] bool powered() const { return powered_; }
  /// The cable is cut: what the host has on the wire does not arrive.
  void cut_wire(Instant now) { uart_.cut_wire(now); }
  /// When the last byte that the host has sent will have arrived.
  [[nodiscard]] Instant wire_busy_until() const { return uart_.wire_busy_until(); }

  /// Space for `receive`.
  [[nodiscard]] std::size_t wire_space() const { return uart_.wire_space(); }

  /// When something will happen next. Always in the future of the last `advance`, or due at once.
  [[nodiscard]] Instant next_event() const;

  /// Lets everything up to `now` happen. A sink that answers may call `receive`; to have the answer seen at
  /// its own moment, advance from event to event.
  void advance(Instant now);

  /// What the world drives into an input pin; nothing: what the bot's switches or the pull-up say.
  void drive_pin(int pin, std::optional<bool> level) { pins_.drive(pin, level); }
  void drive_analog_pin(int pin, std::optional<int> value) { pins_.drive_analog(pin, value); }
  /// The level of a pin.
  [[nodiscard]] bool pin(int number) const { return pins_.level(number); }

  /// Switches show what was done to it from the next `advance` on.
  [[nodiscard]] Machine& machine() {
    machine_touched_ = true;
    return machine_;
  }
  [[nodiscard]] MotorDriver& driver(AxisName axis) { return drivers_[index(axis)]; }
  /// As of the last `advance`.
  [[nodiscard]] Loads& loads() {
    loads_.settle(advanced_);
    return loads_;
  }
  [[nodiscard]] ToolRack& rack() { return rack_; }
  [[nodiscard]] const ToolRack& rack() const { return rack_; }
  /// Where the firmware believes an axis to be, mm.
  [[nodiscard]] double counted_mm(AxisName axis) const { return firmware_->counted_mm(axis); }
  [[nodiscard]] bool locked() const { return powered_ && firmware_->locked(); }
  [[nodiscard]] const BoardProfile& profile() const { return profile_; }

 private:
  const BoardProfile& profile_;
  FirmwareVersion version_;
  std::string version_text_;
  EventSink events_;
  StepTiming step_timing_;
  Uart uart_;
  Cpu cpu_;
  Eeprom eeprom_;
  Pins pins_;
  Machine machine_;
  Loads loads_;
  ToolRack rack_;
  PerAxis<Encoder> encoders_;
  PerAxis<MotorDriver> drivers_{};
  bool powered_ = true;
  bool machine_touched_ = false;
  Instant advanced_{};
  std::unique_ptr<Firmware> firmware_;
  Routine<> running_;
};

}  // namespace celeriac::firmware_sim
