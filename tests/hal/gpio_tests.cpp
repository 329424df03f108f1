// The stop button, with a line that tests press.

#include <catch2/catch_test_macros.hpp>

#include "bench.hpp"
#include "hal/gpio/simulated_chips.hpp"
#include "hal/gpio/stop_button.hpp"
#include "hal/recording/replay.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using gpio::ButtonState;
using protocol::Json;
using protocol::Status;

const gpio::LineSpec normally_closed{.name = "estop_button",
                                     .chip = "fake",
                                     .line = "17",
                                     .role = gpio::Role::stop,
                                     .bias = gpio::Bias::pull_up};

struct WithButton {
  explicit WithButton(bool recorded = false) : bench(board, Json::object(), {}, recorded) {}
  void press(bool pressed) { REQUIRE(chips.press("estop_button", pressed)); }

  SimulatedBoard board;
  Bench bench;
  gpio::SimulatedChips chips{{normally_closed}};
  gpio::StopButton button{normally_closed, bench.timers, chips,
                          [this](ButtonState state) { bench.hypervisor.stop_button(std::move(state)); }};
};

TEST_CASE("pressing the stop button stops the machine in mid-move, as any client's emergency stop does") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  const auto move = with.bench.start("SYS.MOVE_ABSOLUTE", {{"x", 200}, {"y", 0}, {"z", 0}});
  with.bench.run_for(2s);
  const auto before = with.bench.now();
  with.press(true);
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
  with.press(true);
  with.bench.run_for(1s);
  const auto refused = with.bench.call("SYS.EMERGENCY_UNLOCK");
  CHECK(refused.status() == Status::locked);
  CHECK(refused.message().find("17 of fake") != std::string::npos);
  with.press(false);
  with.bench.run_for(1s);
  CHECK(with.bench.registers.value("locked") == true);  // releasing it is not unlocking
  CHECK(with.bench.call("SYS.EMERGENCY_UNLOCK").ok());
}

TEST_CASE("a stop button that is held at the start locks before anything moves") {
  WithButton with;
  with.press(true);
  with.button.start();
  with.bench.run_for(10s);
  CHECK(with.bench.registers.value("locked") == true);
  CHECK(with.bench.call("SYS.HOME", {{"axis", 0}}).status() == Status::locked);
}

TEST_CASE("a line that is not there is looked for again, said once, and shown in the status") {
  WithButton with;
  REQUIRE(with.chips.remove("estop_button"));
  with.button.start();
  with.bench.run_for(30s);
  CHECK(with.chips.asked_for() > 5);
  CHECK(std::ranges::count_if(*with.bench.log, [](const std::string& text) {
          return text.find("cannot be read") != text.npos;
        }) == 1);
  const auto status = with.bench.hypervisor.status()["stop_button"];
  CHECK(status["state"] == "missing");
  CHECK(status["trouble"].get<std::string>().find("no line 17 of fake") != std::string::npos);
  REQUIRE(with.chips.put_back("estop_button"));
  with.bench.run_for(5s);
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "released");
}

TEST_CASE("a line that goes away is reported, and found when it comes back") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.chips.remove("estop_button"));
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "missing");
  REQUIRE(with.chips.put_back("estop_button"));
  with.press(true);
  with.bench.run_for(5s);
  CHECK(with.bench.registers.value("locked") == true);
}

TEST_CASE("an edge that was lost stops the machine a little later") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.chips.change_silently("estop_button", true));
  with.bench.run_for(gpio::look_again + 100ms);
  CHECK(with.board.board().locked());
}

TEST_CASE("the shortest press stops, and bouncing contacts are one press") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  for (int bounce = 0; bounce < 5; ++bounce) {
    with.press(true);
    with.press(false);
    with.bench.run_for(1ms);
  }
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "held");
  with.bench.run_for(gpio::release_settle + 10ms);
  CHECK(with.bench.hypervisor.status()["stop_button"]["state"] == "released");
  CHECK(with.bench.registers.value("locked") == true);
  CHECK(std::ranges::count_if(*with.bench.log, [](const std::string& text) {
          return text.find("is pressed") != text.npos;
        }) == 1);
}

TEST_CASE("a broken wire stops") {
  WithButton with;
  with.button.start();
  REQUIRE(with.bench.run_until_ready());
  REQUIRE(with.chips.cut("estop_button"));
  with.bench.run_for(10ms);
  CHECK(with.bench.registers.value("locked") == true);
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
  with.press(true);
  with.bench.run_for(2s);
  with.bench.call("SYS.EMERGENCY_UNLOCK");
  with.press(false);
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
