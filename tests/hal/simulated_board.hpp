#pragma once
// The firmware's double on the tests' clock.

#include <memory>

#include "board.hpp"
#include "firmware-sim/board.hpp"

namespace celeriac::hal::testing {

class SimulatedBoard final : public BoardDouble {
 public:
  explicit SimulatedBoard(firmware_sim::BoardOptions options = {}) : options_(std::move(options)) {}

  void opened(Instant now) override;
  void receive(std::string_view bytes, Instant now) override;
  [[nodiscard]] Instant next() const override;
  void advance(Instant now) override;

  [[nodiscard]] firmware_sim::Board& board() { return *board_; }
  /// Presses its reset button.
  void reset(Instant now) { board_->reset(at(now)); }
  /// False: it goes on when the port is opened again, also by another host, whose clock begins anew.
  bool resets_on_open = true;

 private:
  [[nodiscard]] firmware_sim::Instant at(Instant now) const {
    return firmware_sim::Instant(std::chrono::duration_cast<firmware_sim::Duration>(now - powered_));
  }

  firmware_sim::BoardOptions options_;
  std::unique_ptr<firmware_sim::Board> board_;
  Instant powered_{};
  firmware_sim::Instant last_{};
};

/// A garden bot, and the parameters that it wants.
firmware_sim::BoardOptions garden();
protocol::Json garden_parameters();

}  // namespace celeriac::hal::testing
