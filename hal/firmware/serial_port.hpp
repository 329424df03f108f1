#pragma once
// The seam to the board: bytes there, bytes back, and the port's end. Real ports, pseudo terminals and the
// ports of tests look the same from here.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// An open port. Destroying it closes it; nothing is called afterwards.
class SerialPort {
 public:
  virtual ~SerialPort() = default;

  /// Calls `received` with bytes as they come, and `lost` once, with a sentence, when the port has gone.
  /// Neither is called from inside a call of this class.
  virtual void start(std::move_only_function<void(std::string_view)> received,
                     std::move_only_function<void(std::string)> lost) = 0;
  /// Gives the bytes to the system now; what it does not take waits.
  virtual void write(std::string_view bytes) = 0;
  /// The same in front of everything that the system has not taken yet, which is thrown away.
  virtual void write_urgent(std::string_view bytes) = 0;
  /// Bytes that have not left the machine: waiting here or in the system's output queue.
  [[nodiscard]] virtual std::size_t unsent() const = 0;
  /// Lets the board feel that the port is closed (DTR), so that the next opening resets it.
  virtual void hang_up() {}
};

/// How ports come to be.
class PortOpener {
 public:
  virtual ~PortOpener() = default;
  /// Status::offline with a sentence and what to check.
  virtual protocol::Result<std::unique_ptr<SerialPort>> open() = 0;
  /// What was asked for, for sentences: "/dev/ttyACM0", or "auto".
  [[nodiscard]] virtual std::string port_name() const = 0;
};

}  // namespace celeriac::hal::firmware
