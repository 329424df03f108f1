#pragma once
// The table of checks: each looks at facts, and changes nothing.

#include <span>
#include <string_view>
#include <vector>

#include "console/doctor/facts.hpp"
#include "console/doctor/finding.hpp"

namespace celeriac::console::doctor {

struct Check {
  std::string_view name;  ///< one word, as it stands in the report
  std::string_view what;  ///< what is looked at, for the documentation
  /// At least one finding.
  Findings (*look)(const Facts& facts);
};

/// All checks, in the order of the report: what the others need comes first.
std::span<const Check> checks();

/// A finding, and whose it is.
struct Entry {
  std::string_view check;
  Finding finding;
};
using Diagnosis = std::vector<Entry>;

/// What all checks have found.
Diagnosis examine(const Facts& facts);

// One group of checks a file.
Findings check_programs(const Facts& facts);
Findings check_hypervisor(const Facts& facts);
Findings check_vm(const Facts& facts);
Findings check_devices(const Facts& facts);

Findings check_board(const Facts& facts);
Findings check_lock(const Facts& facts);
Findings check_position(const Facts& facts);
Findings check_outputs(const Facts& facts);
Findings check_stop_button(const Facts& facts);

Findings check_lines(const Facts& facts);
Findings check_camera(const Facts& facts);

Findings check_disk(const Facts& facts);
Findings check_memory(const Facts& facts);
Findings check_temperature(const Facts& facts);
Findings check_power(const Facts& facts);
Findings check_clock(const Facts& facts);

Findings check_image(const Facts& facts);
Findings check_packages(const Facts& facts);
Findings check_account(const Facts& facts);
Findings check_gateway(const Facts& facts);
Findings check_broker(const Facts& facts);

Findings check_services(const Facts& facts);
Findings check_configuration(const Facts& facts);

}  // namespace celeriac::console::doctor
