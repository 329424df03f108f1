#pragma once
// How an output is on: steadily, or in a rhythm that a person reads from across the garden.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace celeriac::hal::gpio {

enum class Blink : std::uint8_t {
  off,    ///< it does not blink: solid
  slow,   ///< once a second
  fast,   ///< four times a second
  pulse,  ///< a short flash every two seconds
};

struct BlinkPattern {
  Blink blink;
  std::string_view name;              ///< as SYS.WRITE_LINE has it
  std::chrono::milliseconds on, off;  ///< 0 both: no rhythm
};

/// In the order of the enumeration, whose numbers are the wire's.
inline constexpr BlinkPattern blink_patterns[] = {
    {Blink::off, "off", {}, {}},
    {Blink::slow, "slow", std::chrono::milliseconds{500}, std::chrono::milliseconds{500}},
    {Blink::fast, "fast", std::chrono::milliseconds{125}, std::chrono::milliseconds{125}},
    {Blink::pulse, "pulse", std::chrono::milliseconds{100}, std::chrono::milliseconds{1900}},
};

constexpr const BlinkPattern& pattern_of(Blink blink) noexcept {
  return blink_patterns[static_cast<std::size_t>(blink)];
}

/// What the machine is at, as far as a light shows it.
struct MachineState {
  bool online = false;  ///< the board is ready
  bool locked = false;
  bool busy = false;
  bool operator==(const MachineState&) const = default;
};

/// How a line of role `status` shows the machine.
struct StatusLight {
  std::string_view state;  ///< "locked", for people
  bool (*applies)(const MachineState& machine);
  Blink blink;
};

/// The first that applies; the last always does.
inline constexpr StatusLight status_lights[] = {
    {"locked", [](const MachineState& machine) { return machine.locked; }, Blink::fast},
    {"offline", [](const MachineState& machine) { return !machine.online; }, Blink::pulse},
    {"busy", [](const MachineState& machine) { return machine.busy; }, Blink::slow},
    {"ready", [](const MachineState&) { return true; }, Blink::off},
};

constexpr const StatusLight& light_of(const MachineState& machine) {
  for (const auto& light : status_lights)
    if (light.applies(machine)) return light;
  return status_lights[std::size(status_lights) - 1];
}

}  // namespace celeriac::hal::gpio
