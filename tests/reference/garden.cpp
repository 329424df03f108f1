#include "tests/reference/garden.hpp"

#include <array>
#include <format>
#include <stdexcept>
#include <string_view>

namespace celeriac::reference {
namespace {

using Json = nlohmann::json;
using vm::AssetKind;

constexpr std::array<std::string_view, 8> sort_types = {
    "xy_ascending",   "xy_descending",  "yx_ascending", "yx_descending",
    "xy_alternating", "yx_alternating", "nn",           "random"};
constexpr std::array<std::string_view, 6> orders = {"safe_z",   "xy,z;high", "x,y,z;high",
                                                    "xyz;high", "z,xy;low",  "y,xz;in_order"};

std::int64_t put(vm::Assets& assets, AssetKind kind, Json item) {
  const auto id = assets.put(kind, std::move(item));
  if (!id) throw std::logic_error("the generator plants what no garden takes: " + id.error().message);
  return *id;
}

/// On a coarse grid, so that rows of equal x and y occur; now and then in between.
double coordinate(Dice& dice, std::int64_t length) {
  const auto grid = static_cast<double>(dice.between(0, length / 100) * 100);
  return dice.chance(0.2) ? grid + static_cast<double>(dice.between(0, 999)) / 10 : grid;
}

Json point(Dice& dice, std::int64_t id, std::string_view type) {
  return {{"id", id},
          {"pointer_type", type},
          {"name", std::format("{} {}", type, id)},
          {"x", coordinate(dice, 2700)},
          {"y", coordinate(dice, 1200)},
          {"z", -coordinate(dice, 400)},
          {"radius", dice.between(0, 100)},
          {"meta", Json::object()}};
}

}  // namespace

Garden plant(Dice& dice, vm::Assets& assets) {
  Garden garden;
  std::int64_t next = 1;
  constexpr std::array<std::string_view, 3> types = {"Plant", "Weed", "GenericPointer"};
  for (std::size_t i = 4 + dice.below(8); i > 0; --i) {
    Json item = point(dice, next++, dice.pick(types));
    if (dice.chance(0.4)) item["meta"]["at_soil_level"] = "true";
    if (item["pointer_type"] == "Plant") item["plant_stage"] = dice.chance(0.5) ? "planted" : "planned";
    garden.points.push_back(put(assets, AssetKind::point, std::move(item)));
  }
  for (std::int64_t i = dice.between(1, 3); i > 0; --i) {
    const std::int64_t tool = 200 + i;
    garden.tools.push_back(put(assets, AssetKind::tool, {{"id", tool}, {"name", std::format("Tool {}", i)}}));
    Json slot = point(dice, next++, "ToolSlot");
    slot["tool_id"] = tool;
    slot["gantry_mounted"] = dice.chance(0.3);
    slot["pullout_direction"] = dice.between(0, 4);
    garden.points.push_back(put(assets, AssetKind::point, std::move(slot)));
  }
  for (std::int64_t i = 1; i <= 3; ++i) {
    garden.peripherals.push_back(put(assets, AssetKind::peripheral,
                                     {{"id", 300 + i}, {"pin", 7 + i}, {"mode", 0}, {"label", "valve"}}));
    garden.sensors.push_back(put(assets, AssetKind::sensor,
                                 {{"id", 400 + i}, {"pin", 58 + i}, {"mode", i % 2}, {"label", "soil"}}));
  }
  for (std::int64_t i = 1; i <= 2; ++i) {
    Json group = {
        {"id", 500 + i}, {"name", "group"}, {"point_ids", Json::array()}, {"criteria", Json::object()}};
    group["sort_type"] = dice.pick(sort_types);
    for (std::size_t n = dice.below(4); n > 0; --n) group["point_ids"].push_back(dice.pick(garden.points));
    if (dice.chance(0.3)) group["criteria"] = {{"string_eq", {{"pointer_type", {"Weed"}}}}};
    garden.groups.push_back(put(assets, AssetKind::point_group, std::move(group)));
  }
  Json config = Json::object();
  if (dice.chance(0.7)) config["safe_height"] = -dice.between(0, 100);
  if (dice.chance(0.5)) config["soil_height"] = -dice.between(100, 400);
  if (dice.chance(0.4)) config["default_axis_order"] = dice.pick(orders);
  put(assets, AssetKind::fbos_config, std::move(config));
  return garden;
}

}  // namespace celeriac::reference
