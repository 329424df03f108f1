#pragma once
// Settings of the host (package os): what sequences and people agree on beside the firmware's parameters.

#include <optional>
#include <span>
#include <string_view>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::settings {

struct Setting {
  std::string_view name;
  std::string_view unit;
  std::optional<double> fallback;  ///< none: null, which it may be set to
  double low;
  double high;
  std::string_view about;
};

std::span<const Setting> host_settings() noexcept;
/// Status::not_found with "did you mean".
protocol::Result<const Setting*> parse_setting(std::string_view name);
/// `{unit, lowest, highest, default, about}`
protocol::Json about(const Setting& setting);
/// What it is if nobody has set it.
protocol::Json fallback_of(const Setting& setting);
/// The number, or null where the setting may be that. Status::malformed, naming setting, unit and range.
protocol::Result<protocol::Json> check_value(const Setting& setting, const protocol::Json& value);

}  // namespace celeriac::hal::settings
