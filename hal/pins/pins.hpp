#pragma once
// The board's pins. Each function is the work of one request.

#include <bitset>
#include <boost/asio/awaitable.hpp>

#include "hal/firmware/link.hpp"

namespace celeriac::hal::pins {

enum class Mode : std::uint8_t { digital = 0, analog = 1 };
enum class Direction : std::uint8_t { input = 0, output = 1, input_pullup = 2 };

class Pins {
 public:
  template <class T>
  using Task = boost::asio::awaitable<protocol::Result<T>>;

  explicit Pins(firmware::Link& link) : link_(link) {}

  /// Writes 0 or 1 (digital; read back and compared) or 0 to 255 (PWM). A pin whose direction nobody has set
  /// becomes an output.
  Task<void> write(int pin, int value, Mode mode);
  /// 0 or 1, or 0 to 1023.
  Task<int> read(int pin, Mode mode);
  /// Makes it an output and inverts it.
  Task<void> toggle(int pin);
  Task<void> set_direction(int pin, Direction direction);
  /// 0 to 180 degrees on a servo pin.
  Task<void> set_servo(int pin, int degrees);

  /// The board restarted: directions are its own again.
  void forget() noexcept { directed_.reset(); }
  /// Pins whose direction somebody has set; a replay goes on from recorded ones.
  [[nodiscard]] const std::bitset<firmware::pin_count>& directed() const noexcept { return directed_; }
  void direct(const std::bitset<firmware::pin_count>& directed) noexcept { directed_ = directed; }

 private:
  Task<void> make_output(int pin);

  firmware::Link& link_;
  std::bitset<firmware::pin_count> directed_;  // somebody has set the direction since the board started
};

/// Status::not_found for a number that is no pin.
protocol::Result<int> check_pin(std::int64_t number);
/// The same for the servo pins 4, 5, 6 and 11.
protocol::Result<int> check_servo_pin(std::int64_t number);
/// Where a servo may be turned to, in degrees. A servo that drives a part of the machine has less room than
/// its own 180°, and one that is held by a stop burns.
struct ServoLimits {
  double low = 0, high = 180;
};
/// The whole degrees that are sent. Status::malformed for an angle outside of 0 to 180, or of the limits,
/// which are the settings servo_low_N and servo_high_N.
protocol::Result<int> check_angle(int pin, double degrees, ServoLimits limits);
/// Status::malformed for a value that the mode cannot write.
protocol::Result<int> check_value(double value, Mode mode);

}  // namespace celeriac::hal::pins
