// The plug is pulled, the line goes silent, or the board restarts, after every byte of every exchange. Each
// time the request is answered, and the hypervisor is ready again by itself.

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "bench.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using firmware::LinkState;
using protocol::Json;
using protocol::Status;

enum class Accident { cut, silence, restart };
constexpr std::string_view accident_names[] = {"the port goes", "the line goes silent", "the board restarts"};
enum class Way { to_board, from_board };

/// How long the way back may take, whatever happened: the longest silence that is waited out (a calibration's
/// 16 s, or 12 s for a board that never says a word), the pause before opening (3 s), and twice a start of a
/// board with its idle report (6 s).
constexpr Duration back_again = 60s;

/// A board whose line has an accident behind a byte.
class UnluckyBoard final : public BoardDouble {
 public:
  explicit UnluckyBoard(firmware_sim::BoardOptions options) : board_(std::move(options)) {
    board_.send = [this](std::string_view bytes) { pass(Way::from_board, bytes); };
  }

  /// From now on bytes are counted, and behind number `byte` of this way (1 is the first) it happens.
  void arm(Way way, std::size_t byte, Accident accident) { way_ = way, left_ = byte, accident_ = accident; }
  [[nodiscard]] bool happened() const { return happened_; }
  /// What a cut port is to the host.
  std::function<void()> unplug;

  void opened(Instant now) override {
    now_ = now;
    silent_ = false;
    board_.opened(now);
  }
  void receive(std::string_view bytes, Instant now) override {
    now_ = now;
    pass(Way::to_board, bytes);
  }
  [[nodiscard]] Instant next() const override { return board_.next(); }
  void advance(Instant now) override {
    now_ = now;
    board_.advance(now);
    // Not from inside the board's own work.
    if (std::exchange(restart_, false)) board_.reset(now);
  }

  std::size_t sent = 0, received = 0;

 private:
  void pass(Way way, std::string_view bytes) {
    (way == Way::to_board ? received : sent) += bytes.size();
    const bool here = left_ > 0 && way == way_ && bytes.size() >= left_;
    const auto before = bytes.substr(0, here ? left_ : bytes.size());
    if (left_ > 0 && way == way_ && !here) left_ -= bytes.size();
    forward(way, before);
    if (!here) return;
    left_ = 0;
    happen();
    if (accident_ == Accident::restart && way == Way::from_board) return;  // the rest was never said
    forward(way, bytes.substr(before.size()));
  }
  void forward(Way way, std::string_view bytes) {
    if (silent_ || bytes.empty()) return;
    if (way == Way::from_board)
      send(bytes);
    else
      board_.receive(bytes, now_);
  }
  void happen() {
    happened_ = true;
    switch (accident_) {
      case Accident::cut:
        silent_ = true;
        return unplug();
      case Accident::silence:
        silent_ = true;
        return;
      case Accident::restart:
        restart_ = true;
        return;
    }
  }

  SimulatedBoard board_;
  Instant now_{};
  Way way_{};
  std::size_t left_ = 0;
  Accident accident_{};
  bool silent_ = false, restart_ = false, happened_ = false;
};

/// A request, on a garden bot that is ready; none: the start itself.
struct Exchange {
  const char* name;
  const char* operation;
  Json fields;
};

firmware_sim::BoardOptions small_garden() {
  auto options = garden();
  for (const auto axis : firmware_sim::all_axes) {
    options.machine.axes[firmware_sim::index(axis)].length_mm = 30;
    options.machine.axes[firmware_sim::index(axis)].start_mm = axis == firmware_sim::AxisName::z ? -3 : 3;
  }
  return options;
}

Json quick_parameters() {
  auto parameters = garden_parameters();
  for (const auto* axis : {"x", "y", "z"}) parameters[std::format("movement_timeout_{}", axis)] = 10;
  return parameters;
}

/// One run. Returns how many bytes went each way.
std::pair<std::size_t, std::size_t> run(const Exchange& exchange, Way way, std::size_t byte,
                                        Accident accident) {
  UnluckyBoard board(small_garden());
  Bench bench(board, quick_parameters());
  bool cut = false;
  board.unplug = [&] {
    cut = true;
    bench.unplug();
  };
  const bool at_start = exchange.operation == nullptr;
  if (!at_start && !bench.run_until_ready()) return {};
  board.sent = board.received = 0;
  board.arm(way, byte, accident);
  std::optional<Call> call;
  if (!at_start) call = bench.start(exchange.operation, exchange.fields);
  const auto done = [&] {
    return at_start ? bench.hypervisor.link().state() == LinkState::ready : call->answered();
  };
  bench.run_until([&] { return board.happened() || done(); }, 3min);
  const std::pair counted{board.received, board.sent};
  if (byte == 0) {
    CHECK((at_start || call->ok()));
    return counted;
  }
  INFO(exchange.name << ": " << accident_names[static_cast<int>(accident)] << " after byte " << byte
                     << (way == Way::to_board ? " to" : " from") << " the board");
  if (cut) {
    bench.run_for(1s);
    bench.plug();
  }
  const auto begin = bench.now();
  const bool answered = bench.run_until([&] { return at_start || call->answered(); }, back_again);
  if (!answered) FAIL("the request was not answered");
  const bool ready =
      bench.run_until([&] { return bench.hypervisor.link().state() == LinkState::ready; }, back_again);
  if (!ready || bench.now() - begin > back_again) FAIL("it is not ready again");
  // A board that started anew without a word is noticed by its next idle report, one that is gone by two that
  // do not come.
  bench.run_for(12s);
  if (!bench.run_until([&] { return bench.hypervisor.link().quiet(); }, back_again))
    FAIL("it does not come to rest");
  if (bench.hypervisor.link().lock().engaged()) FAIL("it is locked, and nobody asked for that");
  const auto read = bench.call("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}});
  if (!read.ok()) FAIL("it does not work again: " + read.message());
  return counted;
}

// Every byte to the board and every `stride`-th from it, every accident, both ways.
void pull_the_plug_in(const Exchange& exchange, std::size_t stride) {
  const auto [to_board, from_board] = run(exchange, Way::to_board, 0, Accident::cut);
  REQUIRE(to_board > 0);
  REQUIRE(from_board > 0);
  for (const auto accident : {Accident::cut, Accident::silence, Accident::restart}) {
    for (std::size_t byte = 1; byte <= to_board; ++byte) run(exchange, Way::to_board, byte, accident);
    for (std::size_t byte = 1; byte <= from_board; byte += stride)
      run(exchange, Way::from_board, byte, accident);
  }
}

TEST_CASE("the plug is pulled at any byte of a start") {
  pull_the_plug_in({"the start", nullptr, {}}, 41);
}
TEST_CASE("the plug is pulled at any byte of a move") {
  pull_the_plug_in({"a move", "SYS.MOVE_RELATIVE", {{"x", 10}, {"y", 0}, {"z", 0}}}, 3);
}
TEST_CASE("the plug is pulled at any byte of a homing") {
  pull_the_plug_in({"finding home", "SYS.FIND_HOME", {{"axis", 0}}}, 13);
}
TEST_CASE("the plug is pulled at any byte of a calibration") {
  pull_the_plug_in({"a calibration", "SYS.CALIBRATE", {{"axis", 0}}}, 29);
}
TEST_CASE("the plug is pulled at any byte of writing a pin") {
  pull_the_plug_in({"writing a pin", "SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}}}, 1);
}
TEST_CASE("the plug is pulled at any byte of writing a parameter") {
  pull_the_plug_in({"writing a parameter",
                    "SYS.CONFIG_UPDATE",
                    {{"package", 0}, {"config", "movement_max_spd_x"}, {"value", 500}}},
                   1);
}

}  // namespace
}  // namespace celeriac::hal::testing
