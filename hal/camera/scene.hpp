#pragma once
// What a camera above the simulated bed would see, as the simulator tells it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/firmware/axis.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::camera {

/// A square of soil and the water that fell on it.
struct WetSquare {
  double x = 0, y = 0;  ///< its middle, mm
  double litres = 0;
};

struct ScenePlant {
  double x = 0, y = 0, radius = 0;  ///< mm
  std::string name;
};

struct Scene {
  double seconds = 0;                        ///< simulated, since the start
  PerAxis<double> carriage{};                ///< where it really is, mm
  PerAxis<std::optional<double>> lengths{};  ///< of the axes, mm; nothing for one without ends
  double square_mm = 0;                      ///< side of the wet squares
  std::vector<WetSquare> wet;
  std::vector<ScenePlant> plants;
  std::vector<std::string> on;  ///< loads that are on, by name
  bool tool = false;            ///< a tool is mounted
};

/// Reads the simulator's answer to `scene`, a line of JSON. Status::hardware_fault with a sentence if it is
/// something else, its refusal included.
protocol::Result<Scene> parse_scene(std::string_view line);

}  // namespace celeriac::hal::camera
