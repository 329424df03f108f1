#pragma once
// All of hal/system put together for one hypervisor, and on the wire.

#include <filesystem>
#include <memory>
#include <string>

#include "hal/hypervisor.hpp"
#include "hal/system/computer_watch.hpp"
#include "hal/system/system_control.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::hal::system {

/// Where a package puts firmware for boards.
inline constexpr const char* shipped_firmware = "/usr/share/celeriac/firmware";

class SystemService {
 public:
  struct Options {
    std::filesystem::path dir;    ///< the state folder: firmware-files/ is in it; firmware is the simulator's
    std::string serial = "auto";  ///< the board's port, or auto
    std::string computer = "none";        ///< see make_computer()
    firmware::ResetBoard reset_board;     ///< by a line of the computer; may be empty
    std::string flasher = "avrdude";      ///< see firmware::make_flasher()
    std::string apt_cache = "apt-cache";  ///< the program that is asked for updates
  };

  /// Status::malformed for an option that is not understood. All references must outlive it; `background` is
  /// for what the machine does not wait for.
  static protocol::Result<std::unique_ptr<SystemService>> make(boost::asio::io_context& io, Timers& timers,
                                                               Hypervisor& hypervisor,
                                                               protocol::Registers& registers,
                                                               settings::Background background,
                                                               const Options& options);
  SystemService(const SystemService&) = delete;
  SystemService& operator=(const SystemService&) = delete;

  /// Serves its operations; where the hypervisor has one of them already, this comes first.
  void install(protocol::Dispatcher& dispatcher);
  /// Looks at the computer from now on.
  void start() { watch_.start(); }
  /// A board is being written.
  [[nodiscard]] bool busy() const noexcept { return flash_.under_way(); }
  /// Calls when the process may end: not while a board is being written.
  void finish(std::move_only_function<void()> finished) { flash_.when_done(std::move(finished)); }

 private:
  SystemService(boost::asio::io_context& io, Timers& timers, Hypervisor& hypervisor,
                protocol::Registers& registers, const settings::Background& background,
                const Options& options, std::unique_ptr<Computer> computer);

  Hypervisor& hypervisor_;
  std::unique_ptr<Computer> computer_;
  Updates updates_;
  firmware::FirmwareStore store_;
  std::unique_ptr<firmware::Flasher> flasher_;
  FirmwareFlash flash_;
  SystemControl control_;
  ComputerWatch watch_;
};

}  // namespace celeriac::hal::system
