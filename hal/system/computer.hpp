#pragma once
// The computer that the hypervisor runs on, as something that can be switched off: the real one through
// logind and systemd, a simulated one that says so and stays on, or none.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::system {

enum class Going : std::uint8_t { off, down_and_up };
/// "switched off", "restarted": what the computer is about to be.
std::string_view participle(Going going) noexcept;

/// Services of ours that may be restarted alone.
inline constexpr std::string_view own_services[] = {"hal", "vm", "gateway"};

class Computer {
 public:
  using Completion = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~Computer() = default;
  /// Whether go() would be done, before anything has been stopped for it. Status::denied or offline with a
  /// sentence and what to do.
  virtual void may_go(Going going, Completion completion) = 0;
  /// Switches it off, or restarts it: completes when that has begun.
  virtual void go(Going going, Completion completion) = 0;
  /// Has systemd restart a service of ours, by a name of own_services.
  virtual void restart_service(std::string_view service, Completion completion) = 0;
  /// After go(): if we are still there then, it did not happen.
  [[nodiscard]] virtual Duration gone_within() const = 0;
};

/// The developer's machine does not go off because a sequence says so: what was asked stays in `asked`, and
/// `say` hears a sentence of it.
class SimulatedComputer final : public Computer {
 public:
  using Say = std::function<void(std::string)>;
  SimulatedComputer(boost::asio::io_context& io, Say say) : io_(io), say_(std::move(say)) {}

  void may_go(Going going, Completion completion) override;
  void go(Going going, Completion completion) override;
  void restart_service(std::string_view service, Completion completion) override;
  [[nodiscard]] Duration gone_within() const override { return Duration(0); }

  std::vector<std::string> asked;  ///< "off", "down_and_up", "restart vm"

 private:
  boost::asio::io_context& io_;
  Say say_;
};

/// "real", "simulated" or "none". Status::malformed with the choices.
protocol::Result<std::unique_ptr<Computer>> make_computer(boost::asio::io_context& io, Timers& timers,
                                                          const std::string& kind,
                                                          SimulatedComputer::Say say);

}  // namespace celeriac::hal::system
