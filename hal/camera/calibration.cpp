#include "hal/camera/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <format>
#include <ranges>

#include "hal/settings/store.hpp"
#include "protocol/words.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Json;
using protocol::Result;
using protocol::Status;

struct Field {
  std::string_view name, unit;
  double low, high;
};
constexpr Field numbers[] = {
    {"coord_scale", "mm a pixel", 0.001, 1000},       {"camera_offset_x", "mm", -10'000, 10'000},
    {"camera_offset_y", "mm", -10'000, 10'000},       {"camera_z", "mm", -10'000, 10'000},
    {"total_rotation_angle", "°", -360, 360},         {"center_pixel_location_x", "pixels", 0, 65'500},
    {"center_pixel_location_y", "pixels", 0, 65'500},
};
constexpr std::string_view origin_field = "image_bot_origin_location";
constexpr std::string_view corners[] = {"TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT"};
constexpr std::string_view farmbot_prefix = "CAMERA_CALIBRATION_";

double number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nan("");
  const auto& text = value.get_ref<const std::string&>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' ? number : std::nan("");
}

std::string corner_names() {
  std::string names;
  for (const auto corner : corners)
    names += std::format("{}{}", names.empty() ? "" : corner == corners[3] ? " or " : ", ", corner);
  return names;
}

}  // namespace

Result<Json> check_calibration(const Json& document) {
  if (!document.is_object())
    return protocol::fail(Status::malformed, "A camera calibration is a JSON object of fields.");
  Json checked = Json::object();
  for (const auto& [key, value] : document.items()) {
    std::string_view name = key;
    if (name.starts_with(farmbot_prefix)) name.remove_prefix(farmbot_prefix.size());
    if (name == origin_field) {
      if (!value.is_string() || !std::ranges::contains(corners, value.get<std::string_view>()))
        return protocol::fail(Status::malformed,
                              std::format("The calibration's {} is {}.", origin_field, corner_names()));
      checked[std::string(name)] = value;
      continue;
    }
    const auto* const field = std::ranges::find(numbers, name, &Field::name);
    if (field == std::end(numbers)) {
      const auto near = protocol::closest(name, numbers | std::views::transform(&Field::name));
      return protocol::fail(Status::malformed,
                            std::format("A camera calibration has no field \"{}\".{}", protocol::shown(name),
                                        near.empty() ? "" : std::format(" Did you mean \"{}\"?", near)));
    }
    const double number = number_of(value);
    if (!(number >= field->low && number <= field->high))
      return protocol::fail(Status::malformed,
                            std::format("The calibration's {} is a number from {} to {} {}.", field->name,
                                        field->low, field->high, field->unit));
    checked[std::string(name)] = number;
  }
  return checked;
}

Result<Json> read_calibration(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    return protocol::fail(Status::failed, std::format("{} does not exist.", path.string()));
  const auto document = settings::read_object(path);
  if (!document) return std::unexpected(document.error());
  auto checked = check_calibration(*document);
  if (!checked) checked.error().message = std::format("{}: {}", path.string(), checked.error().message);
  return checked;
}

}  // namespace celeriac::hal::camera
