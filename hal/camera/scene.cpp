#include "hal/camera/scene.hpp"

#include <format>
#include <nlohmann/json.hpp>

namespace celeriac::hal::camera {
namespace {

using Json = nlohmann::json;

PerAxis<double> triple(const Json& value) {
  return {value.at("x").get<double>(), value.at("y").get<double>(), value.at("z").get<double>()};
}

std::optional<double> length(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

}  // namespace

protocol::Result<Scene> parse_scene(std::string_view line) {
  try {
    const Json answer = Json::parse(line);
    Scene scene;
    scene.seconds = answer.at("time").get<double>();
    scene.carriage = triple(answer.at("carriage"));
    const Json& lengths = answer.at("lengths");
    scene.lengths = {length(lengths.at("x")), length(lengths.at("y")), length(lengths.at("z"))};
    scene.square_mm = answer.at("square").get<double>();
    for (const auto& square : answer.at("wet"))
      scene.wet.push_back(
          {square.at(0).get<double>(), square.at(1).get<double>(), square.at(2).get<double>()});
    for (const auto& plant : answer.at("plants"))
      scene.plants.push_back({plant.at("x").get<double>(), plant.at("y").get<double>(),
                              plant.at("radius").get<double>(), plant.at("name").get<std::string>()});
    scene.on = answer.at("on").get<std::vector<std::string>>();
    scene.tool = answer.at("tool").get<bool>();
    return scene;
  } catch (const Json::exception&) {
    return protocol::fail(protocol::Status::hardware_fault,
                          std::format("The simulator shows no scene, but says: {}",
                                      line.substr(0, std::min<std::size_t>(line.find('\n'), 200))));
  }
}

}  // namespace celeriac::hal::camera
