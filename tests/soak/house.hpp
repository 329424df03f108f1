#pragma once
// One machine on one virtual clock: hypervisor, line, twin. Time jumps from event to event.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "firmware-sim/twin.hpp"
#include "hal/hypervisor.hpp"
#include "tests/hal/virtual_time.hpp"

namespace celeriac::soak {

using hal::Duration;
using hal::Instant;

/// A folder that is gone afterwards.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct HouseOptions {
  std::string board;
  std::uint64_t seed;
  firmware_sim::FaultPlan plan;
  protocol::Json parameters;
};

class House final : private hal::firmware::PortOpener {
 public:
  /// Lines of the log that are kept for the one who looks for a cause.
  static constexpr std::size_t kept_log = 400;

  explicit House(HouseOptions options);
  ~House() override;

  /// Everything that is due, and then one jump, at most to `limit`.
  void step(Instant limit);
  [[nodiscard]] Instant now() const { return timers_.now(); }
  /// Since the start.
  [[nodiscard]] double hours() const;

  [[nodiscard]] hal::Hypervisor& hypervisor() { return *hypervisor_; }
  /// The daemon ends, and another one starts from what the first has stored.
  void restart_hypervisor();
  [[nodiscard]] firmware_sim::Twin& twin() { return *twin_; }
  [[nodiscard]] hal::firmware::LinkState state() const { return hypervisor_->link().state(); }

  /// Faults as the twin tells them, the machine's own events, and log lines of the hypervisor.
  std::function<void(std::string_view)> on_event = [](std::string_view) {};
  std::function<void(hal::firmware::Severity, std::string_view)> on_log = [](auto, auto) {};

  void note(std::string_view source, std::string_view text);
  [[nodiscard]] const std::deque<std::string>& log() const { return log_; }

 private:
  class Port;
  protocol::Result<std::unique_ptr<hal::firmware::SerialPort>> open() override;
  [[nodiscard]] std::string port_name() const override { return "memory"; }
  [[nodiscard]] firmware_sim::Instant at_board(Instant now) const;
  [[nodiscard]] Instant from_board(firmware_sim::Instant at) const;
  void start_hypervisor();

  HouseOptions options_;
  boost::asio::io_context io_{1};
  hal::testing::VirtualTimers timers_{io_};
  Instant started_ = timers_.now();
  Folder folder_;
  std::deque<std::string> log_;
  std::unique_ptr<firmware_sim::Twin> twin_;
  Port* port_ = nullptr;
  std::unique_ptr<protocol::Registers> registers_;
  std::unique_ptr<hal::Hypervisor> hypervisor_;
};

}  // namespace celeriac::soak
