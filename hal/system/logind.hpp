#pragma once
// The real computer: logind switches it off and restarts it, systemd restarts services. Both ask polkit
// whether the user of this process may; systemd/polkit/50-celeriac.rules lets it.

#include "hal/system/bus.hpp"
#include "hal/system/computer.hpp"

namespace celeriac::hal::system {

class Logind final : public Computer {
 public:
  /// Makes a connection to the bus, for each call anew: between them nothing wakes up.
  using Connect = std::function<protocol::Result<std::unique_ptr<Bus>>()>;

  Logind(boost::asio::io_context& io, Connect connect) : io_(io), connect_(std::move(connect)) {}

  void may_go(Going going, Completion completion) override;
  void go(Going going, Completion completion) override;
  void restart_service(std::string_view service, Completion completion) override;
  /// Longer than logind's delay inhibitors (5 s) and the stop of a stubborn service before ours (90 s, the
  /// default of systemd).
  [[nodiscard]] Duration gone_within() const override { return std::chrono::seconds(120); }

 private:
  void call(const BusMethod& method, std::initializer_list<BusArgument> arguments, Bus::Reply reply);

  boost::asio::io_context& io_;
  Connect connect_;
};

}  // namespace celeriac::hal::system
