#pragma once
// Which key does what, where: the table that the keys, the line of hints and the help are made from.

#include <cstdint>
#include <span>
#include <string_view>

namespace celeriac::console::tui {

enum class Act : std::uint8_t {
  emergency_stop,
  quit,
  interrupt,
  jog_mode,
  command,
  overview,
  log,
  raw,
  help,
  next_view,
  unlock,
  abort,
  filter,
  level,
  pause,
  clear,
  tap_vm,
  tap_hypervisor,
  tap_wire,
  routine,
  scroll_up,
  scroll_down,
  page_up,
  page_down,
  oldest,
  newest,
  jog_left,
  jog_right,
  jog_away,
  jog_near,
  jog_up,
  jog_down,
  step_tenth,
  step_one,
  step_ten,
  step_hundred,
  slower,
  faster,
  leave_jog,
};

/// Where a key is meant. Prompts take every key but those of `everywhere`.
enum class Scope : std::uint8_t { everywhere, browsing, overview, lists, log, raw, jog };

struct Binding {
  std::string_view key;  ///< as name_of() writes it
  Scope scope;
  Act act;
  std::string_view hint;  ///< one or two words of the bottom line; "" keeps it out
  std::string_view help;  ///< a phrase; "" for a second key of the same
};

std::span<const Binding> bindings();

/// The emergency stop's key: shown always.
inline constexpr std::string_view stop_key = "^X";

}  // namespace celeriac::console::tui
