// Random sequences against a tree walker that knows nothing of WebAssembly.

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <format>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/celeryscript/compiler_host.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using nlohmann::json;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

json node(const char* kind, json args = json::object(), json body = json::array()) {
  return {{"kind", kind}, {"args", std::move(args)}, {"body", std::move(body)}};
}

template <class T>
T one_of(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}
double length() {
  return *rc::gen::inRange(-4000, 4000) / 4.0;
}
std::string axis() {
  return one_of<std::string>({"x", "y", "z"});
}
json coordinate() {
  return node("coordinate", {{"x", length()}, {"y", length()}, {"z", length()}});
}

json move() {
  json items = json::array();
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        items.push_back(node("safe_z"));
        break;
      case 1:
        items.push_back(node(
            "speed_overwrite",
            {{"axis", axis()}, {"speed_setting", node("numeric", {{"number", *rc::gen::inRange(1, 101)}})}}));
        break;
      default: {
        json operand = *rc::gen::arbitrary<bool>() ? coordinate() : node("numeric", {{"number", length()}});
        items.push_back(node(one_of<const char*>({"axis_overwrite", "axis_addition"}),
                             {{"axis", axis()}, {"axis_operand", std::move(operand)}}));
      }
    }
  }
  return node("move", json::object(), std::move(items));
}

json branch() {
  return *rc::gen::arbitrary<bool>() ? node("nothing")
                                     : node("execute", {{"sequence_id", *rc::gen::inRange(1, 50)}});
}

json step() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return move();
    case 1:
      return node(
          "move_absolute",
          {{"location", coordinate()}, {"offset", coordinate()}, {"speed", *rc::gen::inRange(1, 101)}});
    case 2:
      return node("_if", {{"lhs", one_of<std::string>({"x", "y", "z", "pin0", "pin8", "pin69"})},
                          {"op", one_of<std::string>({"<", ">", "is", "not", "is_undefined"})},
                          {"rhs", one_of<double>({0, 1, 2.5, -100})},
                          {"_then", branch()},
                          {"_else", branch()}});
    case 3:
      return node("write_pin", {{"pin_number", *rc::gen::inRange(0, 70)},
                                {"pin_value", *rc::gen::inRange(0, 2)},
                                {"pin_mode", 0}});
    case 4:
      return node("execute", {{"sequence_id", *rc::gen::inRange(1, 50)}});
    case 5:
      return node("wait", {{"milliseconds", *rc::gen::inRange(0, 180'000)}});
    default:
      return node("nothing");
  }
}

/// The walker: what a step does, straight from the document.
struct Walker {
  double x, y, z;
  const std::map<std::string, double>& registers;
  std::vector<std::string> log = {};

  double& on(const std::string& name) { return name == "x" ? x : name == "y" ? y : z; }

  void go(double to_x, double to_y, double to_z, const std::array<double, 3>& speed) {
    log.push_back(std::format("SYS.MOVE_ABSOLUTE x={} y={} z={} x_speed={} y_speed={} z_speed={}", to_x, to_y,
                              to_z, speed[0], speed[1], speed[2]));
    x = to_x;
    y = to_y;
    z = to_z;
  }

  void move(const json& step) {
    std::map<std::string, double> target{{"x", x}, {"y", y}, {"z", z}};
    std::map<std::string, bool> fixed;
    std::array<double, 3> speed{100, 100, 100};
    bool safe = false;
    for (const json& item : step["body"]) {
      const std::string kind = item["kind"];
      if (kind == "safe_z") {
        safe = true;
        continue;
      }
      const std::string name = item["args"]["axis"];
      if (kind == "speed_overwrite") {
        speed[static_cast<std::size_t>(name[0] - 'x')] = item["args"]["speed_setting"]["args"]["number"];
        continue;
      }
      const json& operand = item["args"]["axis_operand"];
      const double number = operand["kind"] == "numeric" ? operand["args"]["number"] : operand["args"][name];
      target[name] = kind == "axis_overwrite" ? number : target[name] + number;
      fixed[name] = fixed[name] || kind == "axis_overwrite";
    }
    if (!safe) {
      if (!(fixed["x"] && fixed["y"] && fixed["z"])) log.emplace_back("REGS.READ position");
      return go(target["x"], target["y"], target["z"], speed);
    }
    log.emplace_back("REGS.READ config.safe_height");
    const auto height = registers.find("config.safe_height");
    log.emplace_back("REGS.READ position");
    go(x, y, height == registers.end() ? 0 : height->second, speed);
    log.emplace_back("REGS.READ position");
    go(target["x"], target["y"], z, speed);
    log.emplace_back("REGS.READ position");
    go(x, y, target["z"], speed);
  }

  static bool holds(const std::string& op, double left, double right) {
    const bool known = !std::isnan(left);
    if (op == "is") return known && left == right;
    if (op == "not") return !known || left != right;
    if (op == "<") return known && left < right;
    if (op == ">") return !known || left > right;
    return !known;
  }

  void branch(const json& step) {
    const json& args = step["args"];
    const std::string lhs = args["lhs"];
    double left = unknown;
    if (lhs.size() == 1) {
      log.emplace_back("REGS.READ position");
      left = on(lhs);
    } else {
      const std::string name = "pins." + lhs.substr(3);
      log.push_back("REGS.READ " + name);
      if (const auto found = registers.find(name); found != registers.end()) left = found->second;
    }
    const json& taken = args[holds(args["op"], left, args["rhs"]) ? "_then" : "_else"];
    if (taken["kind"] == "execute") walk(taken);
  }

  void walk(const json& step) {
    const std::string kind = step["kind"];
    const json& args = step["args"];
    if (kind == "move") return move(step);
    if (kind == "_if") return branch(step);
    if (kind == "move_absolute") {
      const auto sum = [&](const char* name) {
        return args["location"]["args"][name].get<double>() + args["offset"]["args"][name].get<double>();
      };
      const double speed = args["speed"];
      return go(sum("x"), sum("y"), sum("z"), {speed, speed, speed});
    }
    if (kind == "execute") log.push_back(std::format("VM.EXECUTE {}", args["sequence_id"].get<int>()));
    if (kind == "wait")
      log.push_back(std::format("SYS.WAIT milliseconds={}", args["milliseconds"].get<int>()));
    if (kind == "write_pin") {
      log.push_back(std::format("SYS.WRITE_PIN pin={} value={} mode={}", args["pin_number"].get<int>(),
                                args["pin_value"].get<int>(), args["pin_mode"].get<int>()));
    }
  }
};

}  // namespace

TEST_CASE("random sequences ask for what a tree walker asks for") {
  int round = 0;
  const bool held = rc::check([&] {
    json body = json::array();
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i) body.push_back(step());
    const json document =
        node("sequence", {{"version", 20180209}, {"locals", node("scope_declaration")}}, std::move(body));

    testing::Host host;
    host.x = one_of<double>({0, 10.25, unknown});
    host.y = one_of<double>({0, 2.5, unknown});
    host.z = one_of<double>({0, -100, unknown});
    if (*rc::gen::arbitrary<bool>()) host.registers["config.safe_height"] = length();
    if (*rc::gen::arbitrary<bool>()) host.registers["pins.8"] = one_of<double>({0, 1, 2.5});
    if (*rc::gen::arbitrary<bool>()) host.registers["pins.69"] = one_of<double>({0, 1});

    Walker walker{.x = host.x, .y = host.y, .z = host.z, .registers = host.registers};
    for (const json& each : document["body"]) walker.walk(each);

    const auto program = testing::compiled(document.dump());
    if (round++ % 10 == 0)
      RC_ASSERT(testing::wasm_validate(program.module) == "");  // a process each: a sample
    RC_ASSERT(host.run(program) == walker.log);
  });
  CHECK(held);
}
