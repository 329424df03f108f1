#pragma once
// A board that answers each line as a test says. Without a say it is a good board: it boots, accepts
// everything at once, and reports when idle.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "board.hpp"

namespace celeriac::hal::testing {

class ScriptedBoard final : public BoardDouble {
 public:
  void opened(Instant now) override;
  void receive(std::string_view bytes, Instant now) override;
  [[nodiscard]] Instant next() const override;
  void advance(Instant now) override;

  /// Lines to send after a time.
  void later(Duration after, std::string text);
  void say(std::string text) { later({}, std::move(text)); }
  /// The lines of a reset.
  void boot();

  /// The answer to a line (without LF), in place of the good board's: lines, each ended by CR LF here. `{Q}`
  /// stands for the line's Q. Nothing: the good board answers.
  std::function<std::optional<std::vector<std::string>>(const std::string& line)> answer;
  /// What a byte 'E' or '@' does; nothing: E locks.
  std::function<void(char)> on_byte;

  /// Everything that was received, line by line, and bytes E and @ as lines of their own.
  std::vector<std::string> heard;
  bool boots_on_open = true;
  bool silent = false;
  bool reports = true;
  bool locked = false;
  Duration boot_time = std::chrono::milliseconds(300);
  std::string position = "R82 X0.00 Y0.00 Z0.00";
  std::map<int, int> pins;

  /// How often a line that starts like this was heard.
  [[nodiscard]] std::size_t count(std::string_view start) const;

 private:
  void take(const std::string& line);
  std::vector<std::string> good_answer(const std::string& line);

  Instant now_{};
  Instant last_activity_{};
  bool running_ = false;
  std::string line_;
  std::multimap<Instant, std::string> outgoing_;
};

}  // namespace celeriac::hal::testing
