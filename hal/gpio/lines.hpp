#pragma once
// The GPIO lines of lines.json, by name: watched, driven, shown in registers.
//
// A line that is not there, or that somebody else has, is in trouble: that is said once, shown in the
// status tree, and it is looked for again; the others work.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hal/firmware/link.hpp"
#include "hal/gpio/input.hpp"
#include "hal/gpio/output.hpp"
#include "hal/gpio/stop_button.hpp"
#include "hal/timers.hpp"
#include "protocol/registers.hpp"

namespace celeriac::hal::gpio {

/// How long a board is held in reset: what FarmBot's Express boards are given before they are flashed.
inline constexpr std::chrono::milliseconds board_reset_pulse{1100};

class Lines {
 public:
  struct Reports {
    std::function<void(ButtonState)> button;  ///< of the line of role `stop`
    std::function<void(firmware::Severity, std::string)> say;
  };
  /// All references must outlive it.
  Lines(std::vector<LineSpec> specs, Timers& timers, Chips& chips, protocol::Registers& registers,
        Reports reports);

  /// Takes the lines, now and until they are there.
  void start();
  /// What the machine is at: for lines of role `status`, and for outputs that go to their safe value at an
  /// emergency stop.
  void machine(MachineState state);
  /// The host ends: outputs go to their safe values, and nothing switches them any more.
  void come_to_rest();

  /// Switches an output. not_found; wrong_state for a line that is not everybody's to switch; locked;
  /// offline.
  protocol::Result<void> write(std::string_view name, bool on, Blink blink = Blink::off);
  /// The present value of any line; offline while it is missing.
  [[nodiscard]] protocol::Result<bool> read(std::string_view name) const;
  /// Holds the board in reset for board_reset_pulse with the line of role `board_reset`, and calls `done`.
  /// not_found without such a line; offline while it is missing; cancelled when the host ends.
  protocol::Result<void> reset_board(std::move_only_function<void()> done);
  /// A LED of the box, 3 or 4, where there is a line `box_led_N` for it.
  void led(int number, bool on);

  /// `{lights: {direction, value, blink, role, edge, chip, line, pin, trouble}}`
  [[nodiscard]] protocol::Json document() const;

 private:
  void look_for_missing();
  void told(const LineSpec& spec, const std::string& trouble);
  void say_troubles();
  void edge(const Input& input);
  void publish(const LineSpec& spec, std::optional<bool> value);
  void end_reset();
  /// Whether a client may give an output this value now.
  [[nodiscard]] protocol::Result<void> permitted(const LineSpec& spec, bool on,
                                                 Blink blink = Blink::off) const;
  [[nodiscard]] protocol::Error no_such_line(std::string_view name) const;

  protocol::Registers& registers_;
  Reports reports_;
  std::unique_ptr<Timer> retry_, reset_;
  std::vector<std::move_only_function<void()>> reset_waiters_;  // as many as ask within one pulse
  std::optional<StopButton> stop_;
  std::deque<Input> inputs_;  // they are pointed at
  std::deque<Output> outputs_;
  std::vector<std::pair<std::string, std::string>> news_;  // lines and their troubles, not said yet
  std::set<std::string, std::less<>> said_;                // lines in a trouble that was said
  bool looking_ = false;                                   // what is found wrong now is said together
  MachineState machine_;
  bool resting_ = false;
};

}  // namespace celeriac::hal::gpio
