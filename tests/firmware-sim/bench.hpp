#pragma once
// A board on a desk with virtual time: send a line, let time pass, look at what came.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/board.hpp"

namespace celeriac::firmware_sim::testing {

using namespace std::chrono_literals;

/// A line of the board without its CR LF, and when its last byte had left.
struct Line {
  Instant at;
  std::string text;
};

class Bench {
 public:
  explicit Bench(const BoardOptions& options = {});

  /// A bench that has booted: the boot lines are gone.
  static Bench booted(BoardOptions options = {});
  /// `booted`, and P2 = 1.
  static Bench approved(BoardOptions options = {});

  Board& board() { return *board_; }
  [[nodiscard]] Instant now() const { return now_; }

  /// Puts bytes on the wire; no time passes.
  void send(std::string_view bytes);
  /// Lets time pass, from event to event.
  void run_for(Duration duration);
  /// Sends `command` with LF and waits for its final answer (R02, R03, R09, R87, R88), or fails after
  /// `limit`. Returns the lines from the echo to the answer.
  std::vector<std::string> ask(std::string_view command, Duration limit = 600s);
  /// Waits until a line starts so; its time. Fails after `limit`.
  Instant wait_for(std::string_view start, Duration limit = 600s);

  /// What has come since the last call.
  std::vector<std::string> take();
  std::vector<Line> take_lines();
  /// Everything that ever came, byte by byte.
  [[nodiscard]] const std::string& transcript() const { return transcript_; }
  [[nodiscard]] const std::vector<std::string>& events() const { return *events_; }
  /// How long the last `ask` took, from its LF on the wire.
  [[nodiscard]] Duration took() const { return took_; }

 private:
  void step(Instant limit);

  std::unique_ptr<std::vector<std::string>> events_ = std::make_unique<std::vector<std::string>>();
  struct Received {
    std::string partial;
    std::string transcript;
    std::vector<Line> lines;
  };
  std::unique_ptr<Received> received_ = std::make_unique<Received>();
  std::unique_ptr<Board> board_;
  std::string& transcript_ = received_->transcript;
  Instant now_{};
  Duration took_{};
};

/// Lines that start so.
[[nodiscard]] std::vector<std::string> starting(const std::vector<std::string>& lines,
                                                std::string_view start);
[[nodiscard]] bool contains(const std::vector<std::string>& lines, std::string_view line);
/// The digits of all `R05 <axis><digit>` lines, in order.
[[nodiscard]] std::string states(const std::vector<std::string>& lines, char axis);
[[nodiscard]] double seconds(Duration duration);

}  // namespace celeriac::firmware_sim::testing
