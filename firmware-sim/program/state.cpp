#include "firmware-sim/program/state.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

using Json = nlohmann::ordered_json;

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
  return state.dump();
}

}  // namespace celeriac::firmware_sim
