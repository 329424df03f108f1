#include "hal/gpio/input.hpp"

#include <format>

namespace celeriac::hal::gpio {

void Input::find() {
  if (value_) return;
  line_.reset();
  auto line = chips_.watch(
      spec_, {.edge = [this](bool active) { edge(active); },
              .lost = [this](std::string why) { miss(std::format("The line went away ({}).", why)); }});
  if (!line) return miss(std::move(line.error().message));
  line_ = std::move(*line);
  const auto active = line_->active();
  if (!active) return miss(active.error().message);
  value_ = *active;
  trouble_.clear();
  reports_.changed(*this);
}

void Input::edge(bool active) {
  if (!value_) return;
  value_ = active;
  reports_.edge(*this);
  reports_.changed(*this);
}

void Input::miss(std::string trouble) {
  if (!value_ && trouble == trouble_) return;
  value_.reset();
  trouble_ = std::move(trouble);
  reports_.changed(*this);
}

}  // namespace celeriac::hal::gpio
