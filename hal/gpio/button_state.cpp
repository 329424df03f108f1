#include "hal/gpio/button_state.hpp"

#include <algorithm>
#include <format>

namespace celeriac::hal::gpio {

using protocol::Error;
using protocol::Json;
using protocol::Status;

namespace {

constexpr std::string_view positions[] = {"none", "missing", "released", "held"};

}  // namespace

Json document(const ButtonState& button) {
  return {{"state", positions[static_cast<std::size_t>(button.position)]},
          {"name", button.name},
          {"trouble", button.trouble.empty() ? Json(nullptr) : Json(button.trouble)}};
}

ButtonState button_of(const Json& document) {
  ButtonState button;
  if (!document.is_object()) return button;
  const auto text = [&](const char* field) {
    const auto found = document.find(field);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto row = std::ranges::find(positions, text("state"));
  if (row == std::end(positions)) return button;
  button.position = static_cast<ButtonState::Position>(row - std::begin(positions));
  button.name = text("name");
  button.trouble = text("trouble");
  return button;
}

Error still_held(const ButtonState& button) {
  Error error{
      .status = Status::locked,
      .message = std::format("The stop button ({}) is pressed, or its wire is broken: release it, make "
                             "sure that nobody is at the machine, then unlock.",
                             button.name),
      .code = "stop_button"};
  error.details["button"] = button.name;
  return error;
}

}  // namespace celeriac::hal::gpio
