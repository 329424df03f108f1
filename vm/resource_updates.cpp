#include "vm/resource_updates.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

#include "vm/messages.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

enum class Form : std::uint8_t { text, number, boolean, meta };

struct Property {
  std::string_view name;
  Form form;
};
constexpr Property point_properties[] = {{"depth", Form::number},
                                         {"gantry_mounted", Form::boolean},
                                         {"height_curve_id", Form::number},
                                         {"meta", Form::meta},
                                         {"name", Form::text},
                                         {"openfarm_slug", Form::text},
                                         {"plant_stage", Form::text},
                                         {"planted_at", Form::text},
                                         {"pullout_direction", Form::number},
                                         {"radius", Form::number},
                                         {"spread_curve_id", Form::number},
                                         {"tool_id", Form::number},
                                         {"water_curve_id", Form::number},
                                         {"x", Form::number},
                                         {"y", Form::number},
                                         {"z", Form::number}};
constexpr Property device_properties[] = {{"indoor", Form::boolean},  {"lat", Form::number},
                                          {"lng", Form::number},      {"mounted_tool_id", Form::number},
                                          {"name", Form::text},       {"needs_reset", Form::boolean},
                                          {"ota_hour", Form::number}, {"timezone", Form::text}};

struct Type {
  std::string_view name;
  AssetKind kind;
  std::span<const Property> properties;
};
constexpr Type types[] = {
    {"Device", AssetKind::device, device_properties}, {"GenericPointer", AssetKind::point, point_properties},
    {"Plant", AssetKind::point, point_properties},    {"Point", AssetKind::point, point_properties},
    {"ToolSlot", AssetKind::point, point_properties}, {"Weed", AssetKind::point, point_properties}};

/// What is to be changed, by type and id.
Result<celeryscript::ResourceReference> reference(const celeryscript::DataValue& resource) {
  if (const auto* named = std::get_if<celeryscript::ResourceReference>(&resource)) return *named;
  if (const auto* point = std::get_if<celeryscript::PointReference>(&resource))
    return celeryscript::ResourceReference{point->pointer_type, point->id};
  return fail(Status::malformed,
              std::format("MARK AS can only be used to mark resources like plants and devices. It cannot be "
                          "used on things like coordinates. Ensure that your sequences and events are not "
                          "passing {} to an update resource step.",
                          celeryscript::to_node(resource).value("kind", "this")));
}

std::optional<json> value_of(Form form, const json& given) {
  const std::string text = given.is_string() ? given.get<std::string>() : std::string();
  switch (form) {
    case Form::number: {
      if (given.is_number()) return given;
      if (given.is_string() && text.empty()) return json();  // {{ NULL }}
      double number = 0;
      const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (text.empty() || failure != std::errc() || rest != text.data() + text.size()) return std::nullopt;
      if (number == static_cast<double>(static_cast<std::int64_t>(number)))
        return static_cast<std::int64_t>(number);
      return number;
    }
    case Form::boolean:
      if (given.is_boolean()) return given;
      if (text == "true" || text == "false") return text == "true";
      return std::nullopt;
    case Form::text:
      return given.is_string() ? given : json(given.dump());
    case Form::meta:
      return given;
  }
  return std::nullopt;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// `Setting plant 51 plant stage to "planted"`.
std::string line(const celeryscript::ResourceReference& resource, bool device, std::string label,
                 const json& value) {
  std::ranges::replace(label, '_', ' ');
  return std::format("Setting {} {} {} to {}", lower(resource.resource_type),
                     device ? std::string() : std::format("{}", resource.id), label, value.dump());
}

}  // namespace

Result<AssetChange> work_out(const Assets& assets, const celeryscript::DataValue& resource,
                             const celeryscript::ResourceUpdate& update, const TemplateValues& values,
                             std::int64_t microseconds) {
  const auto named = reference(resource);
  if (!named) return std::unexpected(named.error());
  AssetChange change;
  change.name = std::format("{}.{}", named->resource_type, named->id);
  const auto* type = std::ranges::find(types, named->resource_type, &Type::name);
  if (type == std::end(types))
    return fail(Status::malformed, std::format("Unknown resource: {}\n", change.name));
  const bool device = type->kind == AssetKind::device;
  change.kind = type->kind;
  change.id = device ? 0 : named->id;
  if (!device && assets.find(change.kind, change.id) == nullptr)
    return fail(Status::not_found, std::format("{} is not currently synced. Please re-sync.", change.name));

  for (const auto& [label, written] : update.properties) {
    const auto dot = label.find('.');
    const std::string key = label.substr(0, dot);
    const auto property = std::ranges::find(type->properties, key, &Property::name);
    if (property == type->properties.end()) continue;
    if ((property->form == Form::meta) != (dot != std::string::npos)) continue;
    const json given =
        written.is_string() ? json(render(written.get<std::string>(), values, microseconds)) : written;
    const auto value = value_of(property->form, given);
    if (!value)
      return fail(
          Status::malformed,
          std::format("Failed update ({}): Ensure the data is properly formatted. \"{}\" cannot be {}.",
                      change.name, label, given.dump()));
    if (property->form == Form::meta) {
      change.fields["meta"][label.substr(dot + 1)] = *value;
    } else {
      change.fields[key] = *value;
    }
    change.lines.push_back(line(*named, device, label, *value));
  }
  return change;
}

}  // namespace celeriac::vm
