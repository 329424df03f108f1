#pragma once
// Fail-safe outputs, what the hypervisor tells of them, read without trust in its shape.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/document.hpp"

namespace celeriac::console {

/// An output that the hypervisor keeps from staying on: a valve, a pump.
struct OutputStatus {
  int pin = 0;
  std::string name = {};  ///< printable
  bool on = false;
  std::optional<std::int64_t> since = {};   ///< ms since 1970
  std::optional<double> longest_on_s = {};  ///< then it goes off by itself
  std::int64_t safe_value = 0;

  /// Whole seconds that it has been on, and that are left; nullopt where they are not known.
  [[nodiscard]] std::optional<std::int64_t> on_for(std::int64_t now_ms) const;
  [[nodiscard]] std::optional<std::int64_t> left(std::int64_t now_ms) const;
};

/// The register `outputs`, by pin.
std::vector<OutputStatus> outputs_of(const protocol::Json& outputs);

/// The outputs as `celeriac outputs` shows them.
std::string output_table(const std::vector<OutputStatus>& outputs, std::int64_t now_ms);

/// "0:12", "10:00", "1:04:09" of seconds.
std::string clock_time(std::int64_t seconds);

}  // namespace celeriac::console
