#pragma once
// What hangs on the board's pins: lamp, water valve, vacuum pump and the rest, with the current that the
// board measures where it has sensors for it. Water goes to the soil under the carriage.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "firmware-sim/machine.hpp"
#include "firmware-sim/pins.hpp"
#include "firmware-sim/profile.hpp"
#include "firmware-sim/soil.hpp"
#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

/// One thing on one pin.
struct Load {
  std::string_view name;
  int pin;
  /// At full duty.
  double litres_per_second = 0;
  double duty = 0;  ///< 0..1, what flows through it now
  /// A valve that hangs or a relay that sticks: on or off whatever its pin says.
  std::optional<bool> stuck = std::nullopt;
  Duration on_time{};  ///< up to the last `settle`
  double litres = 0;

  [[nodiscard]] bool on() const { return duty > 0; }
};

/// The valve of a FarmBot lets through about so much.
inline constexpr double valve_litres_per_second = 0.1;

class Loads {
 public:
  /// Nothing is connected unless `connected`. All references must outlive it.
  Loads(const BoardProfile& profile, const Machine& machine, Pins& pins, bool connected);
  Loads(const Loads&) = delete;
  Loads& operator=(const Loads&) = delete;

  /// A pin may drive its load differently from `now` on.
  void pin_changed(int pin, Instant now);
  /// Whether a step of the carriage takes running water to another place.
  [[nodiscard]] bool flowing() const { return flowing_; }
  /// Accounts for the time up to `now`: to be called before the carriage moves while water flows.
  void settle(Instant now);
  /// Nothing: the load follows its pin again. False: no load on this pin.
  bool stick(int pin, std::optional<bool> on, Instant now);

  [[nodiscard]] std::span<const Load> all() const { return loads_; }
  /// Null where nothing hangs on the pin.
  [[nodiscard]] const Load* at(int pin) const;
  [[nodiscard]] Soil& soil() { return soil_; }
  [[nodiscard]] const Soil& soil() const { return soil_; }

 private:
  void follow(Load& load);

  const Machine& machine_;
  const Pins& pins_;
  std::vector<Load> loads_;
  Soil soil_;
  Instant settled_{};
  bool flowing_ = false;
};

}  // namespace celeriac::firmware_sim
