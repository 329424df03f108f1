// Named lines of the computer, and the camera.

#include <algorithm>
#include <format>
#include <iterator>

#include "console/doctor/checks.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console::doctor {
using protocol::Json;

namespace {

/// Pin bindings that no edge will ever reach: no line that hears for them has their pin.
Findings bindings_without_line(const Answer& bindings, const Json& lines) {
  Findings findings;
  if (!bindings || !bindings->is_object()) return findings;
  const auto hears = [&](const Json& pin) {
    return lines.is_object() && std::ranges::any_of(lines, [&](const Json& line) {
             return text_of(line, "role") == "binding" && line.value("pin", Json()) == pin;
           });
  };
  for (const auto& binding : bindings->value("items", Json::array())) {
    const Json pin = binding.value("pin_num", Json());
    if (!pin.is_number_integer() || hears(pin)) continue;
    findings.push_back(
        warning(std::format("a pin binding is for GPIO {}, and no line with the role binding has that pin",
                            pin.dump()),
                std::format(R"(Add {{"line": "GPIO{}", "direction": "input"}} with a name to )"
                            "/etc/celeriac/lines.json, or remove the binding (docs/gpio.md).",
                            pin.dump())));
  }
  return findings;
}

}  // namespace

Findings check_lines(const Facts& facts) {
  Findings findings;
  if (!facts.lines && facts.lines.error().code == "refused")
    findings.push_back(
        problem(printable(facts.lines.error().message),
                "Correct the file, then `sudo systemctl restart celeriac-hal` (docs/gpio.md)."));
  if (!facts.machine()) {
    findings.push_back(unknown("the hypervisor does not tell"));
    return findings;
  }
  const Json lines = facts.machine()->is_object() ? facts.machine()->value("gpio", Json()) : Json();
  std::ranges::move(bindings_without_line(facts.bindings, lines), std::back_inserter(findings));
  if (!lines.is_object() || lines.empty()) {
    if (findings.empty())
      findings.push_back(
          unused("no line of the computer has a name",
                 "Buttons, lights and LEDs get theirs in /etc/celeriac/lines.json (docs/gpio.md)."));
    return findings;
  }
  std::string good;
  for (const auto& [name, line] : lines.items()) {
    const std::string trouble = text_of(line, "trouble");
    if (trouble.empty())
      good += std::format("{}{}", good.empty() ? "" : ", ", printable(name));
    else
      findings.push_back(
          problem(std::format("{} ({} of {}): {}", printable(name), text_of(line, "line"),
                              text_of(line, "chip"), trouble),
                  "`gpioinfo` shows which chips and lines there are and who has them; the names "
                  "stand in /etc/celeriac/lines.json."));
  }
  if (!good.empty()) findings.push_back(ok(good));
  return findings;
}

Findings check_camera(const Facts& facts) {
  if (facts.photo) {
    if (*facts.photo) return {ok(std::format("a photo was taken: {}", text_of(**facts.photo, "path")))};
    const auto& error = facts.photo->error();
    return {problem(std::format("no photo: {}", printable(error.message)),
                    "Is the camera's cable in, and is it named in /etc/celeriac/hal.conf? `v4l2-ctl "
                    "--list-devices` or `rpicam-hello --list-cameras` shows which there are.")};
  }
  if (!facts.camera) return {unknown("the hypervisor does not tell", "`celeriac doctor --photo` takes one.")};
  const std::string kind = text_of(*facts.camera, "kind");
  if (kind.empty() || kind == "none")
    return {unused("no camera is set up",
                   "`camera = auto` in /etc/celeriac/hal.conf looks for one (docs/camera.md).")};
  return {ok(std::format("{} is set up; `celeriac doctor --photo` has it take a picture", kind))};
}

}  // namespace celeriac::console::doctor
