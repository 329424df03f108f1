// Leases, fail-safe outputs and hold-to-move: nobody gets hurt, nothing is flooded.

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "scripted_board.hpp"
#include "simulated_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Json;
using protocol::Status;

const Json valve_on = {{"pin", 8}, {"value", 1}, {"mode", 0}};
const Json valve_off = {{"pin", 8}, {"value", 0}, {"mode", 0}};
const Json far_away = {{"x", 200}, {"y", 0}, {"z", 0}};
constexpr Owner somebody{7, protocol::Channel{1}};

/// A board on a desk, ready.
struct Desk {
  explicit Desk(std::filesystem::path dir = {}) : bench(board, Json::object(), std::move(dir)) {
    REQUIRE(bench.run_until_ready());
  }
  [[nodiscard]] bool valve() { return board.board().pin(8); }
  [[nodiscard]] Json output() { return bench.hypervisor.status()["outputs"]["8"]; }
  [[nodiscard]] double x() { return board.board().machine().position_mm(firmware_sim::AxisName::x); }

  SimulatedBoard board;
  Bench bench;
};

// ---- outputs ----

TEST_CASE("a water valve goes off when the session that switched it on ends") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  CHECK(desk.valve());
  CHECK(desk.output()["on"] == true);
  desk.bench.hypervisor.stream_closed(somebody.session);
  CHECK(desk.bench.run_until([&] { return !desk.valve(); }, 1s));
  desk.bench.run_for(100ms);
  CHECK(desk.output()["on"] == false);
  CHECK(desk.bench.logged("The client that asked for it has gone: the water valve (pin 8) is switched off."));
}

TEST_CASE("an ordinary pin stays as it is when its session ends") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", {{"pin", 13}, {"value", 1}, {"mode", 0}}, somebody).ok());
  desk.bench.hypervisor.stream_closed(somebody.session);
  desk.bench.run_for(10s);
  CHECK(desk.board.board().pin(13));
}

TEST_CASE("an output goes off after its longest time, also during a move, which is stopped for it") {
  Desk desk;
  REQUIRE(desk.bench
              .call("SYS.CONFIG_UPDATE", {{"package", 1},
                                          {"config", "output.8"},
                                          {"value", {{"name", "drip line"}, {"longest_on_s", 5}}}})
              .ok());
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  const auto since = desk.bench.now();
  const auto move = desk.bench.start("SYS.MOVE_ABSOLUTE", {{"x", 2000}, {"y", 0}, {"z", 0}}, somebody);
  REQUIRE(desk.bench.run_until([&] { return !desk.valve(); }));
  CHECK(desk.bench.now() - since > 4900ms);
  CHECK(desk.bench.now() - since < 5600ms);
  CHECK(move.status() == Status::cancelled);
  CHECK(move.message().find("the drip line (pin 8) had to be switched off") != std::string::npos);
}

TEST_CASE("writing again does not make the time longer, switching off ends it") {
  Desk desk;
  REQUIRE(
      desk.bench
          .call("SYS.CONFIG_UPDATE",
                {{"package", 1}, {"config", "output.8"}, {"value", {{"name", "valve"}, {"longest_on_s", 5}}}})
          .ok());
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on).ok());
  desk.bench.run_for(3s);
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on).ok());
  CHECK(desk.bench.run_until([&] { return !desk.valve(); }, 3s));
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on).ok());
  desk.bench.run_for(4s);
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_off).ok());
  desk.bench.run_for(1100ms);  // the board's own guard looks once a second
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on).ok());
  desk.bench.run_for(4s);
  CHECK(desk.valve());
}

TEST_CASE("PWM and toggling switch an output on as well") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.TOGGLE_PIN", {{"pin", 8}}, somebody).ok());
  CHECK(desk.output()["on"] == true);
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", {{"pin", 9}, {"value", 128}, {"mode", 1}}, somebody).ok());
  CHECK(desk.bench.hypervisor.status()["outputs"]["9"]["on"] == true);
  desk.bench.hypervisor.stream_closed(somebody.session);
  desk.bench.run_for(1s);
  CHECK_FALSE(desk.valve());
  CHECK(desk.bench.hypervisor.status()["outputs"]["9"]["on"] == false);
}

TEST_CASE("the intent to switch an output on is on the disk before the byte goes out") {
  Folder folder;
  ScriptedBoard board;
  Bench bench(board, Json::object(), folder.path());
  REQUIRE(bench.run_until_ready());
  std::optional<Json> on_disk;
  board.answer = [&](const std::string& line) -> std::optional<std::vector<std::string>> {
    if (line.starts_with("F41 P8.00 V1.00") && !on_disk)
      on_disk = Json::parse(std::ifstream(folder.path() / "outputs.json"), nullptr, false);
    return std::nullopt;
  };
  REQUIRE(bench.call("SYS.WRITE_PIN", valve_on).answered());
  REQUIRE(on_disk);
  CHECK((*on_disk)["output.8"].is_number());
}

TEST_CASE("a disk that takes no intent keeps the output off, and the sentence says why") {
  Folder folder;
  ScriptedBoard board;
  Bench bench(board, Json::object(), folder.path());
  REQUIRE(bench.run_until_ready());
  std::filesystem::create_directory(folder.path() / "outputs.json.new");  // in the way of the new file
  board.heard.clear();
  const auto call = bench.call("SYS.WRITE_PIN", valve_on);
  CHECK(call.status() == Status::failed);
  CHECK(call.message().find("it was not switched on") != std::string::npos);
  CHECK(board.count("F41 P8.00 V1.00 M0.00") == 0);
}

TEST_CASE("at start every fail-safe output is driven safe before any other command") {
  Folder folder;
  std::ofstream(folder.path() / "outputs.json") << R"({"output.10": 1700000000000})";
  ScriptedBoard board;
  Bench bench(board, {{"movement_max_spd_x", 900}}, folder.path());
  REQUIRE(bench.run_until_ready());
  std::vector<std::string> first;
  for (const auto& line : board.heard)
    if (line.starts_with("F41") || line.starts_with("F22")) first.push_back(line.substr(0, line.find(" Q")));
  REQUIRE(first.size() > 3);
  CHECK(std::vector(first.begin(), first.begin() + 3) ==
        std::vector<std::string>{"F41 P8.00 V0.00 M0.00", "F41 P9.00 V0.00 M0.00", "F41 P10.00 V0.00 M0.00"});
}

TEST_CASE("the board's own guards watch the outputs for the case that the host dies") {
  Desk desk;
  const auto read = [&](const char* name) {
    return (*desk.bench.call("SYS.CONFIG_READ", {{"package", 0}, {"config", name}}).done().document)[name];
  };
  CHECK(read("pin_guard_1_pin_nr") == 8);
  CHECK(read("pin_guard_1_time_out") == 605);
  CHECK(read("pin_guard_2_pin_nr") == 9);
  REQUIRE(desk.bench.call("SYS.CONFIG_UPDATE", {{"package", 1}, {"config", "output.8"}, {"value", nullptr}})
              .ok());
  CHECK(read("pin_guard_1_pin_nr") == 9);
  CHECK(read("pin_guard_2_pin_nr") == 0);
}

TEST_CASE("what is no output, or cannot be one, is refused by name") {
  Desk desk;
  const auto set = [&](const char* config, Json value) {
    return desk.bench.call("SYS.CONFIG_UPDATE", {{"package", 1}, {"config", config}, {"value", value}});
  };
  CHECK(set("output.99", nullptr).status() == Status::not_found);
  CHECK(set("output.8", 5).status() == Status::malformed);
  CHECK(set("output.8", {{"name", "valve"}, {"longest_on_s", 0}}).message().find("longest_on_s") == 0);
  CHECK(set("output.8", {{"name", "valve"}, {"safe_value", 1}}).message().find("safe_value must be 0") == 0);
}

TEST_CASE("a program's output goes off when it is released, or becomes its session's own") {
  Desk desk;
  const Owner program{7, protocol::Channel{1}, 42};
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, program).ok());
  REQUIRE(desk.bench.call("SYS.RELEASE", {{"keep_outputs", true}}, program).ok());
  desk.bench.run_for(5s);
  CHECK(desk.valve());
  REQUIRE(desk.bench.call("SYS.RELEASE", Json::object(), program).ok());
  desk.bench.run_for(5s);
  CHECK(desk.valve());  // it is not the program's any more
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, program).ok());
  REQUIRE(desk.bench.call("SYS.RELEASE", Json::object(), program).ok());
  CHECK(desk.bench.run_until([&] { return !desk.valve(); }, 1s));
}

TEST_CASE(
    "an output that is on when the board never heard of the emergency stop is switched off at the unlock") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  REQUIRE(bench.call("SYS.WRITE_PIN", valve_on).ok());
  board.on_byte = [](char) {};  // deaf to every 'E'
  const auto stop = bench.start("SYS.EMERGENCY_LOCK");
  board.heard.clear();
  bench.run_for(1s);
  CHECK_FALSE(stop.answered());
  CHECK(bench.hypervisor.status()["outputs"]["8"]["on"] == true);
  REQUIRE(bench.call("SYS.EMERGENCY_UNLOCK").ok());
  REQUIRE(bench.run_until([&] { return board.count("F41 P8.00 V0.00 M0.00") == 1; }, 2s));
}

// ---- leases ----

TEST_CASE("after its first keep-alive a session that falls silent loses its motion and its outputs") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  REQUIRE(desk.bench.call("SYS.KEEP_ALIVE", Json::object(), somebody).ok());
  const auto move = desk.bench.start("SYS.MOVE_ABSOLUTE", far_away, somebody);
  const auto next = desk.bench.start("SYS.MOVE_ABSOLUTE", far_away, {7, protocol::Channel{2}});
  for (int i = 0; i < 4; ++i) {
    desk.bench.run_for(500ms);
    REQUIRE(desk.bench.call("SYS.KEEP_ALIVE", Json::object(), somebody).ok());
  }
  CHECK_FALSE(move.answered());
  const auto last = desk.bench.now();
  REQUIRE(desk.bench.run_until([&] { return move.answered(); }));
  CHECK(desk.bench.now() - last < 1500ms);
  CHECK(move.message() == "The client that asked for it fell silent: its motion was stopped.");
  CHECK(next.status() == Status::cancelled);
  CHECK(desk.bench.run_until([&] { return !desk.valve(); }, 1s));
}

TEST_CASE(
    "a session that holds nothing may fall silent, and its silence counts again from its next request") {
  Desk desk;
  const auto says = [&] { return desk.bench.call("SYS.KEEP_ALIVE", Json::object(), somebody).done().value; };
  CHECK(says() == 0);
  desk.bench.run_for(60s);
  const auto begun = desk.bench.now();
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  CHECK(desk.valve());
  REQUIRE(desk.bench.run_until([&] { return !desk.valve(); }, 5s));
  CHECK(desk.bench.now() - begun < 1500ms);
  // Or from a keep-alive; it tells that something is held.
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  CHECK(says() == 1);
  REQUIRE(desk.bench.run_until([&] { return !desk.valve(); }, 5s));
}

TEST_CASE("who is kept alive and holds nothing wakes nobody") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.KEEP_ALIVE", Json::object(), somebody).ok());
  desk.bench.run_for(5s);
  CHECK_FALSE(desk.bench.logged("silent"));
}

TEST_CASE("a session without a keep-alive may be silent") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  desk.bench.run_for(60s);
  CHECK(desk.valve());
}

TEST_CASE("a session's silence is that of all for whom it speaks, a holder's only its own") {
  Desk desk;
  const Owner first{7, protocol::Channel{1}, 1}, second{7, protocol::Channel{2}, 2},
      vm{7, protocol::Channel{3}};
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, first).ok());
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", {{"pin", 9}, {"value", 1}, {"mode", 0}}, second).ok());
  REQUIRE(desk.bench.call("SYS.KEEP_ALIVE", Json::object(), second).ok());
  desk.bench.run_for(2s);
  CHECK(desk.valve());
  CHECK_FALSE(desk.board.board().pin(9));
  REQUIRE(desk.bench.call("SYS.KEEP_ALIVE", Json::object(), vm).ok());
  desk.bench.run_for(2s);
  CHECK_FALSE(desk.valve());
}

TEST_CASE("a move whose session ends is stopped with '@' at once") {
  Desk desk;
  const auto move = desk.bench.start("SYS.MOVE_ABSOLUTE", far_away, somebody);
  desk.bench.run_for(1s);
  desk.bench.hypervisor.stream_closed(somebody.session);
  CHECK(desk.bench.wire.back().second == "@");
  CHECK(desk.bench.now() == desk.bench.wire.back().first);
  REQUIRE(desk.bench.run_until([&] { return move.answered(); }, 1s));
}

TEST_CASE("more clients than are kept alive are told so") {
  Desk desk;
  for (std::uint64_t i = 0; i < safety::max_leases; ++i)
    REQUIRE(desk.bench.start("SYS.KEEP_ALIVE", Json::object(), {7, protocol::Channel{1}, i + 1}).ok());
  CHECK(desk.bench.start("SYS.KEEP_ALIVE", Json::object(), {8, protocol::Channel{1}}).status() ==
        Status::overloaded);
}

// ---- the end ----

TEST_CASE("a hypervisor that is asked to end stops what moves and switches off what is on, first") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.WRITE_PIN", valve_on, somebody).ok());
  const auto move = desk.bench.start("SYS.MOVE_ABSOLUTE", far_away, somebody);
  const auto next = desk.bench.start("SYS.HOME", {{"axis", 3}}, somebody);
  desk.bench.run_for(1s);
  bool rested = false;
  desk.bench.hypervisor.come_to_rest([&] { rested = true; });
  REQUIRE(desk.bench.run_until([&] { return rested; }, 1s));
  CHECK(move.message() == "The hypervisor is shutting down: its motion was stopped.");
  CHECK(next.status() == Status::cancelled);
  CHECK_FALSE(desk.valve());
  CHECK(desk.bench.call("SYS.HOME", {{"axis", 0}}, somebody).status() == Status::cancelled);
}

TEST_CASE("one that holds nothing is at rest at once, and one without a board too") {
  Desk desk;
  bool rested = false;
  desk.bench.unplug();
  desk.bench.hypervisor.come_to_rest([&] { rested = true; });
  CHECK(desk.bench.run_until([&] { return rested; }, 1s));
}

// ---- jogging ----

TEST_CASE("a jog lives as long as it is renewed") {
  Desk desk;
  const Json right = {{"x", 1}, {"speed", 50}};
  for (int i = 0; i < 30; ++i) {
    REQUIRE(desk.bench.call("SYS.JOG", right, somebody).ok());
    desk.bench.run_for(100ms);
  }
  const auto released = desk.x();
  CHECK(released > 10);
  const auto last = desk.bench.now();
  REQUIRE(desk.bench.run_until([&] { return desk.bench.wire.back().second == "@"; }, 1s));
  CHECK(desk.bench.now() - last <= 200ms);
  desk.bench.run_for(1s);
  const auto stopped = desk.x();
  desk.bench.run_for(2s);
  CHECK(desk.x() == stopped);
  CHECK(desk.bench.hypervisor.status()["busy"] == false);
}

TEST_CASE("a jog without directions ends it at once") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.JOG", {{"y", 1}}, somebody).ok());
  desk.bench.run_for(150ms);
  REQUIRE(desk.bench.call("SYS.JOG", Json::object(), somebody).ok());
  CHECK(desk.bench.wire.back().second == "@");
}

TEST_CASE("another direction stops the first and goes on in the new one") {
  Desk desk;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).ok());
    desk.bench.run_for(100ms);
  }
  const auto turned = desk.x();
  for (int i = 0; i < 20; ++i) {
    REQUIRE(desk.bench.call("SYS.JOG", {{"x", -1}}, somebody).ok());
    desk.bench.run_for(100ms);
  }
  CHECK(turned > 0);
  CHECK(desk.x() < turned);
}

TEST_CASE("a jog ends at the end of a known axis, and renewing it is no error") {
  Desk desk;
  REQUIRE(
      desk.bench
          .call("SYS.CONFIG_UPDATE", {{"package", 0}, {"config", "movement_axis_nr_steps_x"}, {"value", 100}})
          .ok());
  for (int i = 0; i < 40; ++i) {
    REQUIRE(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).ok());
    desk.bench.run_for(100ms);
  }
  CHECK(desk.x() == 20);
}

TEST_CASE("a jog waits for nobody and for nothing: at work, offline and locked refuse it") {
  Desk desk;
  const auto move = desk.bench.start("SYS.MOVE_ABSOLUTE", far_away, {8, protocol::Channel{1}});
  CHECK(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).status() == Status::wrong_state);
  REQUIRE(desk.bench.run_until([&] { return move.answered(); }));
  REQUIRE(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).ok());
  CHECK(desk.bench.call("SYS.JOG", {{"x", 1}}, {9, protocol::Channel{1}}).message() ==
        "Somebody else is moving the machine by hand.");
  REQUIRE(desk.bench.call("SYS.EMERGENCY_LOCK").ok());
  CHECK(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).status() == Status::locked);
  CHECK(desk.bench.call("SYS.JOG", {{"x", 0.5}}, somebody).status() == Status::malformed);
}

TEST_CASE("a jog of a session that ends is stopped") {
  Desk desk;
  REQUIRE(desk.bench.call("SYS.JOG", {{"x", 1}}, somebody).ok());
  desk.bench.run_for(150ms);
  desk.bench.hypervisor.stream_closed(somebody.session);
  CHECK(desk.bench.wire.back().second == "@");
  desk.bench.run_for(1s);
  CHECK(desk.bench.hypervisor.status()["busy"] == false);
}

}  // namespace
}  // namespace celeriac::hal::testing
