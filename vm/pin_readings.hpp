#pragma once
// What has been read from a pin: a line in the log, and a reading kept where a sensor is on it.

#include <string>

#include "protocol/registers.hpp"
#include "vm/assets/assets.hpp"
#include "vm/remote_registers.hpp"

namespace celeriac::vm {

/// Readings that are kept; the oldest goes when one more comes.
inline constexpr std::size_t max_sensor_readings = 10'000;

class PinReadings {
 public:
  PinReadings(Assets& assets, RemoteRegisters& remote, protocol::Registers& registers)
      : assets_(assets), remote_(remote), registers_(registers) {}

  /// `mode`: 0 digital, 1 analog; `source`: who has read it, for the log.
  void note(int pin, int mode, double value, const std::string& source);

 private:
  void keep(const NamedPin& sensor, int mode, double value, const protocol::Json& position);

  Assets& assets_;
  RemoteRegisters& remote_;
  protocol::Registers& registers_;
};

}  // namespace celeriac::vm
