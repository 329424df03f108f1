#include "firmware-sim/program/state.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

using Json = nlohmann::ordered_json;

/// Fine enough to see a plant's water, coarse enough that a whole bed is a line of some 30 kB.
constexpr double scene_square_mm = 50;
constexpr double open_axis_mm = 10'000;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string name_of(AxisName axis) {
  return {"xyz"[index(axis)]};
}

Json switches_of(const Machine& machine, AxisName axis) {
  Json switches = Json::object();
  for (const auto& [name, end] : {std::pair("min", AxisEnd::min), std::pair("max", AxisEnd::max)}) {
    if (const auto closed = machine.switch_closed(axis, end)) switches[name] = *closed;
  }
  return switches;
}

Json load_of(const Load& load) {
  return {{"pin", load.pin},
          {"on", load.on()},
          {"duty", load.duty},
          {"on_s", seconds(load.on_time)},
          {"litres", load.litres}};
}

}  // namespace

std::string state_line(Twin& twin, Instant now) {
  Board& board = twin.board();
  const Machine& machine = board.machine();
  const Loads& loads = board.loads();
  Json state = {{"time", seconds(now.time_since_epoch())},
                {"seed", twin.seed()},
                {"faults", twin.faults()},
                {"plugged", twin.plugged()},
                {"powered", board.powered()},
                {"locked", board.locked()},
                {"board", board.profile().package}};
  for (const AxisName axis : all_axes) {
    state["carriage"][name_of(axis)] = machine.position_mm(axis);
    state["counted"][name_of(axis)] = board.counted_mm(axis);
    state["switches"][name_of(axis)] = switches_of(machine, axis);
  }
  for (int pin = 0; pin < Pins::count; ++pin) state["pins"][std::to_string(pin)] = board.pin(pin) ? 1 : 0;
  state["loads"] = Json::object();
  for (const Load& load : loads.all()) state["loads"][std::string(load.name)] = load_of(load);
  const double x = machine.position_mm(AxisName::x);
  const double y = machine.position_mm(AxisName::y);
  state["litres"] = loads.soil().litres();
  state["soil"] = {{"x", x},
                   {"y", y},
                   {"moisture", loads.soil().moisture_at(x, y)},
                   {"litres", loads.soil().litres_near(x, y)}};
  const ToolRack& rack = std::as_const(board).rack();
  state["tools"] = {{"mounted", rack.mounted() ? Json(*rack.mounted()) : Json(nullptr)},
                    {"fetched", rack.fetched()},
                    {"put_back", rack.put_back()},
                    {"slots", Json::array()}};
  for (const ToolSlot& slot : rack.slots())
    state["tools"]["slots"].push_back({{"tool", slot.tool}, {"full", slot.full}});
  return state.dump();
}

std::string scene_line(Twin& twin, Instant now) {
  Board& board = twin.board();
  const Machine& machine = board.machine();
  const Loads& loads = board.loads();
  Json scene = {{"time", seconds(now.time_since_epoch())}};
  for (const AxisName axis : all_axes) {
    const auto length = machine.length_mm(axis);
    scene["carriage"][name_of(axis)] = machine.position_mm(axis);
    scene["lengths"][name_of(axis)] = length ? Json(*length) : Json(nullptr);
  }
  scene["square"] = scene_square_mm;
  scene["wet"] = Json::array();
  for (const WetSquare& square :
       loads.soil().wet_squares(scene_square_mm, machine.length_mm(AxisName::x).value_or(open_axis_mm),
                                machine.length_mm(AxisName::y).value_or(open_axis_mm)))
    scene["wet"].push_back(Json::array({square.x, square.y, square.litres}));
  scene["plants"] = Json::array();
  for (const Plant& plant : loads.soil().plants())
    scene["plants"].push_back(
        {{"x", plant.x}, {"y", plant.y}, {"radius", plant.radius}, {"name", plant.name}});
  scene["on"] = Json::array();
  for (const Load& load : loads.all())
    if (load.on()) scene["on"].push_back(load.name);
  scene["tool"] = !board.pin(tool_pin);
  return scene.dump();
}

}  // namespace celeriac::firmware_sim
