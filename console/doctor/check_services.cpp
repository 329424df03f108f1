// What systemd says of our units, and the files in the configuration directory.

#include <algorithm>
#include <format>
#include <ranges>

#include "console/doctor/checks.hpp"
#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console::doctor {
namespace {

/// More restarts than this since the start are no accident any more.
constexpr std::int64_t many_restarts = 3;

std::string log_of(const Unit& unit) {
  return std::format("`journalctl -u {} -n 50` says why", unit.name);
}

bool is_service(const Unit& unit) {
  return unit.name.ends_with(".service");
}

/// What is wrong with one, if anything is.
std::optional<Finding> trouble_of(const Unit& unit) {
  if (unit.load != "loaded")
    return unit.load == "not-found"
               ? std::nullopt
               : std::optional(problem(
                     std::format("{} is {}", unit.name, unit.load),
                     std::format("`sudo systemctl unmask {0}`, or `systemctl status {0}`.", unit.name)));
  if (unit.active == "failed")
    return problem(std::format("{} has failed{}", unit.name,
                               unit.result.empty() || unit.result == "success" ? "" : ": " + unit.result),
                   std::format("{}; then `sudo systemctl restart {}`.", log_of(unit), unit.name));
  if (unit.sub == "auto-restart")
    return problem(std::format("{} ends again and again ({})", unit.name, unit.result), log_of(unit) + ".");
  if (unit.active != "active" && unit.enabled == "enabled")
    return problem(std::format("{} is {}, though it is enabled", unit.name, unit.active),
                   std::format("`sudo systemctl start {}`.", unit.name));
  if (unit.restarts > 0) {
    const auto text = std::format("{} was started again {} time{} by itself", unit.name, unit.restarts,
                                  unit.restarts == 1 ? "" : "s");
    return unit.restarts > many_restarts ? problem(text, log_of(unit) + ".")
                                         : warning(text, log_of(unit) + ".");
  }
  if (is_service(unit) && unit.active == "active" && !unit.watchdog)
    return warning(std::format("{} has no watchdog: nobody notices if it hangs", unit.name),
                   "Has its unit file been changed? `systemctl cat` shows it.");
  return std::nullopt;
}

}  // namespace

Findings check_services(const Facts& facts) {
  if (facts.remote) return {unknown("the services of another machine cannot be seen from here")};
  if (!facts.systemd)
    return {unused("systemd does not run here, so `celeriac up` has to keep the programs running")};
  if (!facts.units) return {unknown(printable(facts.units.error().message))};
  const bool installed = std::ranges::any_of(
      *facts.units, [](const Unit& unit) { return is_service(unit) && unit.load != "not-found"; });
  if (!installed)
    return {unused("celeriac is not installed as a service",
                   "docs/installing.md says how; `celeriac up` needs none.")};
  Findings findings;
  std::vector<std::string> good;
  for (const auto& unit : *facts.units) {
    if (auto trouble = trouble_of(unit))
      findings.push_back(std::move(*trouble));
    else if (unit.active == "active")
      good.push_back(unit.name);
  }
  if (!good.empty()) findings.push_back(ok("active: " + protocol::joined(good)));
  if (findings.empty())
    findings.push_back(unused("the units are installed and none is started",
                              "`sudo systemctl enable --now celeriac.target` starts them."));
  return findings;
}

Findings check_configuration(const Facts& facts) {
  if (facts.remote) return {unknown("the configuration of another machine cannot be seen from here")};
  if (facts.files.empty())
    return {unused(std::format("there is nothing in {}: everything is at its default",
                               printable(facts.configuration.string())))};
  Findings findings;
  std::vector<std::string> good;
  for (const auto& file : facts.files) {
    const std::string path = printable(file.path.string());
    if (!file.readable)
      findings.push_back(unknown(std::format("{} cannot be read: {}", path, printable(file.trouble)),
                                 "Run `sudo celeriac doctor` to have it looked at."));
    else if (!file.trouble.empty())
      findings.push_back(problem(std::format("{}: {}", path, printable(file.trouble)),
                                 "Correct the line, then restart the service that reads the file."));
    else
      good.push_back(path);
  }
  if (!good.empty()) findings.push_back(ok(protocol::joined(good)));
  return findings;
}

}  // namespace celeriac::console::doctor
