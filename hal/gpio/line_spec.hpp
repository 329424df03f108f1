#pragma once
// One line of lines.json: which it is, how it is wired, and what it is for.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace celeriac::hal::gpio {

/// Lines that a file may name.
inline constexpr std::size_t max_lines = 32;
/// Bytes of a line's name: with "celeriac " before it, the longest consumer that the kernel keeps
/// (GPIO_MAX_NAME_SIZE of linux/gpio.h, 32 with its end).
inline constexpr std::size_t max_line_name = 22;
/// Longest debounce time that is taken: a stop that comes later is none.
inline constexpr std::chrono::milliseconds longest_debounce{100};
/// Of an input that is no stop button and says nothing: what switches of a panel bounce.
inline constexpr std::chrono::milliseconds usual_debounce{5};

enum class Direction : std::uint8_t { input, output };
enum class Bias : std::uint8_t { none, pull_up, pull_down };
enum class Edge : std::uint8_t { rising, falling, both };
enum class Role : std::uint8_t {
  plain,        ///< read and written by whoever asks
  stop,         ///< the stop button: while it is active everything is locked
  binding,      ///< an edge starts what the account has bound to it
  status,       ///< an output that shows by itself what the machine is at
  board_reset,  ///< an output that holds the stepper board in reset while it is on
};
/// What becomes of an output at an emergency stop.
enum class OnStop : std::uint8_t { keep, safe };

// The words of the file, in the order of the enumerations.
inline constexpr std::array<std::string_view, 2> direction_words{"input", "output"};
inline constexpr std::array<std::string_view, 3> bias_words{"none", "pull-up", "pull-down"};
inline constexpr std::array<std::string_view, 3> edge_words{"rising", "falling", "both"};
inline constexpr std::array<std::string_view, 5> role_words{"plain", "stop", "binding", "status",
                                                            "board_reset"};
inline constexpr std::array<std::string_view, 2> on_stop_words{"keep", "safe"};
inline constexpr std::array<std::string_view, 2> active_words{"low", "high"};

template <class Enum, std::size_t count>
constexpr std::string_view word_of(const std::array<std::string_view, count>& words, Enum value) noexcept {
  return words[static_cast<std::size_t>(value)];
}

struct LineSpec {
  std::string name;       ///< [a-z][a-z0-9_]*
  std::string chip = {};  ///< label, name ("gpiochip0") or path; "": whichever chip has a line of that name
  std::string line = {};  ///< name or number
  Direction direction = Direction::input;
  Role role = Role::plain;
  bool active_high = true;  ///< the level that counts as 1; registers and edges are about that

  // inputs
  Bias bias = Bias::none;
  std::chrono::milliseconds debounce{0};
  Edge edge = Edge::rising;  ///< of the value: what a binding that says nothing else starts with

  // outputs
  bool initial = false;
  bool safe = false;
  OnStop on_stop = OnStop::keep;

  /// "GPIO17 of pinctrl-bcm2711"
  [[nodiscard]] std::string place() const { return chip.empty() ? line : line + " of " + chip; }
  /// The bias pulls toward the active level: a broken wire looks like a pressed button.
  [[nodiscard]] bool broken_wire_is_active() const noexcept {
    return bias == (active_high ? Bias::pull_up : Bias::pull_down);
  }
  /// The number that pin bindings call it by: 16 of "GPIO16" and of "16". BCM numbers, where the board has
  /// them.
  [[nodiscard]] std::optional<int> pin() const;
  /// What the kernel shows others as the line's owner while we have it.
  [[nodiscard]] std::string consumer() const;
};

}  // namespace celeriac::hal::gpio
