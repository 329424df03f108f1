#include "vm/assets/kinds.hpp"

#include <array>
#include <cctype>

namespace celeriac::vm {
namespace {

using enum AssetFieldType;
constexpr bool required = true;

constexpr std::string_view pointer_types[] = {"Plant", "Weed", "ToolSlot", "GenericPointer"};
constexpr std::string_view executable_types[] = {"Sequence", "Regimen"};

constexpr AssetField device_fields[] = {
    {"name", text}, {"timezone", text}, {"mounted_tool_id", whole}, {"lat", number}, {"lng", number},
};
constexpr AssetField fbos_config_fields[] = {
    {"safe_height", number},
    {"soil_height", number},
    {"boot_sequence_id", whole},
    {"default_axis_order", text},
    {"firmware_hardware", text},
    {"sequence_init_log", boolean},
    {"sequence_complete_log", boolean},
    {"sequence_body_log", boolean},
};
constexpr AssetField point_fields[] = {
    {"pointer_type", text, required, pointer_types},
    {"x", number, required},
    {"y", number, required},
    {"z", number, required},
    {"name", text},
    {"radius", number},
    {"meta", object},
    {"plant_stage", text},
    {"openfarm_slug", text},
    {"planted_at", text},
    {"created_at", text},
    {"updated_at", text},
    {"tool_id", whole},
    {"pullout_direction", whole},
    {"gantry_mounted", boolean},
    {"water_curve_id", whole},
    {"spread_curve_id", whole},
    {"height_curve_id", whole},
};
constexpr AssetField point_group_fields[] = {
    {"name", text, required},
    {"sort_type", text},
    {"point_ids", whole_numbers},
    {"criteria", object},
};
constexpr AssetField tool_fields[] = {{"name", text}, {"flow_rate_ml_per_s", number}};
constexpr AssetField pin_fields[] = {{"pin", whole, required}, {"label", text, required}, {"mode", whole}};
constexpr AssetField sensor_reading_fields[] = {
    {"pin", whole, required},
    {"value", number, required},
    {"mode", whole},
    {"x", number},
    {"y", number},
    {"z", number},
    {"read_at", text},
};
constexpr AssetField sensor_calibration_fields[] = {
    {"pin", whole, required}, {"scale", number, required}, {"offset", number}, {"unit", text}};
constexpr AssetField regimen_fields[] = {{"name", text, required}, {"regimen_items", list}, {"body", list}};
constexpr AssetField farm_event_fields[] = {
    {"executable_type", text, required, executable_types},
    {"executable_id", whole, required},
    {"start_time", text, required},
    {"end_time", text},
    {"repeat", whole},
    {"time_unit", text},
    {"body", list},
};
constexpr AssetField farmware_env_fields[] = {{"key", text, required}, {"value", scalar}};
constexpr AssetField image_fields[] = {{"attachment_url", text}, {"meta", object}};
constexpr AssetField curve_fields[] = {{"name", text}, {"type", text, required}, {"data", object, required}};
constexpr AssetField pin_binding_fields[] = {
    {"pin_num", whole, required}, {"sequence_id", whole}, {"special_action", text}, {"binding_type", text}};
constexpr AssetField folder_fields[] = {{"name", text, required}, {"parent_id", whole}};
constexpr AssetField named_fields[] = {{"name", text}};
constexpr AssetField webcam_feed_fields[] = {{"name", text}, {"url", text, required}};
constexpr AssetField log_fields[] = {{"message", text, required}, {"type", text}};

constexpr bool singleton = true, many = false;

// clang-format off
constexpr AssetKindRow table[] = {
  {AssetKind::device, "device", "device", "Device", "/api/device", singleton, device_fields},
  {AssetKind::fbos_config, "fbos_config", "fbos_config", "FbosConfig", "/api/fbos_config", singleton, fbos_config_fields},
  {AssetKind::firmware_config, "firmware_config", "firmware_config", "FirmwareConfig", "/api/firmware_config", singleton, {}},
  {AssetKind::point, "point", "points", "Point", "/api/points", many, point_fields},
  {AssetKind::point_group, "point_group", "point_groups", "PointGroup", "/api/point_groups", many, point_group_fields},
  {AssetKind::tool, "tool", "tools", "Tool", "/api/tools", many, tool_fields},
  {AssetKind::peripheral, "peripheral", "peripherals", "Peripheral", "/api/peripherals", many, pin_fields},
  {AssetKind::sensor, "sensor", "sensors", "Sensor", "/api/sensors", many, pin_fields},
  {AssetKind::sensor_reading, "sensor_reading", "sensor_readings", "SensorReading", "/api/sensor_readings", many, sensor_reading_fields},
  {AssetKind::sensor_calibration, "sensor_calibration", "sensor_calibrations", "SensorCalibration", "", many, sensor_calibration_fields},
  {AssetKind::regimen, "regimen", "regimens", "Regimen", "/api/regimens", many, regimen_fields},
  {AssetKind::farm_event, "farm_event", "farm_events", "FarmEvent", "/api/farm_events", many, farm_event_fields},
  {AssetKind::farmware_env, "farmware_env", "farmware_envs", "FarmwareEnv", "/api/farmware_envs", many, farmware_env_fields},
  {AssetKind::image, "image", "images", "Image", "/api/images", many, image_fields},
  {AssetKind::curve, "curve", "curves", "Curve", "/api/curves", many, curve_fields},
  {AssetKind::pin_binding, "pin_binding", "pin_bindings", "PinBinding", "/api/pin_bindings", many, pin_binding_fields},
  {AssetKind::folder, "folder", "folders", "Folder", "/api/folders", many, folder_fields},
  {AssetKind::saved_garden, "saved_garden", "saved_gardens", "SavedGarden", "/api/saved_gardens", many, named_fields},
  {AssetKind::plant_template, "plant_template", "plant_templates", "PlantTemplate", "/api/plant_templates", many, named_fields},
  {AssetKind::webcam_feed, "webcam_feed", "webcam_feeds", "WebcamFeed", "/api/webcam_feeds", many, webcam_feed_fields},
  {AssetKind::log, "log", "logs", "Log", "/api/logs", many, log_fields},
};
// clang-format on

static_assert([] {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (static_cast<std::size_t>(table[i].kind) != i) return false;
  return table[std::size(table) - 1].kind == AssetKind::log;
}());

/// Letters and digits only, small: "PointGroups" and "point_groups" are one.
std::string bare(std::string_view name) {
  std::string made;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      made += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

}  // namespace

std::span<const AssetKindRow> asset_kinds() noexcept {
  return table;
}

const AssetKindRow& row_of(AssetKind kind) noexcept {
  return table[static_cast<std::size_t>(kind)];
}

std::optional<AssetKind> find_asset_kind(std::string_view name) {
  const std::string wanted = bare(name);
  for (const auto& row : table)
    if (wanted == bare(row.name) || wanted == bare(row.collection) || wanted == bare(row.name) + 's')
      return row.kind;
  return std::nullopt;
}

std::string asset_kind_names() {
  std::string names;
  for (const auto& row : table) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

}  // namespace celeriac::vm
