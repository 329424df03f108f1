// The programs, the sockets that they answer on, and the devices that the kernel has.

#include <algorithm>
#include <format>
#include <map>
#include <ranges>

#include "console/doctor/checks.hpp"
#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console::doctor {
namespace {

constexpr std::string_view install_advice =
    "Install them: `sudo apt install celeriac`, or build them with `scripts/build`.";

std::string words(std::ranges::sized_range auto&& list) {
  return protocol::joined(list);
}

/// How to become one who may: the group that owns what is closed.
std::string group_advice(const Person& person, const std::string& group) {
  if (group.empty() || group == "root")
    return "Only its owner may use it: say which host is meant with --dir, or use sudo.";
  if (std::ranges::contains(person.in_account, group) && !std::ranges::contains(person.groups, group))
    return std::format("Log out and in again: {} is in the group {}, and this session is older than that.",
                       person.name, group);
  return std::format("Join the group {0}: `sudo usermod -aG {0} {1}`, then log out and in again.", group,
                     person.name);
}

/// What starts a daemon, on this machine.
std::string start_advice(const Facts& facts, const std::string& daemon) {
  const bool served = facts.units && std::ranges::any_of(*facts.units, [&](const Unit& unit) {
                        return unit.name == daemon + ".service" && unit.load == "loaded";
                      });
  return served ? std::format(
                      "`sudo systemctl restart {0}`; if it does not stay, `journalctl -u {0} -n 50` "
                      "says why.",
                      daemon)
                : std::string(
                      "Start the host with `celeriac up --serial auto` (or `celeriac up --simulate`), "
                      "or say where it runs with --dir.");
}

Finding door(const Facts& facts, const Door& door) {
  const std::string place = printable(door.socket.string());
  switch (door.state) {
    case Door::State::answers:
      return ok(std::format("{} answers on {}", door.daemon, place));
    case Door::State::missing:
      return problem(std::format("{} does not run: there is no socket {}", door.daemon, place),
                     start_advice(facts, door.daemon));
    case Door::State::no_socket:
      return problem(std::format("{} is no socket", place),
                     std::format("Remove it, and start {} again.", door.daemon));
    case Door::State::forbidden:
      return problem(
          std::format("{} may not use {}{}", facts.person.name, printable(door.forbidden.string()),
                      door.group.empty() ? "" : std::format(", which is for the group {}", door.group)),
          group_advice(facts.person, door.group));
    case Door::State::nobody:
      return problem(std::format("{} does not run: nobody listens on {}", door.daemon, place),
                     start_advice(facts, door.daemon));
    case Door::State::speechless:
      return problem(std::format("{} listens on {} and does not answer: {}", door.daemon, place,
                                 printable(door.trouble)),
                     start_advice(facts, door.daemon));
  }
  return unknown("nothing is known of the socket");
}

}  // namespace

Findings check_programs(const Facts& facts) {
  Findings findings;
  std::vector<std::string> missing, without;
  std::map<std::string, std::vector<std::string>> by_version;
  for (const auto& program : facts.programs) {
    if (program.path.empty())
      (program.needed ? missing : without).push_back(program.name);
    else if (!program.version)
      findings.push_back(problem(std::format("{} does not start: {}", program.path.string(),
                                             printable(program.version.error().message)),
                                 "Install it again: `sudo apt install --reinstall celeriac`."));
    else
      by_version[*program.version].push_back(program.name);
  }
  if (!missing.empty())
    findings.push_back(problem(std::format("not found: {}", words(missing)), std::string(install_advice)));
  if (by_version.size() > 1) {
    std::string text;
    for (const auto& [version, names] : by_version)
      text += std::format("{}{} of {}", text.empty() ? "" : ", ", words(names), printable(version));
    findings.push_back(
        problem(std::format("the programs are of different versions: {}", text),
                "Install all of one version: `sudo apt install --reinstall celeriac`, and look "
                "whether an older copy lies on PATH."));
  } else if (findings.empty() && !by_version.empty()) {
    const auto& [version, names] = *by_version.begin();
    findings.push_back(ok(std::format("{} {}", words(names), printable(version))));
  }
  if (!without.empty())
    findings.push_back(unused(std::format("not installed: {}", words(without)), "They are optional."));
  if (findings.empty()) findings.push_back(unknown("no program was looked for"));
  return findings;
}

Findings check_hypervisor(const Facts& facts) {
  if (facts.remote)
    return {unknown("with --connect only what the VM tells is looked at",
                    "Run `celeriac doctor` on the bot's own computer for the rest.")};
  return {door(facts, facts.hypervisor)};
}

Findings check_vm(const Facts& facts) {
  return {door(facts, facts.vm)};
}

Findings check_devices(const Facts& facts) {
  if (facts.remote) return {unknown("the devices of another machine cannot be seen from here")};
  const auto names = [](const std::vector<Device>& devices) {
    return words(devices | std::views::transform([](const Device& d) { return d.path.string(); }) |
                 std::ranges::to<std::vector>());
  };
  Findings findings;
  if (facts.serial_ports.empty())
    findings.push_back(unused("there is no serial port (/dev/ttyACM*, /dev/ttyUSB*)",
                              "With a board: plug its USB cable in and switch it on."));
  else
    findings.push_back(ok(std::format("serial: {}", names(facts.serial_ports))));
  if (facts.gpio_chips.empty())
    findings.push_back(unused("there is no GPIO chip (/dev/gpiochip*)",
                              "A Raspberry Pi has some: is this one, with its own kernel?"));
  else
    findings.push_back(ok(std::format("GPIO: {}", names(facts.gpio_chips))));
  return findings;
}

}  // namespace celeriac::console::doctor
