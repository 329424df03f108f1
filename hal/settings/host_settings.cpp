#include "hal/settings/host_settings.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <ranges>

#include "protocol/words.hpp"

namespace celeriac::hal::settings {
namespace {

using protocol::Status;

constexpr std::optional<double> none;

constexpr Setting table[] = {
    {"safe_height", "mm", 0, -10000, 10000, "z at which the tool passes over everything"},
    {"soil_height", "mm", 0, -10000, 10000, "z of the soil where no measurement says otherwise"},
    {"soft_limit_low_x", "mm", none, -10000, 10000, "no move goes below this x"},
    {"soft_limit_high_x", "mm", none, -10000, 10000, "no move goes beyond this x"},
    {"soft_limit_low_y", "mm", none, -10000, 10000, "no move goes below this y"},
    {"soft_limit_high_y", "mm", none, -10000, 10000, "no move goes beyond this y"},
    {"soft_limit_low_z", "mm", none, -10000, 10000, "no move goes below this z"},
    {"soft_limit_high_z", "mm", none, -10000, 10000, "no move goes beyond this z"},
    {"servo_low_4", "°", 0, 0, 180, "the servo on pin 4 is not turned below this"},
    {"servo_high_4", "°", 180, 0, 180, "the servo on pin 4 is not turned beyond this"},
    {"servo_low_5", "°", 0, 0, 180, "the servo on pin 5 is not turned below this"},
    {"servo_high_5", "°", 180, 0, 180, "the servo on pin 5 is not turned beyond this"},
    {"servo_low_6", "°", 0, 0, 180, "the servo on pin 6 is not turned below this"},
    {"servo_high_6", "°", 180, 0, 180, "the servo on pin 6 is not turned beyond this"},
    {"servo_low_11", "°", 0, 0, 180, "the servo on pin 11 is not turned below this"},
    {"servo_high_11", "°", 180, 0, 180, "the servo on pin 11 is not turned beyond this"},
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

protocol::Json about(const Setting& setting) {
  return {{"unit", setting.unit},
          {"lowest", setting.low},
          {"highest", setting.high},
          {"default", fallback_of(setting)},
          {"about", setting.about}};
}

protocol::Json fallback_of(const Setting& setting) {
  return setting.fallback ? protocol::Json(*setting.fallback) : protocol::Json(nullptr);
}

protocol::Result<protocol::Json> check_value(const Setting& setting, const protocol::Json& value) {
  if (value.is_null() && !setting.fallback) return value;
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (std::isfinite(number) && number >= setting.low && number <= setting.high) return protocol::Json(number);
  return protocol::fail(Status::malformed, std::format("{} must be a number from {} to {} {}{}.",
                                                       setting.name, setting.low, setting.high, setting.unit,
                                                       setting.fallback ? "" : ", or null for none"));
}

}  // namespace celeriac::hal::settings
