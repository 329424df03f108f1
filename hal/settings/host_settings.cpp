#include "hal/settings/host_settings.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <ranges>

#include "protocol/words.hpp"

namespace celeriac::hal::settings {
namespace {

using protocol::Status;

constexpr Setting table[] = {
    {"safe_height", "mm", 0, -10000, 10000, "z at which the tool passes over everything"},
    {"soil_height", "mm", 0, -10000, 10000, "z of the soil where no measurement says otherwise"},
};

}  // namespace

std::span<const Setting> host_settings() noexcept {
  return table;
}

protocol::Result<const Setting*> parse_setting(std::string_view name) {
  const auto row = std::ranges::find(table, name, &Setting::name);
  if (row != std::end(table)) return row;
  const auto near = protocol::closest(name, table | std::views::transform(&Setting::name));
  return protocol::fail(Status::not_found,
                        std::format("The host has no setting \"{}\".{}", protocol::shown(name),
                                    near.empty() ? "" : std::format(" Did you mean \"{}\"?", near)));
}

protocol::Result<double> check_value(const Setting& setting, const protocol::Json& value) {
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (std::isfinite(number) && number >= setting.low && number <= setting.high) return number;
  return protocol::fail(Status::malformed, std::format("{} must be a number from {} to {} {}.", setting.name,
                                                       setting.low, setting.high, setting.unit));
}

}  // namespace celeriac::hal::settings
