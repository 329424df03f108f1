// The stop button, with a line that tests press.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "hal/gpio/stop_button.hpp"
#include "hal/recording/replay.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using gpio::ButtonState;
using gpio::parse_line_spec;
using protocol::Json;
using protocol::Result;
using protocol::Status;

/// A line with a hand on it.
class FakeLine final : public gpio::LineWatcher {
 public:
  Result<std::unique_ptr<gpio::WatchedLine>> watch(const gpio::LineSpec&, std::function<void()> changed,
                                                   std::function<void(std::string)> lost) override {
    ++looked_for;
    if (!there)
      return protocol::fail(Status::not_found, "There is no GPIO chip fake: this computer has none.");
    changed_ = std::move(changed);
    lost_ = std::move(lost);
    return std::make_unique<Watched>(*this);
  }
  void set(bool level) {
    active = level;
    changed_();
  }
  void take_away() {
    there = false;
    lost_("no such device");
  }

  bool there = true, active = false;
  int looked_for = 0;

 private:
  class Watched final : public gpio::WatchedLine {
   public:
    explicit Watched(FakeLine& line) : line_(line) {}
    Result<bool> active() override { return line_.active; }

   private:
    FakeLine& line_;
  };
  std::function<void()> changed_;
  std::function<void(std::string)> lost_;
};

struct WithButton {
  explicit WithButton(bool recorded = false) : bench(board, Json::object(), {}, recorded) {}
  SimulatedBoard board;
  Bench bench;
  FakeLine line;
  gpio::StopButton button{*parse_line_spec("fake:17"), bench.timers, line,
                          [this](ButtonState state) { bench.hypervisor.stop_button(std::move(state)); }};
};

TEST_CASE("a stop button is named by chip and line, with its wiring") {
  const auto plain = parse_line_spec("pinctrl-bcm2711:17");
  REQUIRE(plain);
  CHECK(plain->chip == "pinctrl-bcm2711");
  CHECK(plain->line == "17");
  CHECK(plain->active_high);
  const auto full = parse_line_spec("gpio:0:STOP,active=low,debounce=20");
  REQUIRE(full);
  CHECK(full->chip == "gpio:0");
  CHECK(full->line == "STOP");
  CHECK_FALSE(full->active_high);
  CHECK(full->debounce == 20ms);
}

TEST_CASE("a stop button that is not well described is refused with a sentence") {
  for (const auto* text :
       {"", "17", ":17", "chip:", "chip:17,active=maybe", "chip:17,debounce=", "chip:17,debounce=-1",
        "chip:17,debounce=101", "chip:17,debounce=5ms", "chip:17,colour=red"}) {
    const auto spec = parse_line_spec(text);
    INFO(text);
    REQUIRE_FALSE(spec);
    CHECK(spec.error().message.find("--stop-button") != std::string::npos);
  }
}

TEST_CASE("pressing the stop button stops the machine in mid-move, as any client's emergency stop does") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  const auto move = with.bench.start("SYS.MOVE_ABSOLUTE", {{"x", 200}, {"y", 0}, {"z", 0}});
  with.bench.run_for(2s);
  const auto before = with.bench.now();
  with.line.set(true);
  CHECK(with.bench.wire.back().second.starts_with("E"));
  CHECK(with.bench.wire.back().first == before);
  with.bench.run_for(100ms);
  CHECK(move.status() == Status::locked);
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "held");
  with.bench.run_for(1s);
  CHECK(with.board.board().locked());
}

TEST_CASE("while the stop button is held an unlock is refused, and names it") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  with.line.set(true);
  with.bench.run_for(1s);
  const auto refused = with.bench.call("SYS.EMERGENCY_UNLOCK");
  CHECK(refused.status() == Status::locked);
  CHECK(refused.message().find("17 of fake") != std::string::npos);
  with.line.set(false);
  with.bench.run_for(1s);
  CHECK(with.bench.registers.value("locked") == true);  // releasing it is not unlocking
  CHECK(with.bench.call("SYS.EMERGENCY_UNLOCK").ok());
}

TEST_CASE("a stop button that is held at the start locks before anything moves") {
  WithButton with;
  with.line.active = true;
  with.button.start();
  with.bench.run_for(10s);
  CHECK(with.bench.registers.value("locked") == true);
  CHECK(with.bench.call("SYS.HOME", {{"axis", 0}}).status() == Status::locked);
}

TEST_CASE("a line that is not there is looked for again, said once, and shown in the status") {
  WithButton with;
  with.line.there = false;
  with.button.start();
  with.bench.run_for(30s);
  CHECK(with.line.looked_for > 5);
  CHECK(std::ranges::count_if(*with.bench.log, [](const std::string& text) {
          return text.find("cannot be read") != text.npos;
        }) == 1);
  const auto status = with.bench.hypervisor.status()["stop_button"];
  CHECK(status["state"] == "missing");
  CHECK(status["trouble"].get<std::string>().find("no GPIO chip") != std::string::npos);
  with.line.there = true;
  with.bench.run_for(5s);
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "released");
}

TEST_CASE("a line that goes away is reported, and found when it comes back") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  with.line.take_away();
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "missing");
  with.line.there = true;
  with.line.active = true;
  with.bench.run_for(5s);
  CHECK(with.bench.registers.value("locked") == true);
}

TEST_CASE("an edge that was lost stops the machine a little later") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  with.line.active = true;  // and nobody says so
  with.bench.run_for(gpio::look_again + 100ms);
  CHECK(with.board.board().locked());
}

TEST_CASE("without a stop button the status says nothing of one") {
  SimulatedBoard board;
  Bench bench(board);
  CHECK_FALSE(bench.hypervisor.status().contains("stop_button"));
}

TEST_CASE("what a stop button did is replayed") {
  WithButton with(true);
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  with.line.set(true);
  with.bench.run_for(2s);
  with.bench.call("SYS.EMERGENCY_UNLOCK");
  with.line.set(false);
  with.bench.call("SYS.EMERGENCY_UNLOCK");
  with.bench.run_for(1s);
  with.bench.recording->finish([] {});
  with.bench.run_for(1ms);
  const auto replayed = recording::replay(
      recording::merged(with.bench.folder.path() / "trace", std::nullopt, protocol::now_milliseconds()));
  REQUIRE(replayed);
  INFO(recording::report(*replayed));
  CHECK_FALSE(replayed->difference);
  CHECK(replayed->requests == 2);
}

}  // namespace
}  // namespace celeriac::hal::testing
