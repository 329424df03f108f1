#pragma once
// A board on a desk with virtual time: send a line, let time pass, look at what came. It is the twin's board;
// without a plan of faults nobody can tell.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/twin.hpp"

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
  /// With faults: lines of a plan, and a seed.
  static Bench faulty(BoardOptions options, std::string_view plan, std::uint64_t seed = 1);

  /// Waits until it has booted, and forgets the boot lines; `approve` sets P2 = 1 as well.
  void boot();
  void approve();
  /// A bench that has booted: the boot lines are gone.
  static Bench booted(BoardOptions options = {});
  /// `booted`, and P2 = 1.
  static Bench approved(BoardOptions options = {});

  Board& board() { return twin_->board(); }
  Twin& twin() { return *twin_; }
  /// One line of a plan of faults, or a fault at once.
  void fault(std::string_view line);
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
  /// Whether the port was there, each time that it changed.
  [[nodiscard]] const std::vector<bool>& port() const { return received_->port; }
  /// Everything that ever came, byte by byte.
  [[nodiscard]] const std::string& transcript() const { return transcript_; }
  [[nodiscard]] const std::vector<std::string>& events() const { return *events_; }
  /// How long the last `ask` took, from its LF on the wire.
  [[nodiscard]] Duration took() const { return took_; }

 private:
  explicit Bench(const TwinOptions& options);
  void step(Instant limit);

  std::unique_ptr<std::vector<std::string>> events_ = std::make_unique<std::vector<std::string>>();
  struct Received {
    std::string partial;
    std::string transcript;
    std::vector<Line> lines;
    std::vector<bool> port;
  };
  std::unique_ptr<Received> received_ = std::make_unique<Received>();
  std::unique_ptr<Twin> twin_;
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
