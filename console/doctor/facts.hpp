#pragma once
// Everything that the checks look at, as it was found. Plain values: a test writes them down by hand.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::console::doctor {

/// An answer of a daemon, or why there is none.
using Answer = protocol::Result<protocol::Json>;

/// An answer that nobody has asked for yet.
Answer not_asked();

/// One of ours, beside this program or on PATH.
struct Program {
  std::string name;
  bool needed = true;                          ///< without it the bot does not run
  std::filesystem::path path = {};             ///< "" if it is not there
  protocol::Result<std::string> version = {};  ///< "0.4.0" of `--version`
};

/// A daemon's socket, as far as a client comes.
struct Door {
  enum class State : std::uint8_t {
    answers,
    missing,     ///< there is no such file
    no_socket,   ///< there is something else under that name
    forbidden,   ///< this user may not use it; `group` may
    nobody,      ///< a socket that nobody listens on: its daemon has died
    speechless,  ///< somebody listens, and does not answer
  };
  std::string daemon;            ///< "celeriac-hal"
  std::filesystem::path socket;  ///< or HOST:PORT
  State state = State::missing;
  std::string group = {};                ///< that owns what is forbidden
  std::filesystem::path forbidden = {};  ///< the socket, or the directory on the way to it
  std::string trouble = {};              ///< what the system, or the client, says
};

/// A serial port or a GPIO chip of the kernel.
struct Device {
  std::filesystem::path path;  ///< "/dev/ttyACM0"
  std::string group = {};
  bool usable = false;  ///< by this user
};

/// A file in the configuration directory.
struct ConfigurationFile {
  std::filesystem::path path;
  std::string trouble = {};  ///< why it does not parse or cannot be read
  bool readable = true;
};

/// A unit of systemd, as `systemctl show` has it.
struct Unit {
  std::string name;           ///< "celeriac-hal.service"
  std::string load = {};      ///< loaded, not-found, masked …
  std::string active = {};    ///< active, inactive, failed, activating …
  std::string sub = {};       ///< running, dead, auto-restart …
  std::string result = {};    ///< success, exit-code, watchdog, oom-kill …
  std::string enabled = {};   ///< enabled, disabled, static …
  std::int64_t restarts = 0;  ///< by itself, since it was started
  bool watchdog = false;      ///< it has to say that it is alive
};

/// Who asks.
struct Person {
  std::string name;
  bool root = false;
  std::vector<std::string> groups = {};      ///< of this session
  std::vector<std::string> in_account = {};  ///< that the account is in: they count from the next login on
};

struct Facts {
  Person person = {};
  std::vector<Program> programs = {};
  Door hypervisor = {.daemon = "celeriac-hal"}, vm = {.daemon = "celeriac-vm"};
  bool remote = false;  ///< --connect: the machine is another one

  Answer hypervisor_status = not_asked();  ///< the hypervisor's own tree
  Answer vm_status = not_asked();          ///< the VM's, the hypervisor's in it
  Answer camera = not_asked();             ///< the register camera: {kind}
  Answer image = not_asked();              ///< IMAGE.CHECK
  Answer packages = not_asked();           ///< PACKAGE.LIST
  Answer bindings = not_asked();           ///< ASSET.LIST of pin bindings
  Answer sync = not_asked();               ///< the register sync_status, or null
  Answer processes = not_asked();          ///< the kernel's: {name: {state …}}
  Answer broker = not_asked();             ///< true; offline if the gateway has no connection to it
  std::optional<Answer> photo = std::nullopt;

  std::vector<Device> serial_ports = {}, gpio_chips = {};
  bool systemd = false;  ///< the machine is run by it
  protocol::Result<std::vector<Unit>> units = {};
  std::filesystem::path configuration = {};  ///< the directory
  std::vector<ConfigurationFile> files = {};
  Answer lines = not_asked();  ///< `celeriac-hal lines --check`: {"said": text}; an error if it is refused

  /// The hypervisor's tree, from whoever has told it.
  [[nodiscard]] const Answer& machine() const {
    return hypervisor_status || !vm_status ? hypervisor_status : vm_status;
  }
};

}  // namespace celeriac::console::doctor
