#pragma once
// A computer whose lines are memory: for tests, and for a host without hardware. Hands reach in by the names
// of the lines.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hal/gpio/chips.hpp"
#include "protocol/document.hpp"

namespace celeriac::hal::gpio {

class SimulatedChips final : public Chips {
 public:
  /// A computer that has these lines, all at rest.
  explicit SimulatedChips(const std::vector<LineSpec>& lines);
  /// What watches or drives must be gone.
  ~SimulatedChips() override;

  protocol::Result<std::unique_ptr<WatchedLine>> watch(const LineSpec& spec, LineEvents events) override;
  protocol::Result<std::unique_ptr<DrivenLine>> drive(const LineSpec& spec, bool active) override;
  protocol::Result<LineFacts> look(const LineSpec& spec) override;

  // ---- hands; Status::not_found for a name that is no line, ::wrong_state for what cannot be done to it
  // ----

  /// Brings an input to its active level, or lets it go.
  protocol::Result<void> press(std::string_view name, bool pressed);
  /// Breaks the wire of an input: its bias decides; without one nothing changes. press() mends it.
  protocol::Result<void> cut(std::string_view name);
  /// Another program takes a line that is free; "" gives it back.
  protocol::Result<void> take(std::string_view name, std::string owner);
  /// The line is not there any more, or again.
  protocol::Result<void> remove(std::string_view name);
  protocol::Result<void> put_back(std::string_view name);
  /// An edge that nobody hears of, for tests.
  protocol::Result<void> change_silently(std::string_view name, bool active);

  /// `{lights: {direction, value, owner, there}}`; `value` is the level that counts as 1.
  [[nodiscard]] protocol::Json document() const;
  [[nodiscard]] bool value(std::string_view name) const;
  /// How often a line was asked for.
  [[nodiscard]] int asked_for() const noexcept { return asked_for_; }

 private:
  class Input;
  class Output;
  struct Line {
    LineSpec spec;
    bool active = false;
    bool there = true;
    std::string owner = {};
    Input* watching = nullptr;
    Output* driving = nullptr;
  };
  protocol::Result<Line*> input(std::string_view name);
  protocol::Result<Line*> any(std::string_view name);
  protocol::Result<Line*> free_line(const LineSpec& spec);
  static void set(Line& line, bool active);

  std::map<std::string, Line, std::less<>> lines_;
  int asked_for_ = 0;
};

/// Does what a line of text says and returns the answer: `ok`, `error: sentence`, or what was asked for.
///   press button_3 | release button_3 | cut estop_button | take lights somebody | give lights
///   remove lights | put_back lights | state
std::string hand(SimulatedChips& chips, std::string_view line);

}  // namespace celeriac::hal::gpio
