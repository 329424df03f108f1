#include "console/doctor/checks.hpp"

#include <utility>

namespace celeriac::console::doctor {
namespace {

// clang-format off
constexpr Check table[] = {
    {"programs", "the programs are there, and of one version", check_programs},
    {"services", "systemd's units are loaded, active, and not started again and again", check_services},
    {"configuration", "the files in /etc/celeriac can be read and parsed", check_configuration},
    {"hypervisor", "celeriac-hal answers on its socket, and this user may use it", check_hypervisor},
    {"vm", "celeriac-vm answers on its socket, and this user may use it", check_vm},
    {"devices", "the kernel has serial ports and GPIO chips", check_devices},
    {"board", "the link to the board is ready; if not, what is missing", check_board},
    {"lock", "the emergency lock is off", check_lock},
    {"stop-button", "the stop button can be read, and is not pressed", check_stop_button},
    {"position", "the position of each axis is known", check_position},
    {"outputs", "valves and pumps are not on unattended", check_outputs},
    {"gpio", "every named line of the computer is there and ours", check_lines},
    {"camera", "a camera is set up, and with --photo takes a picture", check_camera},
    {"disk", "there is room on the disk, and it is healthy", check_disk},
    {"memory", "there is memory left", check_memory},
    {"temperature", "the computer is not too hot", check_temperature},
    {"power", "the computer's power supply is strong enough", check_power},
    {"clock", "the clock is set by the network", check_clock},
    {"image", "the image is whole", check_image},
    {"packages", "installed packages are signed", check_packages},
    {"account", "the account is in step", check_account},
    {"gateway", "celeriac-gateway is connected to the VM", check_gateway},
    {"broker", "the gateway is connected to its broker", check_broker},
};
// clang-format on

}  // namespace

std::span<const Check> checks() {
  return table;
}

Diagnosis examine(const Facts& facts) {
  Diagnosis diagnosis;
  for (const Check& check : checks())
    for (auto& finding : check.look(facts)) diagnosis.push_back({check.name, std::move(finding)});
  return diagnosis;
}

}  // namespace celeriac::console::doctor
