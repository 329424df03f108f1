// The functions of the API, against a world in memory.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/lua/fake_lua_world.hpp"
#include "vm/lua/functions.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using namespace celeriac::celeryscript;
using celeriac::protocol::fail;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

void put(Assets& assets, AssetKind kind, json item) {
  const auto kept = assets.put(kind, std::move(item));
  INFO((kept ? "" : kept.error().message));
  REQUIRE(kept);
}

/// A small account.
struct Garden : Bench {
  Garden() {
    put(assets, AssetKind::device, {{"id", 1}, {"name", "bot"}, {"timezone", "Europe/Berlin"}});
    put(assets, AssetKind::fbos_config, {{"safe_height", -20.0}, {"soil_height", -300.0}});
    put(assets, AssetKind::firmware_config,
        {{"movement_axis_nr_steps_x", 5000},
         {"movement_step_per_mm_x", 5},
         {"movement_axis_nr_steps_y", 2500},
         {"movement_step_per_mm_y", 5}});
    put(assets, AssetKind::tool, {{"id", 21}, {"name", "Watering Nozzle"}, {"flow_rate_ml_per_s", 60}});
    put(assets, AssetKind::point,
        {{"id", 51},
         {"pointer_type", "Plant"},
         {"name", "Beet"},
         {"x", 500},
         {"y", 200},
         {"z", -200},
         {"radius", 25},
         {"plant_stage", "planted"},
         {"planted_at", "2025-06-10T00:00:00.000Z"},
         {"water_curve_id", 7},
         {"meta", json::object()}});
    put(assets, AssetKind::point,
        {{"id", 54},
         {"pointer_type", "Weed"},
         {"name", "Weed"},
         {"x", 1},
         {"y", 1},
         {"z", 0},
         {"radius", 3},
         {"plant_stage", "active"},
         {"meta", {{"color", "red"}}}});
    put(assets, AssetKind::point,
        {{"id", 55},
         {"pointer_type", "ToolSlot"},
         {"name", "Slot"},
         {"x", 50},
         {"y", 100},
         {"z", -150},
         {"tool_id", 21},
         {"pullout_direction", 1},
         {"gantry_mounted", false}});
    put(assets, AssetKind::point_group,
        {{"id", 40}, {"name", "Beets"}, {"sort_type", "xy_ascending"}, {"point_ids", {51}}});
    put(assets, AssetKind::curve,
        {{"id", 7}, {"name", "c"}, {"type", "water"}, {"data", {{"1", 10}, {"11", 110}}}});
  }
  /// The operations that a script asked for, without registers.
  json fields_of(const std::string& operation) const {
    json all = json::array();
    for (const auto& each : world.asked)
      if (each.what == operation) all.push_back(each.fields);
    return all;
  }
  json messages() const {
    json all = json::array();
    for (const auto& each : fields_of("SYS.SEND_MESSAGE")) all.push_back(each["message"]);
    return all;
  }
};

}  // namespace

TEST_CASE("every function of the table has code behind it") {
  Bench bench;
  for (const auto& function : lua::functions()) {
    INFO(function.name);
    CHECK(bench.value("return type(" + std::string(function.name) + ")") == "function");
    // Called without arguments it either works or says what is missing, but it is there.
    CHECK_FALSE(bench.error("return " + std::string(function.name) + "()").contains("doesn't exist"));
  }
}

TEST_CASE("movement") {
  Garden g;
  CHECK(g.value("return move_absolute(10, 20, -5.5, 50)") == true);
  CHECK(g.fields_of("SYS.MOVE_ABSOLUTE")[0] ==
        json({{"x", 10}, {"y", 20}, {"z", -5.5}, {"x_speed", 50}, {"y_speed", 50}, {"z_speed", 50}}));
  CHECK(g.value("return move_absolute(coordinate(1, 2, 3), 40)") == true);
  CHECK(g.value("return go_to_home('x')") == true);
  CHECK(g.fields_of("SYS.MOVE_ABSOLUTE")[2]["y"] == 2);
  CHECK(g.value("return go_to_home()") == true);
  CHECK(g.value("return find_home()") == true);
  CHECK(g.fields_of("SYS.FIND_HOME")[0]["axis"] == 3);
  CHECK(g.value("return find_axis_length('y')") == true);
  CHECK(g.value("return get_position('z')") == 3.5);
  CHECK(g.value("return get_xyz().x") == 1);
  CHECK(g.value("return check_position({x = 1.5, y = 2, z = 3}, 1)") == true);
  CHECK(g.value("return check_position({x = 5, y = 2, z = 3}, 1)") == false);
  CHECK(g.value("return safe_z()") == -20);
  CHECK(g.value("return soil_height(1, 1)") == -300);
  CHECK(g.value("return garden_size()") == json({{"x", 1000}, {"y", 500}, {"z", 0}}));
  CHECK(g.value("return soft_stop()") == true);
  CHECK(g.value("return emergency_unlock()") == true);
  CHECK(g.value("return gcode('F61', {p = 4, v = 90})") == true);
  CHECK(g.fields_of("SYS.SET_SERVO_ANGLE")[0]["angle"] == 90);
  CHECK(g.value("return select(2, gcode('F99'))").get<std::string>().contains("F99"));
}

TEST_CASE("move runs a move step, and says why it failed") {
  Garden g;
  CHECK(g.value("return move{x = 1, speed = 30, safe_z = true, grouping = 'xy,z'}") == true);
  const auto step = g.world.evaluated[0]["body"][0];
  CHECK(step["kind"] == "move");
  CHECK(step["body"].size() == 6);
  g.world.evaluation = fail(Status::failed, "stalled");
  CHECK(g.value("return select(2, move{x = 1})") == "stalled");
}

TEST_CASE("an operation that fails is nil and the reason") {
  Garden g;
  g.world.answers.emplace("SYS.MOVE_ABSOLUTE", fail(Status::hardware_fault, "Stall detected on X axis"));
  CHECK(g.value("local ok, why = move_absolute(1, 2, 3)\nreturn {ok == nil, why}") ==
        json({true, "Stall detected on X axis"}));
}

TEST_CASE("emergency_lock ends the script") {
  Garden g;
  const auto result = g.run("pcall(emergency_lock)\nemergency_unlock()");
  REQUIRE_FALSE(result);
  CHECK(result.error().status == Status::locked);
  CHECK(result.error().message.starts_with("Canceled sequence due to emergency lock."));
  CHECK(g.fields_of("SYS.EMERGENCY_UNLOCK").empty());
}

TEST_CASE("variables") {
  Garden g;
  const Scope scope{{"parent", Coordinate{1, 2, 3}},
                    {"n", 4.0},
                    {"t", std::string("hi")},
                    {"p", PointReference{"Plant", 51}},
                    {"s", ToolReference{21}},
                    {"gone", PointReference{"Plant", 9}},
                    {"r", ResourceReference{"Peripheral", 9}}};
  CHECK(g.value("return variable().x + variables('n')", scope) == 5);
  CHECK(g.value("return variable('t')", scope) == "hi");
  CHECK(g.value("return variable('p').name", scope) == "Beet");
  CHECK(g.value("return variable('s').tool_id", scope) == 21);
  CHECK(g.value("return variable('r')", scope).is_null());
  CHECK(g.error("return variable('gone')", scope).starts_with("Plant 9 not found"));
}

TEST_CASE("points, groups, grids") {
  Garden g;
  CHECK(g.value("return group(40)") == json({51}));
  CHECK(g.value("return #group(99)") == 0);
  CHECK(g.value("return sort({55, 51}, 'xy_descending')") == json({51, 55}));
  CHECK(g.value("return get_group('Beets')[1].age") == 6);
  CHECK(g.value("return #get_plants{min_age = 3}") == 1);
  CHECK(g.value("return #get_plants{min_age = 30}") == 0);
  CHECK(g.value("return #get_weeds{color = 'red'}") == 1);
  CHECK(g.value("return #get_generic_points()") == 0);
  CHECK(g.value("return get_tool{name = 'Watering Nozzle'}.id") == 21);
  CHECK(g.value("return get_curve(7).day(6)") == 60);
  CHECK(g.value("return get_seed_tray_cell({pointer_type = 'ToolSlot', pullout_direction = 1, x = 100, y = "
                "200, z = 3}, "
                "'b2')") == json({{"x", 88.75}, {"y", 193.75}, {"z", 3}}));
  CHECK(
      g.value(
          "local order = {}\ngrid{grid_points = {x = 2, y = 2, z = 1}, spacing = {x = 10, y = 5, z = 0}}"
          ".each(function(c) order[#order + 1] = c.x .. ':' .. c.y end)\nreturn table.concat(order, ' ')") ==
      "0:0 0:5 10:5 10:0");
  CHECK(
      g.value("return grid{grid_points = {x = 0, y = 1, z = 1}, spacing = {x = 1, y = 1, z = 1}}").is_null());
  CHECK(g.messages().back() == "Number of points must be greater than 0 for all three axes");
  CHECK(g.value("return grid{grid_points = {x = 99, y = 1, z = 1}, spacing = {x = 99, y = 1, z = 1}}")
            .is_null());
  CHECK(g.value("return photo_grid().total") == 0);
  CHECK(g.messages().back() == "You must first run camera calibration");
  for (const auto* name : {"total_rotation_angle", "camera_z", "camera_offset_x", "camera_offset_y"})
    REQUIRE(g.assets.set_user_env(std::string("CAMERA_CALIBRATION_") + name, "0"));
  REQUIRE(g.assets.set_user_env("CAMERA_CALIBRATION_coord_scale", "0.5"));
  REQUIRE(g.assets.set_user_env("CAMERA_CALIBRATION_center_pixel_location_x", "205"));
  REQUIRE(g.assets.set_user_env("CAMERA_CALIBRATION_center_pixel_location_y", "105"));
  CHECK(g.value("return photo_grid().total") == 25);
}

TEST_CASE("a tool is fetched and put back") {
  Garden g;
  g.world.answers["SYS.READ_PIN"] = 1.0;
  g.world.on_operate = [&] { g.world.answers["SYS.READ_PIN"] = g.world.evaluated.size() >= 4 ? 0.0 : 1.0; };
  CHECK(g.value("mount_tool('Watering Nozzle')\nreturn get_device('mounted_tool_id')") == 21);
  CHECK(g.messages().back() == "Watering Nozzle mounted");
  CHECK(g.world.all_jobs["Mounting Watering Nozzle"]["status"] == "Complete");
  CHECK(g.value("return verify_tool()") == true);
  g.world.on_operate = [&] { g.world.answers["SYS.READ_PIN"] = g.world.evaluated.size() >= 9 ? 1.0 : 0.0; };
  CHECK(g.value("dismount_tool()\nreturn get_device('mounted_tool_id')").is_null());
  CHECK(g.messages().back() == "Watering Nozzle dismounted");
}

TEST_CASE("water as the curve says") {
  Garden g;
  CHECK(g.value("return water(get_plants()[1])") == true);
  CHECK(g.fields_of("SYS.WRITE_PIN").size() == 2);
  CHECK(g.world.all_jobs.contains("Dispensing 60mL"));
  CHECK(g.value("return water{name = 'Leek', x = 1, y = 2}").is_null());
  CHECK(g.messages().back().get<std::string>().ends_with("Skipping."));
  CHECK(g.value("return dispense(20000)").is_null());
}

TEST_CASE("pins") {
  Garden g;
  g.world.answers["SYS.READ_PIN"] = 512.0;
  CHECK(g.value("return read_pin(59, 'analog')") == 512);
  CHECK(g.fields_of("SYS.READ_PIN")[0]["mode"] == 1);
  CHECK(g.value("write_pin(8.9, 'analog', 100.7)\non(8)\noff(8)\ntoggle_pin(8)\nreturn 1") == 1);
  CHECK(g.fields_of("SYS.WRITE_PIN")[0] == json({{"pin", 8}, {"value", 100}, {"mode", 1}}));
  CHECK(g.value("return set_pin_io_mode(8, 'input_pullup')") == true);
  CHECK(g.value("return new_sensor_reading{x = 1, y = 2, z = 3, pin = 59, mode = 1, value = 5.4}") == true);
  CHECK(g.assets.all(AssetKind::sensor_reading).size() == 1);
  REQUIRE(g.assets.put(AssetKind::sensor, {{"id", 71}, {"pin", 59}, {"mode", 1}, {"label", "Soil"}}));
  CHECK(g.value("local v, u, r = read_sensor('Soil')\nreturn v .. ' ' .. u .. ' ' .. r") == "512  512");
  REQUIRE(g.assets.put(AssetKind::sensor_calibration,
                       {{"pin", 59}, {"scale", 0.125}, {"offset", -14}, {"unit", "%"}}));
  CHECK(g.value("local v, u = read_sensor(71)\nreturn v .. u") == "50%");
  CHECK(g.value("return select(2, read_sensor('Rain'))") == "There is no sensor Rain.");
  CHECK(g.value("local n = 0\nwatch_pin(63, function(p) n = n + 1 end)\nwait(2000)\nreturn n") == 4);
}

TEST_CASE("messages, jobs, time") {
  Garden g;
  CHECK(g.value("return send_message('info', 'hello', 'toast')") == true);
  CHECK(g.fields_of("SYS.SEND_MESSAGE")[0]["channels"] == json({"toast"}));
  CHECK(g.value("debug('d')\nreturn toast(5)") == true);
  g.run("set_job_progress('a', {percent = 5})\nset_job('a', {status = 'More'})");
  CHECK(g.world.all_jobs["a"]["percent"] == 5);
  CHECK(g.value("complete_job('a')\nreturn get_job('a').percent") == 100);
  CHECK(g.value("return get_job_progress('none')").is_null());
  CHECK(g.value("return wait_ms(10)") == 10);
  CHECK(g.value("return wait(2500, {job = 'w'})") == 2500);
  CHECK(g.world.all_jobs["w"]["status"] == "Complete");
  CHECK(g.run("wait_ms(180000)").error().status == Status::locked);
  g.world.clock_ms = 1'750'000'000'000;
  CHECK(g.value("return utc()") == "2025-06-15T15:06:40.000Z");
  CHECK(g.value("return local_time()") == "2025-06-15T17:06:40.000+02:00");
  CHECK(g.value("return local_time('hour') - current_hour()") == 2);
  CHECK(g.value("return current_month() + current_minute() + current_second()") == 52);
  CHECK(g.value("return to_unix('1970-01-02T00:00:00Z')") == 86400);
  g.world.logs.clear();
  g.run("for i = 1, 100 do print('line', i) end io.write('x')");
  CHECK(g.world.logs.size() == 20);
  CHECK(g.world.logs[0]["message"] == "line\t1");
}

TEST_CASE("settings and status") {
  Garden g;
  CHECK(g.value("env('a', 5)\nreturn env('a')") == "5");
  CHECK(g.value("return get_device('name')") == "bot");
  CHECK(g.value("return update_device{name = 'new', mounted_tool_id = 99}") == true);
  CHECK(g.world.logs.back()["message"] == "Tool ID not found.");
  CHECK(g.value("return get_device().name") == "new");
  CHECK(g.value("update_fbos_config{safe_height = -5}\nreturn safe_z()") == -5);
  CHECK(g.value("update_firmware_config{movement_max_spd_x = 300}\nreturn "
                "get_firmware_config('movement_max_spd_x')") == 300);
  CHECK(g.fields_of("SYS.CONFIG_UPDATE")[0]["value"] == 300);
  CHECK(g.value("return read_status('location_data', 'position', 'x')") == 1);
  CHECK(g.value("return fbos_version()") == CELERIAC_VERSION);
  g.world.registers["firmware"] = {{"version", "6.6.26.G"}};
  CHECK(g.value("return firmware_version()") == "6.6.26.G");
  CHECK(g.value("return auth_token()") == "secret");
  CHECK(g.value("return __SERVER_PATH") == "https://garden");
}

TEST_CASE("CeleryScript from Lua") {
  Garden g;
  CHECK(g.value("return sequence(5, {Seconds = 3})") == true);
  CHECK(g.world.evaluated[0]["body"][0]["body"][0]["args"]["data_value"]["args"]["number"] == 3);
  CHECK(g.value("return rpc{kind = 'nothing', args = {}, body = {}}") == true);
  CHECK(g.world.evaluated[1]["body"][0]["body"] == json::array());
  g.world.evaluation = fail(Status::failed, "no");
  CHECK(g.value("local ok, why = cs_eval{kind = 'sequence', args = {}}\nreturn {ok, why}") ==
        json({false, "no"}));
  CHECK(g.value("return (cs_eval{kind = 'wait', args = {}})") == false);
}

TEST_CASE("network and data") {
  Garden g;
  CHECK(g.value("return http{url = 'http://a', method = 'post', body = 'x'}.status") == 200);
  CHECK(g.world.fetched[0].method == "POST");
  CHECK(g.value("return api{url = '/api/points'}") == json({1, 2}));
  CHECK(g.world.fetched[1].url == "https://garden/api/points");
  CHECK(g.world.fetched[1].headers.at("Authorization") == "bearer secret");
  g.world.response = fail(Status::offline, "nobody");
  CHECK(g.value("return select(2, http{url = 'http://a'})") == "HTTP CLIENT ERROR - See log for details");
  CHECK(g.value("return api{url = '/x'}").is_null());
  CHECK(g.messages().back() == "NETWORK ERROR: nobody");
  CHECK(g.value("return json.encode({a = {1, 'x'}})") == R"({"a":[1,"x"]})");
  CHECK(g.value("return inspect({})") == "{}");
  CHECK(g.value("return select(2, json.decode('{'))") == "Error parsing JSON.");
  CHECK(g.value("return base64.decode(base64.encode('hello'))") == "hello");
  CHECK(g.value("return select(2, take_photo_raw())").is_string());
  g.world.answers.emplace("SYS.TAKE_PHOTO", fail(Status::offline, "There is no camera."));
  CHECK(g.value("return take_photo()").is_string());
  CHECK(g.value("return calibrate_camera()").is_string());
  CHECK(g.value("return select(2, uart.open('a', 1))").is_string());
}

TEST_CASE("what crosses to JSON is bounded: depth, a table in itself, size") {
  Bench bench;
  CHECK(bench.error("local t = {} t.t = t\nreturn json.encode(t)").contains("contains itself"));
  CHECK(bench.error("local t = {} for i = 1, 100 do t = {t} end\nreturn t").contains("deeper than 64"));
  CHECK(bench.error("local t = {1} for i = 1, 40 do t = {t, t} end\nreturn t").contains("parts"));
  CHECK(bench.value("return (json.decode(string.rep('[', 100) .. string.rep(']', 100)))").is_null());
}
