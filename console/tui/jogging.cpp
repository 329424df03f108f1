#include "console/tui/jogging.hpp"

#include <algorithm>
#include <utility>

namespace celeriac::console::tui {
using Kind = JogOrder::Kind;

Jogging::Orders Jogging::press(Direction direction, Time now) {
  if (state_ == State::spent && now - std::exchange(last_press_, now) >= release) state_ = State::idle;
  if ((state_ == State::tapped || holding()) && !(direction == direction_)) {
    // Another direction is another key first of all: what moves stops. After a mere tap it is a tap.
    const bool was_holding = holding();
    auto orders = halt();
    if (was_holding) return orders;
  }
  switch (state_) {
    case State::idle:
      direction_ = direction;
      return step(now);
    case State::tapped: {
      const auto gap = now - std::exchange(last_press_, now);
      if (presses_ == 2 && gap <= repeat_gap) return begin_hold(now);
      if (gap > repeat_begin) return step(now);
      if (presses_ == 2) {  // tick() would have made the step of the press before, had it been called
        presses_ = 1;
        auto orders = step(now);
        presses_ = 2;
        return orders;
      }
      presses_ = 2;
      return {};
    }
    case State::holding:
      last_press_ = now;
      return tick(now);
    case State::spent:
      return {};
  }
  return {};
}

Jogging::Orders Jogging::step(Time now) {
  state_ = State::tapped;
  presses_ = 1;
  last_press_ = now;
  if (steps_ >= most_steps) return {};
  ++steps_;
  return {{Kind::step, direction_}};
}

Jogging::Orders Jogging::begin_hold(Time now) {
  state_ = State::holding;
  renewed_ = false;
  next_renewal_ = now;
  return tick(now);
}

Jogging::Orders Jogging::halt() {
  Orders orders;
  if (holding() && renewed_) orders.push_back({Kind::stop});
  if (steps_ > 0) orders.push_back({Kind::abort_steps});
  state_ = State::idle;
  renewed_ = false;
  return orders;
}

Jogging::Orders Jogging::tick(Time now) {
  if (state_ == State::tapped) {
    const auto gap = now - last_press_;
    if (presses_ == 2 && gap > repeat_gap) {
      const Time pressed = last_press_;
      auto orders = step(now);
      last_press_ = pressed;
      return orders;
    }
    if (presses_ == 1 && gap > repeat_begin) state_ = State::idle;
    return {};
  }
  if (state_ != State::holding) return {};
  if (now - last_press_ >= release) return halt();
  // The step that the first press made ends by itself, and then the jog goes on from there.
  if (steps_ > 0 || now < next_renewal_) return {};
  next_renewal_ = now + renewal;
  renewed_ = true;
  return {{Kind::renew, direction_}};
}

std::optional<Jogging::Time> Jogging::next() const {
  switch (state_) {
    case State::idle:
    case State::spent:
      return std::nullopt;
    case State::tapped:
      // One tick of the clock later: the bounds themselves still belong to the key.
      return last_press_ + (presses_ == 2 ? repeat_gap : repeat_begin) + std::chrono::milliseconds(1);
    case State::holding:
      return steps_ > 0 ? last_press_ + release : std::min(next_renewal_, last_press_ + release);
  }
  return std::nullopt;
}

Jogging::Orders Jogging::step_ended(bool well, Time now) {
  steps_ = std::max(0, steps_ - 1);
  if (!well) {
    failed();
    return {};
  }
  return holding() ? tick(now) : Orders{};
}

void Jogging::failed() {
  state_ = holding() ? State::spent : State::idle;
  renewed_ = false;
}

}  // namespace celeriac::console::tui
