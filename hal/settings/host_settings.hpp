#pragma once
// Settings of the host (package os): what sequences and people agree on beside the firmware's parameters.

#include <span>
#include <string_view>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::settings {

struct Setting {
  std::string_view name;
  std::string_view unit;
  double fallback;
  double low;
  double high;
  std::string_view about;
};

std::span<const Setting> host_settings() noexcept;
/// Status::not_found with "did you mean".
protocol::Result<const Setting*> parse_setting(std::string_view name);
/// Status::malformed, naming setting, unit and range.
protocol::Result<double> check_value(const Setting& setting, const protocol::Json& value);

}  // namespace celeriac::hal::settings
