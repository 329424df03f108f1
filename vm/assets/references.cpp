// What a node of a sequence stands for: the place of a point, the slot of a tool, the pin behind a name.
// The texts begin as FarmBot OS has them.

#include <format>

#include "vm/assets/assets.hpp"

namespace celeriac::vm {

using celeryscript::Coordinate;
using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

Coordinate place(const json& point) {
  return {
      .x = point.at("x").get<double>(), .y = point.at("y").get<double>(), .z = point.at("z").get<double>()};
}

/// A number of an optional field, which may be null.
int integer(const json& item, const char* field) {
  const auto found = item.find(field);
  return found != item.end() && found->is_number() ? found->get<int>() : 0;
}

NamedPin pin_of(std::int64_t id, const json& item) {
  return {.id = id,
          .pin = integer(item, "pin"),
          .mode = integer(item, "mode"),
          .label = item.at("label").get<std::string>()};
}

}  // namespace

Result<Coordinate> Assets::place_of(const celeryscript::PointReference& reference) const {
  if (const json* point = find(AssetKind::point, reference.id); point != nullptr) return place(*point);
  return fail(Status::not_found,
              std::format("{} {} not found. `celeriac asset list points` shows which there are.",
                          reference.pointer_type.empty() ? "Point" : reference.pointer_type, reference.id));
}

Result<ToolSlot> Assets::slot_of_tool(std::int64_t tool_id) const {
  for (const auto& [id, point] : all(AssetKind::point)) {
    if (point.at("pointer_type") != "ToolSlot") continue;
    if (const auto held = point.find("tool_id"); held == point.end() || *held != tool_id) continue;
    return ToolSlot{.id = id,
                    .place = place(point),
                    .gantry_mounted = point.value("gantry_mounted", json()) == true,
                    .pullout_direction = integer(point, "pullout_direction")};
  }
  const json* tool = find(AssetKind::tool, tool_id);
  return fail(Status::not_found,
              std::format("Could not find point for tool by id: {}. {}", tool_id,
                          tool != nullptr ? "The tool is there, but no slot holds it."
                                          : "`celeriac asset list tools` shows which tools there are."));
}

Result<NamedPin> Assets::named_pin(AssetKind kind, std::int64_t id) const {
  if (const json* item = find(kind, id); item != nullptr) return pin_of(id, *item);
  return fail(
      Status::not_found,
      std::format("Could not find peripheral by id: {}. `celeriac asset list {}` shows which there are.", id,
                  row_of(kind).collection));
}

std::optional<NamedPin> Assets::on_pin(AssetKind kind, int pin) const {
  for (const auto& [id, item] : all(kind))
    if (item.at("pin") == pin) return pin_of(id, item);
  return std::nullopt;
}

}  // namespace celeriac::vm
