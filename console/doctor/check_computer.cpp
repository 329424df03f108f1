// The computer that the host runs on, as the hypervisor tells of it: `computer` of the status tree.

#include <algorithm>
#include <format>

#include "console/doctor/checks.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console::doctor {
using protocol::Json;

namespace {

// Of the disk: the log, the trace (48 MB), the image and photos must go on being written.
constexpr double disk_full = 200e6;
constexpr double disk_low = 1e9;
// Of memory: under the first the kernel begins to end programs.
constexpr double memory_out = 40e6;
constexpr double memory_low = 100e6;
// Percent of its life that an eMMC says are over (JEDEC JESD84-B51, DEVICE_LIFE_TIME_EST).
constexpr double worn_out = 90;
// Degrees Celsius. A Raspberry Pi lowers its clock from 80 on, and more at 85 (its documentation, "frequency
// management and thermal control").
constexpr double warm = 75;
constexpr double hot = 80;

Json computer_of(const Facts& facts) {
  if (!facts.machine() || !facts.machine()->is_object()) return {};
  return facts.machine()->value("computer", Json());
}

Json member(const Json& document, const char* name) {
  return document.is_object() ? document.value(name, Json()) : Json();
}

Findings untold(const char* what) {
  return {unknown(std::format("the hypervisor does not tell {}", what))};
}

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view each) { return word.contains(each); });
}

/// What a card says of itself: `{worn_percent, reserve, errors}`, each null where it does not; "" if it is
/// well.
std::string trouble_of(const Json& health) {
  if (const Json errors = member(health, "errors"); errors.is_number() && errors.get<double>() > 0)
    return std::format("its file system has counted {} errors", brief(errors));
  if (const Json worn = member(health, "worn_percent"); worn.is_number() && worn.get<double>() >= worn_out)
    return std::format("{} % of its life is over", brief(worn));
  if (const std::string reserve = text_of(health, "reserve"); !reserve.empty() && reserve != "normal")
    return "its reserve is " + reserve;
  return {};
}

}  // namespace

Findings check_disk(const Facts& facts) {
  const Json disk = member(computer_of(facts), "disk"), free = member(disk, "free");
  if (!free.is_number()) return untold("how full the disk is");
  const std::string where = text_of(disk, "path"), health = trouble_of(member(disk, "health"));
  const double left = free.get<double>();
  const std::string says = std::format("{} are free{}{}", bytes(left), where.empty() ? "" : " for ", where);
  const std::string advice =
      "Make room: old photos, `sudo apt clean`, `sudo journalctl --vacuum-size=100M`, `celeriac image "
      "compact`.";
  Findings findings;
  if (!health.empty())
    findings.push_back(
        problem(std::format("the disk is not well: {}", health),
                "Copy what matters (`celeriac image export`, `celeriac asset export`) and replace "
                "the card."));
  if (left < disk_full)
    findings.push_back(problem("the disk is nearly full: only " + says, advice));
  else if (left < disk_low)
    findings.push_back(warning("the disk fills up: only " + says, advice));
  else
    findings.push_back(ok(says));
  return findings;
}

Findings check_memory(const Facts& facts) {
  const Json memory = member(computer_of(facts), "memory"), available = member(memory, "available");
  if (!available.is_number()) return untold("how much memory is left");
  const double left = available.get<double>();
  const std::string says = std::format("{} of memory are available", bytes(left));
  const std::string advice =
      "`ps aux --sort=-rss | head` shows who has it; `celeriac ps` which packages run.";
  if (left < memory_out) return {problem("only " + says, advice)};
  if (left < memory_low) return {warning("only " + says, advice)};
  return {ok(says)};
}

Findings check_temperature(const Facts& facts) {
  const Json computer = computer_of(facts), temperature = member(computer, "temperature_c");
  if (computer.is_object() && temperature.is_null())
    return {unused("this computer has no thermometer that the kernel knows")};
  if (!temperature.is_number()) return untold("how hot the computer is");
  const double degrees = temperature.get<double>();
  const std::string says = std::format("{:.0f} °C", degrees);
  const std::string advice = "Give it shade and air: the box of a bot gets hot in the sun.";
  if (degrees >= hot) return {problem(says + ": the processor is slowed down", advice)};
  if (degrees >= warm) return {warning(says, advice)};
  return {ok(says)};
}

Findings check_power(const Facts& facts) {
  const Json computer = computer_of(facts), throttling = member(computer, "throttling");
  if (computer.is_object() && throttling.is_null())
    return {unused("this computer does not measure its supply")};
  if (!throttling.is_array()) return untold("whether its supply is strong enough");
  Findings findings;
  for (const Json& each : throttling) {
    const std::string word = each.is_string() ? printable(each.get<std::string>()) : brief(each);
    const bool voltage = is_one_of(word, {"voltage"});
    // Words of what was, and is over, are no more than a warning.
    const bool over = is_one_of(word, {"occurred", "has ", "earlier", "was", "since"});
    const std::string advice =
        voltage
            ? "Use the power supply made for this Pi and a short thick cable: a Pi that is short of power "
              "damages its card."
            : "Give it shade and air, and look at its power supply.";
    findings.push_back(voltage && !over ? problem(word, advice) : warning(word, advice));
  }
  if (findings.empty()) findings.push_back(ok("strong enough since the start"));
  return findings;
}

Findings check_clock(const Facts& facts) {
  const Json synchronized = member(member(computer_of(facts), "clock"), "synchronized");
  if (!synchronized.is_boolean()) return untold("whether its clock is right");
  if (synchronized == true) return {ok("set by the network")};
  return {
      warning("the clock is not set by the network: schedules go by it, and may be wrong",
              "Is there a network? `timedatectl` shows more; `sudo timedatectl set-ntp true` has it set.")};
}

}  // namespace celeriac::console::doctor
