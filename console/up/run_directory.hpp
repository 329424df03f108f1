#pragma once
// The directory in which a host runs: its sockets and files, for one host at a time.

#include <filesystem>

#include "protocol/error.hpp"

namespace celeriac::console {

/// The right to run a host in a directory, held until the object ends.
class RunDirectory {
 public:
  /// Makes the directory (mode 0700) if it is not there, and claims it. Status::wrong_state with the process
  /// that has it, if one has; Status::failed if it cannot be made.
  static protocol::Result<RunDirectory> claim(const std::filesystem::path& path);
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;
  ~RunDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path vm_socket() const { return path_ / "vm.sock"; }
  [[nodiscard]] std::filesystem::path hypervisor_socket() const { return path_ / "hal.sock"; }
  [[nodiscard]] std::filesystem::path firmware_link() const { return path_ / "firmware"; }
  /// What the simulated bot did: pins, servos, moves.
  [[nodiscard]] std::filesystem::path firmware_log() const { return path_ / "firmware.log"; }
  /// Where the simulator takes commands: faults, plants, what the bed looks like.
  [[nodiscard]] std::filesystem::path simulator_socket() const { return path_ / "sim.sock"; }
  /// Where the simulated computer's GPIO lines take hands.
  [[nodiscard]] std::filesystem::path gpio_socket() const { return path_ / "gpio.sock"; }

 private:
  RunDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  // a descriptor; the kernel drops the lock with it, however we end
};

}  // namespace celeriac::console
