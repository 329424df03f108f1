#pragma once
// The computer's operations, in their order: may it go, then the machine comes to rest, then it goes.
//
//   asked ──may_go──► refused: nothing has stopped
//            └──yes──► machine at rest ──go──► refused, or still here after gone_within(): the machine goes
//            on
//                                       └────► gone

#include <string_view>

#include "hal/hypervisor.hpp"
#include "hal/system/computer.hpp"
#include "hal/system/firmware_flash.hpp"
#include "hal/system/updates.hpp"

namespace celeriac::hal::system {

class SystemControl {
 public:
  struct Parts {
    Timers& timers;
    Hypervisor& hypervisor;
    Computer& computer;
    Updates& updates;
    FirmwareFlash& flash;
  };
  explicit SystemControl(Parts parts) : parts_(parts), still_here_(parts.timers.make()) {}

  /// SYS.POWER_OFF, and SYS.REBOOT of package os. Answered when it has begun.
  void go(Going going, Completion completion);
  /// SYS.RESTART_SERVICE. One that is restarted does not answer: it has ended by then.
  void restart_service(std::string_view service, Completion completion);
  /// SYS.CHECK_UPDATES: `{installed, candidate, newer}`. Installs nothing.
  void check_updates(Completion completion);

 private:
  void rested(Going going, Completion completion);
  void refused(protocol::Error error, Completion completion);
  void note(firmware::Severity severity, std::string message) {
    parts_.hypervisor.note(severity, std::move(message));
  }

  Parts parts_;
  std::unique_ptr<Timer> still_here_;
};

}  // namespace celeriac::hal::system
