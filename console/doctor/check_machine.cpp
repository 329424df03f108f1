// What the hypervisor tells of the machine: board, lock, stop button, position, outputs.

#include <algorithm>
#include <charconv>
#include <format>
#include <map>

#include "console/doctor/checks.hpp"
#include "console/output_status.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"
#include "protocol/document.hpp"
#include "protocol/words.hpp"

namespace celeriac::console::doctor {
using protocol::Json;

namespace {

constexpr const char* no_tree = "the hypervisor does not tell";

/// The oldest firmware that was tried; `docs/farmduino.md` names it.
constexpr int oldest_firmware[] = {6, 4};

const Json* tree_of(const Facts& facts) {
  return facts.machine() && facts.machine()->is_object() ? &*facts.machine() : nullptr;
}

Json member(const Json& document, const char* name) {
  return document.is_object() ? document.value(name, Json()) : Json();
}

/// The numbers before the board's letter: "6.6.23.R.genesisK12".
bool is_old(std::string_view version) {
  for (const int oldest : oldest_firmware) {
    int number = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc()) return false;  // not a version as we know them
    if (number != oldest) return number < oldest;
    version.remove_prefix(std::min(version.size(), static_cast<std::size_t>(end - version.data()) + 1));
  }
  return false;
}

/// What to do, by what the hypervisor says of why there is no link.
struct Cause {
  std::string_view sign;  ///< part of the sentence: strerror(), or the link's own words
  std::string_view advice;
};
constexpr Cause causes[] = {
    {"Permission denied",
     "Put the user that runs celeriac-hal into the group dialout: `sudo usermod -aG dialout celeriac-hal` "
     "and "
     "`sudo systemctl restart celeriac-hal`; with `celeriac up` it is your own user, and you log in again."},
    {"Operation not permitted",
     "The unit may not use this device: `systemctl cat celeriac-hal` shows its DeviceAllow lines."},
    {"resource busy",
     "Another program has the port: `sudo fuser -v /dev/ttyACM0` names it. End it, a serial monitor or "
     "ModemManager for example."},
    {"not a FarmBot board",
     "Name the board's own port with --serial, or write FarmBot's firmware to it: `celeriac firmware "
     "flash`."},
    {"stopped answering",
     "Is the board powered (its LED on)? Press its reset button. If it stays silent, write its firmware: "
     "`celeriac firmware flash`."},
    {"was lost",
     "Put the cable back in, and look at the board's power supply; the link comes back by itself."},
};

bool simulated(const std::string& port) {
  return !port.empty() && port != "auto" && !port.starts_with("/dev/");
}

std::string board_advice(const Facts& facts, const std::string& port, const std::string& state,
                         const std::string& reason) {
  if (simulated(port))
    return "This is a simulated board, and its program has ended: start the host again with `celeriac up "
           "--simulate`.";
  for (const auto& [sign, advice] : causes)
    if (reason.contains(sign)) return std::string(advice);
  if (!facts.remote && facts.serial_ports.empty())
    return "The kernel sees no serial device: plug in the board's USB cable (one that carries data, not only "
           "power), switch the board on, and look with `ls /dev/ttyACM* /dev/ttyUSB*`.";
  if (!facts.remote && port == "auto" && reason.contains("No board was found"))
    return std::format(
        "None of the kernel's serial ports is of a kind that is known: name it, as in `--serial {}`.",
        facts.serial_ports.front().path.string());
  if (state != "offline")
    return "Wait 15 s and ask again. If it stays so, write FarmBot's firmware to it: `celeriac firmware "
           "flash`.";
  return "Look at cable, power and port; `celeriac trace show --since 1m` shows what comes over the line.";
}

Findings without_tree() {
  return {unknown(no_tree)};
}

}  // namespace

Findings check_board(const Facts& facts) {
  const Json* tree = tree_of(facts);
  if (tree == nullptr) return without_tree();
  const Json firmware = member(*tree, "firmware");
  const std::string state = text_of(firmware, "state"), reason = text_of(firmware, "reason"),
                    port = text_of(firmware, "port"), version = text_of(firmware, "version"),
                    board = text_of(firmware, "board");
  if (state.empty()) return without_tree();
  if (state != "ready") {
    std::string says = reason.empty() ? std::format("the board on {} is not ready", port) : reason;
    while (says.ends_with('.')) says.pop_back();
    return {problem(std::move(says), board_advice(facts, port, state, reason))};
  }
  const std::string what = std::format("{}, firmware {}, on {}", board, version, port);
  if (is_old(version))
    return {warning(std::format("{}: this firmware is older than any that was tried", what),
                    "Write a newer one: `celeriac firmware flash` (docs/farmduino.md).")};
  return {ok(what)};
}

Findings check_lock(const Facts& facts) {
  const Json* tree = tree_of(facts);
  if (tree == nullptr || !member(*tree, "locked").is_boolean()) return without_tree();
  if (member(*tree, "locked") == true)
    return {problem("the emergency lock is on: nothing moves",
                    "Look at the machine, remove the reason, then `celeriac unlock`.")};
  return {ok("off")};
}

Findings check_stop_button(const Facts& facts) {
  const Json* tree = tree_of(facts);
  if (tree == nullptr) return without_tree();
  const Json button = member(*tree, "stop_button");
  const std::string state = text_of(button, "state"), name = text_of(button, "name");
  if (state.empty()) return {unused("no stop button is set up", "docs/safety.md says how.")};
  if (state == "missing")
    return {
        problem(std::format("{} cannot be read: {}", name, text_of(button, "trouble")),
                "It stops nothing until it can: look at its name in the configuration and at its wires.")};
  if (state == "held")
    return {problem(std::format("{} is pressed, or its wire is broken", name),
                    "Turn it to release it, then `celeriac unlock`.")};
  return {ok(std::format("{} is released", name))};
}

Findings check_position(const Facts& facts) {
  const Json* tree = tree_of(facts);
  if (tree == nullptr) return without_tree();
  const Json trust = member(*tree, "trust"), reasons = member(*tree, "trust_reasons");
  if (!trust.is_object()) return without_tree();
  // Axes in the same state for the same reason are one finding; z first: nothing may drag through the plants.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> doubtful;
  for (const char* axis : {"z", "y", "x"})
    if (const std::string word = text_of(trust, axis); word != "known" && !word.empty())
      doubtful[{word, text_of(member(reasons, axis), "why")}].emplace_back(axis);
  Findings findings;
  for (const auto& [state, axes] : doubtful) {
    const auto& [word, reason] = state;
    std::string commands;
    for (const auto& axis : axes)
      commands += std::format("{}`celeriac find-home {}`", commands.empty() ? "" : ", ", axis);
    findings.push_back(warning(
        std::format("{} {} {}{}", protocol::joined(axes), axes.size() == 1 ? "is" : "are", word,
                    reason.empty() ? "" : ": " + reason),
        std::format("{}{}.", word == "unknown" ? "Moves to a position are refused until home is found: " : "",
                    commands)));
  }
  if (findings.empty()) findings.push_back(ok("x, y and z are known"));
  return findings;
}

Findings check_outputs(const Facts& facts) {
  const Json* tree = tree_of(facts);
  if (tree == nullptr) return without_tree();
  const auto outputs = outputs_of(member(*tree, "outputs"));
  if (outputs.empty())
    return {warning("no output is fail-safe: a valve may stay open when a program ends",
                    "Declare it: `celeriac output set 8 --name water --longest 600`.")};
  Findings findings;
  const auto now = protocol::now_milliseconds();
  for (const auto& output : outputs) {
    if (!output.on) continue;
    const auto left = output.left(now);
    findings.push_back(warning(
        std::format("{} (pin {}) is on{}", output.name.empty() ? "an output" : output.name, output.pin,
                    left ? std::format(", and goes off in {}", clock_time(*left)) : ""),
        std::format("If nobody is at it: `celeriac pin write {} {}`.", output.pin, output.safe_value)));
  }
  if (findings.empty()) {
    std::string text;
    for (const auto& output : outputs)
      text += std::format("{}{} (pin {})", text.empty() ? "" : ", ",
                          output.name.empty() ? "output" : output.name, output.pin);
    findings.push_back(ok(std::format("off: {}", text)));
  }
  return findings;
}

}  // namespace celeriac::console::doctor
