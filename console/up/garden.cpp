#include "console/up/garden.hpp"

#include <format>
#include <fstream>
#include <span>

namespace celeriac::console {
using protocol::Json;

namespace {

/// One value for each axis.
struct Row {
  std::string_view name;  // without the axis
  double x, y, z;
};

// As the simulator's README asks for, whatever the board.
constexpr Row rows[] = {
    {"movement_enable_endpoints", 1, 1, 1},          // the switches count
    {"movement_home_up", 0, 0, 1},                   // z goes down into negative coordinates
    {"movement_stop_at_home", 1, 1, 1},              // no further than 0 …
    {"movement_stop_at_max", 1, 1, 1},               // … and the length
    {"movement_axis_nr_steps", 13500, 6000, 10000},  // 2700, 1200 and 400 mm
    {"movement_step_per_mm", 5, 5, 25},
    {"movement_steps_acc_dec", 300, 300, 300},
    {"movement_min_spd", 50, 50, 50},
    {"movement_home_spd", 200, 200, 200},  // steps/s: 40, 40 and 8 mm/s
    {"movement_max_spd", 800, 800, 600},   // 160, 160 and 24 mm/s
};
// Express boards measure an axis by its encoder alone.
constexpr Row express_rows[] = {{"encoder_enabled", 1, 1, 1}, {"encoder_scaling", 10000, 10000, 10000}};
constexpr Row other_rows[] = {{"encoder_enabled", 0, 0, 0}, {"encoder_scaling", 5556, 5556, 5556}};

void add(Json& parameters, std::span<const Row> table) {
  for (const auto& [name, x, y, z] : table) {
    parameters[std::format("{}_x", name)] = x;
    parameters[std::format("{}_y", name)] = y;
    parameters[std::format("{}_z", name)] = z;
  }
}

}  // namespace

Json garden_parameters(std::string_view board) {
  Json parameters = Json::object();
  add(parameters, rows);
  if (board.starts_with("express"))
    add(parameters, express_rows);
  else
    add(parameters, other_rows);
  return parameters;
}

protocol::Result<void> write_garden_parameters(const std::filesystem::path& path, std::string_view board) {
  std::ofstream file(path, std::ios::trunc);
  file << garden_parameters(board).dump(2) << std::endl;
  if (file) return {};
  return protocol::fail(protocol::Status::failed, std::format("Cannot write {}.", path.string()));
}

}  // namespace celeriac::console
