#include "hal/gpio/stop_button.hpp"

#include <format>

namespace celeriac::hal::gpio {

using enum ButtonState::Position;

StopButton::StopButton(LineSpec spec, Timers& timers, Chips& chips, std::function<void(ButtonState)> tell)
    : spec_(std::move(spec)), chips_(chips), tell_(std::move(tell)), timer_(timers.make()) {}

void StopButton::start() {
  auto line = chips_.watch(
      spec_, {.edge = [this](bool active) { edge(active); },
              .lost = [this](std::string why) { miss(std::format("Its line went away ({}).", why)); }});
  if (!line) return miss(std::move(line.error().message));
  line_ = std::move(*line);
  look();
}

void StopButton::edge(bool active) {
  if (!state_.known() || state_.position == missing) return;
  timer_->set(active ? look_again : release_settle, [this] { look(); });
  if (active) become(held);
}

void StopButton::look() {
  if (!line_) return;
  const auto active = line_->active();
  if (!active) return miss(active.error().message);
  timer_->set(look_again, [this] { look(); });
  become(*active ? held : released);
}

void StopButton::miss(std::string trouble) {
  timer_->set(line_retry, [this] {
    line_.reset();  // not earlier: it may be what calls us
    start();
  });
  become(missing, std::move(trouble));
}

void StopButton::become(ButtonState::Position position, std::string trouble) {
  ButtonState state{.position = position, .name = spec_.place(), .trouble = std::move(trouble)};
  if (state == state_) return;
  state_ = std::move(state);
  tell_(state_);
}

}  // namespace celeriac::hal::gpio
