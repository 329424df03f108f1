// Assets in memory: what is put, changed, removed, and what a node's reference finds.

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/vm/assets/garden.hpp"
#include "vm/assets/sensor_unit.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::celeryscript::Coordinate;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

json slot(std::int64_t id, std::int64_t tool, bool gantry = false) {
  return {{"id", id},
          {"pointer_type", "ToolSlot"},
          {"name", "Slot"},
          {"x", 50},
          {"y", 100},
          {"z", -150},
          {"tool_id", tool},
          {"pullout_direction", 1},
          {"gantry_mounted", gantry}};
}

/// The field that a put is refused for.
std::string refused_field(AssetKind kind, json item) {
  Assets assets;
  const auto kept = assets.put(kind, std::move(item));
  if (kept) return "none";
  CHECK(kept.error().status == Status::malformed);
  return kept.error().details.value("field", "");
}

}  // namespace

// ---- put -----------------------------------------------------------------------------------------

TEST_CASE("an asset keeps its id and the fields that nobody knows") {
  Assets assets;
  json item = plant(51, 500, 200);
  item["from_the_future"] = {{"a", json::array({1, 2})}};
  CHECK(assets.put(AssetKind::point, item).value() == 51);
  CHECK(*assets.find(AssetKind::point, 51) == item);
}

TEST_CASE("an asset without an id gets one below 0, never one that is there") {
  Assets assets;
  const json tool{{"name", "Trowel"}};
  CHECK(assets.put(AssetKind::tool, tool).value() == -1);
  CHECK(assets.put(AssetKind::tool, tool).value() == -2);
  REQUIRE(assets.put(AssetKind::tool, {{"id", -10}, {"name", "Rake"}}));
  CHECK(assets.put(AssetKind::tool, tool).value() == -11);
  CHECK(assets.find(AssetKind::tool, -11)->at("id") == -11);
}

TEST_CASE("an id of null is none") {
  Assets assets;
  CHECK(assets.put(AssetKind::tool, {{"id", nullptr}, {"name", "Trowel"}}).value() == -1);
}

TEST_CASE("putting an id again replaces the asset whole") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}, {"flow_rate_ml_per_s", 60}}));
  REQUIRE(assets.put(AssetKind::tool, {{"id", 21}, {"name", "Watering Nozzle"}}));
  CHECK(*assets.find(AssetKind::tool, 21) == json{{"id", 21}, {"name", "Watering Nozzle"}});
}

TEST_CASE("there is one device, whatever its id") {
  Assets assets;
  CHECK(assets.put(AssetKind::device, {{"id", 7}, {"name", "Bot"}}).value() == 0);
  REQUIRE(assets.put(AssetKind::device, {{"id", 8}, {"name", "Other"}}));
  CHECK(assets.all(AssetKind::device).size() == 1);
  CHECK(assets.field(AssetKind::device, "name") == "Other");
  CHECK(assets.find(AssetKind::device, 8)->at("id") == 8);
}

TEST_CASE("an item that is not what its kind needs is refused, and the field is named") {
  json point = plant(51, 500, 200);
  SECTION("missing") {
    point.erase("z");
    CHECK(refused_field(AssetKind::point, point) == "z");
  }
  SECTION("null where a value is needed") {
    point["x"] = nullptr;
    CHECK(refused_field(AssetKind::point, point) == "x");
  }
  SECTION("of another type") {
    point["radius"] = "wide";
    CHECK(refused_field(AssetKind::point, point) == "radius");
  }
  SECTION("a type of point that is none") {
    point["pointer_type"] = "Tree";
    CHECK(refused_field(AssetKind::point, point) == "pointer_type");
  }
  SECTION("an id that is none") {
    point["id"] = 0;
    CHECK(refused_field(AssetKind::point, point) == "id");
    point["id"] = 1.5;
    CHECK(refused_field(AssetKind::point, point) == "id");
  }
  SECTION("other kinds") {
    CHECK(refused_field(AssetKind::peripheral, {{"id", 1}, {"label", "Water"}}) == "pin");
    CHECK(refused_field(AssetKind::peripheral, {{"id", 1}, {"pin", 8}}) == "label");
    CHECK(refused_field(AssetKind::point_group, {{"id", 1}, {"name", "G"}, {"point_ids", {1, "2"}}}) ==
          "point_ids");
    CHECK(refused_field(AssetKind::farm_event, {{"id", 1}, {"executable_type", "Cat"}}) == "executable_type");
    CHECK(refused_field(AssetKind::farmware_env, {{"id", 1}, {"value", "x"}}) == "key");
  }
}

TEST_CASE("what is no object is no asset") {
  Assets assets;
  CHECK(assets.put(AssetKind::tool, json::array()).error().status == Status::malformed);
  CHECK(assets.put(AssetKind::device, nullptr).error().message ==
        "A device is an object of fields, not null.");
}

TEST_CASE("an asset may have so many bytes and no more") {
  Assets assets;
  json item{{"id", 21}, {"name", ""}};
  item["name"] = std::string(max_asset_bytes - item.dump().size(), 'n');
  REQUIRE(item.dump().size() == max_asset_bytes);
  CHECK(assets.put(AssetKind::tool, item));
  item["name"] = item["name"].get<std::string>() + 'n';
  const auto refused = assets.put(AssetKind::tool, item);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::out_of_resources);
}

TEST_CASE("an asset is not nested deeper than the wire can carry it") {
  Assets assets;
  json deep = 1;
  for (int i = 0; i < 200; ++i) deep = json::array({deep});
  CHECK(assets.put(AssetKind::tool, {{"id", 1}, {"name", "Deep"}, {"deep", deep}}).error().status ==
        Status::malformed);
}

TEST_CASE("so many assets are kept and no more, but those there can change") {
  Assets assets;
  std::vector<json> tools(max_assets, json{{"name", "Trowel"}});
  REQUIRE(assets.put_all(AssetKind::tool, std::move(tools))->added == max_assets);
  CHECK(assets.put(AssetKind::tool, {{"name", "one more"}}).error().status == Status::out_of_resources);
  CHECK(assets.put(AssetKind::tool, {{"id", -1}, {"name", "changed"}}));
  REQUIRE(assets.remove(AssetKind::tool, -2));
  CHECK(assets.put(AssetKind::tool, {{"name", "one more"}}));
}

TEST_CASE("several items are put whole or not at all, and the path says which one is wrong") {
  Assets assets;
  const auto refused = assets.put_all(
      AssetKind::peripheral, {{{"id", 1}, {"pin", 8}, {"label", "Water"}}, {{"id", 2}, {"pin", "9"}}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().path == "/1/pin");
  CHECK(assets.all(AssetKind::peripheral).empty());
}

TEST_CASE("putting tells what is new, what has changed and what was there as it is") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::point, plant(51, 1, 1)));
  REQUIRE(assets.put(AssetKind::point, plant(52, 2, 2)));
  const std::vector<json> items{plant(51, 1, 1), plant(52, 2, 3), plant(53, 3, 3)};
  const auto would = assets.put_all(AssetKind::point, items, true).value();
  CHECK(assets.find(AssetKind::point, 53) == nullptr);
  const auto outcome = assets.put_all(AssetKind::point, items).value();
  CHECK(outcome.added == 1);
  CHECK(outcome.changed == 1);
  CHECK(outcome.same == 1);
  CHECK(outcome.ids == std::vector<std::int64_t>{51, 52, 53});
  CHECK(would.added == outcome.added);
  CHECK(would.changed == outcome.changed);
}

// ---- update, remove ------------------------------------------------------------------------------

TEST_CASE("an update replaces fields, and merges meta") {
  Assets assets;
  json item = plant(51, 500, 200);
  item["meta"] = {{"color", "red"}, {"note", "old"}};
  REQUIRE(assets.put(AssetKind::point, item));
  REQUIRE(assets.update(AssetKind::point, 51, {{"plant_stage", "harvested"}, {"meta", {{"note", "new"}}}}));
  CHECK(assets.find(AssetKind::point, 51)->at("plant_stage") == "harvested");
  CHECK(assets.find(AssetKind::point, 51)->at("meta") == json{{"color", "red"}, {"note", "new"}});
}

TEST_CASE("an update that leaves something wrong changes nothing") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::point, plant(51, 500, 200)));
  CHECK(assets.update(AssetKind::point, 51, {{"name", "Leek"}, {"x", "far"}}).error().status ==
        Status::malformed);
  CHECK(assets.find(AssetKind::point, 51)->at("name") == "Beet");
  CHECK(assets.update(AssetKind::point, 51, {{"id", 52}}).error().status == Status::malformed);
  CHECK(assets.update(AssetKind::point, 99, {{"name", "Leek"}}).error().status == Status::not_found);
}

TEST_CASE("the device can be changed before there is one, by any id") {
  Assets assets;
  REQUIRE(assets.update(AssetKind::device, 5, {{"mounted_tool_id", 21}}));
  CHECK(assets.field(AssetKind::device, "mounted_tool_id") == 21);
}

TEST_CASE("what is removed is gone, and cannot be removed again") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}}));
  REQUIRE(assets.remove(AssetKind::tool, 21));
  CHECK(assets.find(AssetKind::tool, 21) == nullptr);
  CHECK(assets.remove(AssetKind::tool, 21).error().status == Status::not_found);
}

TEST_CASE("hooks hear of every change after it, and of nothing else") {
  Assets assets;
  std::vector<std::string> heard;
  assets.on_changed([&](AssetKind kind, std::int64_t id, const json* now) {
    CHECK(assets.find(kind, id) == now);
    heard.push_back(std::string(row_of(kind).name) + ' ' + std::to_string(id) +
                    (now != nullptr ? "" : " gone"));
  });
  const json tool{{"id", 21}, {"name", "Nozzle"}};
  REQUIRE(assets.put(AssetKind::tool, tool));
  REQUIRE(assets.put(AssetKind::tool, tool));
  REQUIRE(assets.update(AssetKind::tool, 21, {{"name", "Rose"}}));
  REQUIRE(assets.remove(AssetKind::tool, 21));
  REQUIRE(assets.update(AssetKind::device, 0, {{"name", "Bot"}}));
  CHECK(heard == std::vector<std::string>{"tool 21", "tool 21", "tool 21 gone", "device 0"});
}

// ---- settings, environment -----------------------------------------------------------------------

TEST_CASE("settings have fallbacks, also where the type is another") {
  Assets assets;
  CHECK(assets.setting("safe_height", -5.0) == -5.0);
  CHECK(assets.field(AssetKind::fbos_config, "safe_height").is_null());
  REQUIRE(assets.put(AssetKind::fbos_config, {{"safe_height", -20}, {"sequence_init_log", true}}));
  CHECK(assets.setting("safe_height", 0.0) == -20);
  CHECK(assets.setting("sequence_init_log", false));
  CHECK(assets.setting("sequence_init_log", 3.0) == 3.0);
}

TEST_CASE("a variable of the environment is known by its key") {
  Assets assets;
  CHECK_FALSE(assets.user_env("greeting"));
  REQUIRE(assets.set_user_env("greeting", "hello"));
  REQUIRE(assets.set_user_env("greeting", "good morning"));
  CHECK(assets.user_env("greeting") == "good morning");
  CHECK(assets.all(AssetKind::farmware_env).size() == 1);
  REQUIRE(assets.put(AssetKind::farmware_env, {{"id", 3}, {"key", "count"}, {"value", 2}}));
  CHECK(assets.user_env("count") == "2");
}

TEST_CASE("variables of the environment are bounded, but those there can change") {
  Assets assets;
  for (std::size_t i = 0; i < max_user_envs; ++i) REQUIRE(assets.set_user_env("v" + std::to_string(i), ""));
  CHECK(assets.set_user_env("one more", "").error().status == Status::out_of_resources);
  CHECK(assets.set_user_env("v7", "changed"));
}

TEST_CASE("an account's variable takes the place of the local one with its key") {
  Assets assets;
  REQUIRE(assets.set_user_env("greeting", "hello"));
  REQUIRE(assets.put(AssetKind::farmware_env, {{"id", 3}, {"key", "greeting"}, {"value", "moin"}}));
  CHECK(assets.all(AssetKind::farmware_env).size() == 1);
  CHECK(assets.user_env("greeting") == "moin");
  CHECK(assets.put(AssetKind::farmware_env, {{"key", "greeting"}, {"value", "hi"}}).value() == 3);
}

// ---- references ----------------------------------------------------------------------------------

TEST_CASE("a point is found by its id alone; the type is for the text") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::point, plant(51, 500, 200)));
  CHECK(assets.place_of({"GenericPointer", 51}).value() == Coordinate{500, 200, -200});
  const auto missing = assets.place_of({"Plant", 7});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().status == Status::not_found);
  CHECK(missing.error().message.starts_with("Plant 7 not found"));
}

TEST_CASE("a tool stands where its slot is") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}}));
  const auto missing = assets.slot_of_tool(21);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.starts_with("Could not find point for tool by id: 21"));
  REQUIRE(assets.put(AssetKind::point, slot(55, 21, true)));
  const auto found = assets.slot_of_tool(21).value();
  CHECK(found.id == 55);
  CHECK(found.place == Coordinate{50, 100, -150});
  CHECK(found.gantry_mounted);
  CHECK(found.pullout_direction == 1);
}

TEST_CASE("an empty slot holds no tool, and a plant never does") {
  Assets assets;
  json empty = slot(55, 21);
  empty["tool_id"] = nullptr;
  json odd = plant(56, 1, 1);
  odd["tool_id"] = 21;
  REQUIRE(assets.put(AssetKind::point, empty));
  REQUIRE(assets.put(AssetKind::point, odd));
  CHECK_FALSE(assets.slot_of_tool(21));
}

TEST_CASE("a peripheral is a pin with a name; a missing one has the same text as a missing sensor") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::peripheral, {{"id", 11}, {"pin", 8}, {"mode", 0}, {"label", "Water"}}));
  REQUIRE(assets.put(AssetKind::sensor, {{"id", 31}, {"pin", 59}, {"mode", 1}, {"label", "Soil"}}));
  CHECK(assets.named_pin(AssetKind::peripheral, 11)->pin == 8);
  CHECK(assets.named_pin(AssetKind::sensor, 31)->mode == 1);
  CHECK(assets.named_pin(AssetKind::sensor, 7)
            .error()
            .message.starts_with("Could not find peripheral by id: 7"));
  CHECK(assets.on_pin(AssetKind::sensor, 59)->label == "Soil");
  CHECK_FALSE(assets.on_pin(AssetKind::peripheral, 59));
}

// ---- soil height ---------------------------------------------------------------------------------

TEST_CASE("with fewer than three samples the soil is where the setting says") {
  Assets assets;
  CHECK(assets.soil_height(0, 0).z == 0);
  REQUIRE(assets.put(AssetKind::fbos_config, {{"soil_height", -200}}));
  REQUIRE(assets.put(AssetKind::point, soil_sample(60, 250, 250, -195)));
  REQUIRE(assets.put(AssetKind::point, soil_sample(61, 750, 250, -201.5)));
  const auto height = assets.soil_height(250, 250);
  CHECK(height.z == -200);
  CHECK_FALSE(height.interpolated);
}

TEST_CASE("the soil height is weighted by the inverse fourth power of the distance") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::point, soil_sample(60, 250, 250, -195)));
  REQUIRE(assets.put(AssetKind::point, soil_sample(61, 750, 250, -201.5)));
  REQUIRE(assets.put(AssetKind::point, soil_sample(62, 500, 600, -210)));
  CHECK(assets.soil_height(250, 250).z == -195);
  // Equally far from two, 350 mm from the third: (2·250⁻⁴·-198.25 + 350⁻⁴·-210) / (2·250⁻⁴ + 350⁻⁴)
  const auto between = assets.soil_height(500, 250);
  CHECK(between.interpolated);
  CHECK(between.z == -199.6);
}

TEST_CASE("of samples at one place, to the nearest 10 mm, the one updated last counts") {
  Assets assets;
  REQUIRE(assets.put(AssetKind::point, soil_sample(60, 251, 249, -100, "2025-05-01T00:00:00.000Z")));
  REQUIRE(assets.put(AssetKind::point, soil_sample(63, 250, 250, -195, "2025-04-30T23:00:00-02:00")));
  REQUIRE(assets.put(AssetKind::point, soil_sample(61, 750, 250, -201.5)));
  CHECK_FALSE(assets.soil_height(0, 0).interpolated);
  REQUIRE(assets.put(AssetKind::point, soil_sample(62, 500, 600, -210)));
  CHECK(assets.soil_height(250, 250).z == -195);
}

TEST_CASE("only the text \"true\" makes a point a sample of the soil") {
  Assets assets;
  for (std::int64_t id = 60; id < 63; ++id) {
    json point = soil_sample(id, 100.0 * static_cast<double>(id), 0, -100);
    point["meta"]["at_soil_level"] = true;
    REQUIRE(assets.put(AssetKind::point, point));
  }
  CHECK_FALSE(assets.soil_height(0, 0).interpolated);
}

// ---- sensors ----

TEST_CASE("a raw value means what the newest calibration of its pin says") {
  Assets assets;
  CHECK_FALSE(sensor_unit(assets, 59));
  REQUIRE(assets.put(AssetKind::sensor_calibration, {{"pin", 59}, {"scale", 2}}));
  CHECK(sensor_unit(assets, 59)->of(10) == 20);
  CHECK(sensor_unit(assets, 59)->shown(10) == "20");
  REQUIRE(assets.put(AssetKind::sensor_calibration,
                     {{"pin", 59}, {"scale", 0.125}, {"offset", -14}, {"unit", "%"}}));
  CHECK(sensor_unit(assets, 59)->shown(512) == "50 %");
  CHECK(sensor_unit(assets, 59)->shown(513) == "50.13 %");
  CHECK_FALSE(sensor_unit(assets, 60));
  CHECK_FALSE(assets.put(AssetKind::sensor_calibration, {{"pin", 59}}));
  CHECK_FALSE(assets.put(AssetKind::sensor_calibration, {{"pin", 59}, {"scale", "2"}}));
}

// ---- kinds ---------------------------------------------------------------------------------------

TEST_CASE("a kind is known by any of its names in any spelling") {
  for (const auto& row : asset_kinds()) {
    CAPTURE(row.name);
    CHECK(find_asset_kind(row.name) == row.kind);
    CHECK(find_asset_kind(row.collection) == row.kind);
    CHECK(find_asset_kind(row.sync_name) == row.kind);
  }
  CHECK(find_asset_kind("pointGroups") == AssetKind::point_group);
  CHECK(find_asset_kind("farmware-env") == AssetKind::farmware_env);
  CHECK_FALSE(find_asset_kind("cat"));
  CHECK_FALSE(find_asset_kind(""));
}
