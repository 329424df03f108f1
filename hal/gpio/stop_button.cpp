#include "hal/gpio/stop_button.hpp"

namespace celeriac::hal::gpio {

using enum ButtonState::Position;

StopButton::StopButton(LineSpec spec, Timers& timers, LineWatcher& watcher,
                       std::function<void(ButtonState)> tell)
    : spec_(std::move(spec)), watcher_(watcher), tell_(std::move(tell)), timer_(timers.make()) {}

void StopButton::start() {
  auto line = watcher_.watch(
      spec_, [this] { look(); }, [this](std::string why) { miss("its line went away (" + why + ")."); });
  if (!line) return miss(line.error().message);
  line_ = std::move(*line);
  look();
}

void StopButton::look() {
  if (!line_) return;
  const auto active = line_->active();
  if (!active) return miss(active.error().message);
  become({.position = *active ? held : released, .name = spec_.name()});
  timer_->set(look_again, [this] { look(); });
}

void StopButton::miss(std::string trouble) {
  timer_->set(button_retry, [this] {
    line_.reset();  // not earlier: it may be what calls us
    start();
  });
  become({.position = missing, .name = spec_.name(), .trouble = std::move(trouble)});
}

void StopButton::become(ButtonState state) {
  if (state == state_) return;
  state_ = std::move(state);
  tell_(state_);
}

}  // namespace celeriac::hal::gpio
