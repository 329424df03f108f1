// move, home, find-home, calibrate, zero: everything that turns a motor, but jog.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>
#include <optional>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/text.hpp"

namespace celeriac::console {
using namespace protocol::literals;
using protocol::Json;

namespace {

CLI::Validator percent() {
  return CLI::Range(1.0, 100.0, "1 to 100");
}

void add_speed(CLI::App& app, double& speed) {
  app.add_option("--speed", speed, "Percent of the maximum speed, 1 to 100")
      ->type_name("PERCENT")
      ->check(percent());
}

/// An operation that takes an axis, all by default, and perhaps a speed.
struct AxisCommand {
  std::string axis = "all";
  double speed = 100;
};

Action declare_axis_command(CLI::App& app, const protocol::Operation& operation, const char* done,
                            bool with_speed) {
  auto values = std::make_shared<AxisCommand>();
  app.add_option("axis", values->axis, "x, y, z or all")
      ->type_name("AXIS")
      ->capture_default_str()
      ->check(CLI::IsMember({"x", "y", "z", "all"}));
  if (with_speed) add_speed(app, values->speed);
  return [values, &operation, done, with_speed](Context& context) {
    Json fields{{"axis", axis_number(values->axis)}};
    if (with_speed) fields["speed"] = values->speed;
    return perform_motion(context, operation, std::move(fields),
                          std::format("{} {}", done, values->axis == "all" ? "on all axes" : values->axis));
  };
}

}  // namespace

Action declare_move(CLI::App& app) {
  struct Values {
    double x = 0, y = 0, z = 0, speed = 100;
  };
  auto values = std::make_shared<Values>();
  app.add_option("x", values->x, "Position in mm")->type_name("X")->required();
  app.add_option("y", values->y, "Position in mm")->type_name("Y")->required();
  app.add_option("z", values->z, "Position in mm")->type_name("Z")->required();
  add_speed(app, values->speed);
  return [values](Context& context) {
    const auto& [x, y, z, speed] = *values;
    return perform_motion(
        context, "SYS.MOVE_ABSOLUTE"_op,
        {{"x", x}, {"y", y}, {"z", z}, {"x_speed", speed}, {"y_speed", speed}, {"z_speed", speed}}, "moved");
  };
}

Action declare_home(CLI::App& app) {
  return declare_axis_command(app, "SYS.HOME"_op, "went to 0", true);
}
Action declare_find_home(CLI::App& app) {
  return declare_axis_command(app, "SYS.FIND_HOME"_op, "found home", true);
}
Action declare_calibrate(CLI::App& app) {
  return declare_axis_command(app, "SYS.CALIBRATE"_op, "calibrated", false);
}
Action declare_zero(CLI::App& app) {
  return declare_axis_command(app, "SYS.ZERO"_op, "set 0", false);
}

}  // namespace celeriac::console
