#include <nlohmann/json.hpp>

#include "protocol/document.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {

void SimulatedBoard::opened(Instant now) {
  if (board_) {
    if (at(now) < last_) powered_ = now - std::chrono::duration_cast<Duration>(last_.time_since_epoch());
    if (resets_on_open) board_->reset(at(now));
    return;
  }
  powered_ = now;
  board_ = std::make_unique<firmware_sim::Board>(
      options_, [this](firmware_sim::Instant, std::string_view text) { send(text); });
}

void SimulatedBoard::receive(std::string_view bytes, Instant now) {
  last_ = at(now);
  if (board_) board_->receive(bytes, last_);
}

Instant SimulatedBoard::next() const {
  if (!board_) return Instant::max();
  return powered_ + std::chrono::duration_cast<Duration>(board_->next_event().time_since_epoch());
}

void SimulatedBoard::advance(Instant now) {
  last_ = at(now);
  if (board_) board_->advance(last_);
}

firmware_sim::BoardOptions garden() {
  return {.machine = firmware_sim::garden_bot(), .digital_inputs = firmware_sim::garden_digital_inputs()};
}

protocol::Json garden_parameters() {
  return {{"movement_enable_endpoints_x", 1}, {"movement_enable_endpoints_y", 1},
          {"movement_enable_endpoints_z", 1}, {"movement_stop_at_home_x", 1},
          {"movement_stop_at_home_y", 1},     {"movement_stop_at_home_z", 1}};
}

}  // namespace celeriac::hal::testing
