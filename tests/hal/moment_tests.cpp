// The moments between two things, found by the soak: a client that ends just as its request begins, outputs
// that are due just as the next request does.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Json;

const Json valve_on = {{"pin", 8}, {"value", 1}, {"mode", 0}};
constexpr Owner somebody{7, protocol::Channel{1}};

TEST_CASE("a valve that its vanishing client has just asked for again is off, and stays off") {
  SimulatedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  (void)bench.start("SYS.WRITE_PIN", valve_on, somebody);
  bench.hypervisor.stream_closed(somebody.session);
  bench.run_for(1s);
  CHECK(!board.board().pin(8));
  CHECK(bench.hypervisor.status()["outputs"]["8"]["on"] == false);
}

TEST_CASE("a valve whose client vanishes at any moment of switching it on is off soon") {
  for (auto moment = 0us; moment < 40ms; moment += 500us) {
    CAPTURE(moment.count());
    SimulatedBoard board;
    Bench bench(board);
    REQUIRE(bench.run_until_ready());
    REQUIRE(bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
    (void)bench.start("SYS.WRITE_PIN", valve_on, somebody);
    bench.run_for(moment);
    bench.hypervisor.stream_closed(somebody.session);
    bench.run_for(1s);
    REQUIRE(!board.board().pin(8));
  }
}

TEST_CASE("a move whose client vanishes in the moment of asking does not begin") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  const double before = board.board().machine().position_mm(firmware_sim::AxisName::x);
  (void)bench.start("SYS.MOVE_RELATIVE", {{"x", 100}, {"y", 0}, {"z", 0}}, somebody);
  bench.hypervisor.stream_closed(somebody.session);
  bench.run_for(10s);
  CHECK(std::abs(board.board().machine().position_mm(firmware_sim::AxisName::x) - before) < 1);
}

/// A board whose last boot line is always lost.
class LosesLastBootLine final : public BoardDouble {
 public:
  void opened(Instant now) override {
    inner_.send = [this](std::string_view text) {
      if (!text.contains("STARTUP COMPLETE")) send(text);
    };
    inner_.opened(now);
  }
  void receive(std::string_view bytes, Instant now) override { inner_.receive(bytes, now); }
  [[nodiscard]] Instant next() const override { return inner_.next(); }
  void advance(Instant now) override { inner_.advance(now); }

 private:
  SimulatedBoard inner_{{.profile = firmware_sim::find_profile("farmduino_k14")}};
};

TEST_CASE("a board that reports every half second is ready although the last line of its boot was lost") {
  LosesLastBootLine board;
  Bench bench(board);
  CHECK(bench.run_until_ready());
}

TEST_CASE("two outputs that are due shortly after each other go off before another move begins") {
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  REQUIRE(bench.run_until_ready());
  for (const char* output : {"output.8", "output.9"}) {
    REQUIRE(bench
                .call("SYS.CONFIG_UPDATE",
                      {{"package", 1},
                       {"config", output},
                       {"value", {{"name", output}, {"safe_value", 0}, {"longest_on_s", 3}}}})
                .ok());
  }
  REQUIRE(bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  bench.run_for(500ms);
  REQUIRE(bench.call("SYS.WRITE_PIN", {{"pin", 9}, {"value", 1}, {"mode", 0}}, somebody).ok());
  for (std::uint16_t channel = 10; channel < 14; ++channel)
    (void)bench.start("SYS.MOVE_RELATIVE", {{"x", 800}, {"y", 0}, {"z", 0}}, {7, protocol::Channel{channel}});
  bench.run_for(5s);
  CHECK(!board.board().pin(8));
  CHECK(!board.board().pin(9));
}

TEST_CASE("a move that waits for the line behind a stopped one does not begin when it is stopped as well") {
  for (auto moment = 0us; moment < 60ms; moment += 2ms) {
    CAPTURE(moment.count());
    SimulatedBoard board;
    Bench bench(board);
    REQUIRE(bench.run_until_ready());
    const Json right = {{"x", 500}, {"y", 0}, {"z", 0}};
    const auto first = bench.start("SYS.MOVE_RELATIVE", right, somebody);
    const auto second = bench.start("SYS.MOVE_RELATIVE", right, {8, protocol::Channel{1}});
    bench.run_for(1s);
    REQUIRE(bench.call("SYS.ABORT").ok());
    REQUIRE(bench.run_until([&] { return first.answered(); }, 1s));
    bench.run_for(moment);
    bench.hypervisor.stream_closed(8);
    REQUIRE(bench.run_until([&] { return second.answered(); }, 1s));
  }
}

TEST_CASE("an output that the board's own guard takes off just before it is switched on again counts as on") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [&](const std::string& line) -> std::optional<std::vector<std::string>> {
    if (!line.starts_with("F41 P8.00 V1.00")) return std::nullopt;
    board.pins[8] = 1;
    return std::vector<std::string>{"R08 *" + line + "*", "R41 P8 V0 Q0", "R01 Q{Q}", "R02 Q{Q}"};
  };
  REQUIRE(bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  CHECK(bench.hypervisor.status()["outputs"]["8"]["on"] == true);
  board.answer = nullptr;
  board.heard.clear();
  bench.hypervisor.stream_closed(somebody.session);
  CHECK(bench.run_until([&] { return board.count("F41 P8.00 V0.00 M0.00") == 1; }, 2s));
}

}  // namespace
}  // namespace celeriac::hal::testing
