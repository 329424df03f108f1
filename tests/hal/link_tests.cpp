// The link from closed to ready and through everything that can happen to it, with a scripted board.

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "bench.hpp"
#include "scripted_board.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
using firmware::LinkState;
using protocol::Status;
using Lines = std::vector<std::string>;

const protocol::Json to_ten = {{"x", 10}, {"y", 0}, {"z", 0}};

TEST_CASE("a board that boots is configured and becomes ready") {
  ScriptedBoard board;
  Bench bench(board, {{"movement_max_spd_x", 500}});
  REQUIRE(bench.run_until_ready());
  CHECK(board.count("F20") == 1);  // its boot lines showed no parameters
  CHECK(board.count("F22 P71.00 V500.00") == 1);
  CHECK(board.count("F22 P2.00 V1.00") == 1);
  CHECK(board.heard.back().starts_with("F82"));
  CHECK(board.count("F83") == 1);
  bench.run_for(100ms);
  const auto& firmware = bench.registers.value("firmware");
  CHECK(firmware["state"] == "ready");
  CHECK(firmware["version"] == "6.6.23.R.genesisK12");
  CHECK(firmware["board"] == "RAMPS 1.4");
  CHECK(bench.registers.value("position") == protocol::Json{{"x", 0.0}, {"y", 0.0}, {"z", 0.0}});
}

TEST_CASE("parameters that the board has already are not written again") {
  ScriptedBoard board;
  Bench bench(board, {{"movement_home_up_x", 0}, {"movement_max_spd_y", 7}});
  REQUIRE(bench.run_until_ready());
  CHECK(board.count("F22 P51") == 0);
  CHECK(board.count("F22 P72.00 V7.00") == 1);
}

TEST_CASE("a parameter that the board does not take is reported and keeps nobody offline") {
  ScriptedBoard board;
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F22 P71")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R99 Error: invalid parameter id", "R02 Q{Q}"};
  };
  Bench bench(board, {{"movement_max_spd_x", 500}});
  REQUIRE(bench.run_until_ready());
  CHECK(bench.logged("movement_max_spd_x"));
}

TEST_CASE("a board that was running is taken over by its idle report") {
  ScriptedBoard board;
  board.boots_on_open = false;
  Bench bench(board);
  const auto begin = bench.now();
  REQUIRE(bench.run_until_ready());
  CHECK(bench.now() - begin < 6s);
}

TEST_CASE("an idle report right after the opening waits for boot lines that may still come") {
  ScriptedBoard board;
  board.boot_time = 1500ms;
  Bench bench(board);
  bench.run_for(10ms);
  board.say("R00 Q0\r\nR82 X5.00 Y0.00 Z0.00 Q0\r\n");
  bench.run_for(1s);
  CHECK(bench.hypervisor.link().state() == LinkState::wait_boot);
  CHECK(board.heard.empty());
  REQUIRE(bench.run_until_ready());
}

TEST_CASE("requests while there is no board are answered offline at once, with the port") {
  ScriptedBoard board;
  board.silent = true;
  Bench bench(board);
  for (const auto* operation : {"SYS.MOVE_ABSOLUTE", "SYS.HOME"}) {
    const auto call =
        bench.start(operation, operation == std::string("SYS.HOME") ? protocol::Json{{"axis", 0}} : to_ten);
    REQUIRE(call.answered());
    CHECK(call.status() == Status::offline);
    CHECK(call.message().find("memory") != std::string::npos);
  }
}

TEST_CASE("a silent port is closed and opened again, with a pause that grows") {
  ScriptedBoard board;
  board.silent = true;
  Bench bench(board);
  bench.run_for(60s);
  CHECK(bench.openings >= 4);
  CHECK(bench.openings <= 6);
  board.silent = false;
  REQUIRE(bench.run_until_ready());
}

TEST_CASE("a port that gives only garbage is no board") {
  ScriptedBoard board;
  board.boots_on_open = false;
  board.reports = false;
  Bench bench(board);
  for (int i = 0; i < 20; ++i) {
    board.later(10ms * i, std::string(300, '\xaa') + "\n");
  }
  bench.run_for(250ms);
  CHECK(bench.logged("not a FarmBot board"));
}

TEST_CASE("garbage between good lines does no harm") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.say("\x01\x02\xff\n\nhome\r\nR99\r\nR82 X1.0");
  bench.run_for(2s);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).ok());
}

TEST_CASE("lines that come byte by byte are lines") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [&](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F42")) return std::nullopt;
    const auto q = line.substr(line.find(" Q") + 2);
    const auto text = std::format("R08 *{}*\r\nR01 Q{}\r\nR41 P59 V512 Q{}\r\nR02 Q{}\r\n", line, q, q, q);
    for (std::size_t i = 0; i < text.size(); ++i) board.later(1ms + 90us * i, std::string(1, text[i]));
    return Lines{};
  };
  const auto call = bench.call("SYS.READ_PIN", {{"pin", 59}, {"mode", 1}});
  REQUIRE(call.ok());
  CHECK(call.done().value == 512);
}

TEST_CASE("exactly one command is on the line at any time") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [](const std::string&) { return Lines{}; };  // it takes its time
  std::vector<Call> calls;
  for (int i = 0; i < 10; ++i)
    calls.push_back(bench.start("SYS.MOVE_ABSOLUTE", to_ten, {1, protocol::Channel(i)}));
  bench.run_for(300ms);
  CHECK(board.heard.size() == 1);
}

TEST_CASE("Q counts from 1 to 999 and begins again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  for (int i = 0; i < 1005; ++i) REQUIRE(bench.call("SYS.READ_PIN", {{"pin", 8}, {"mode", 0}}).ok());
  CHECK(std::ranges::any_of(board.heard, [](const auto& line) { return line.ends_with(" Q999"); }));
  CHECK(std::ranges::none_of(
      board.heard, [](const auto& line) { return line.ends_with(" Q0") || line.ends_with(" Q1000"); }));
}

TEST_CASE("an answer with a foreign Q is not ours") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R02 Q0", "R02 Q998"};
  };
  const auto call = bench.start("SYS.MOVE_ABSOLUTE", to_ten);
  bench.run_for(1s);
  CHECK_FALSE(call.answered());
}

TEST_CASE("R09 is the final answer of a command that the board does not know") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("F61")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R09 Q{Q}"};
  };
  const auto call = bench.call("SYS.SET_SERVO_ANGLE", {{"pin", 4}, {"angle", 90}});
  CHECK(call.status() == Status::hardware_fault);
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).ok());
}

TEST_CASE("R88 is answered by approving, and the move is sent once more") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  bool approved = false;
  board.answer = [&](const std::string& line) -> std::optional<Lines> {
    if (line.starts_with("F22 P2.00 V1.00")) approved = true;
    if (!line.starts_with("G00") || approved) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R88 Q{Q}"};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).ok());
  CHECK(board.count("G00") == 2);
}

TEST_CASE("a board that never approves fails the move after one retry") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.answer = [&](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R88 Q{Q}"};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).status() == Status::hardware_fault);
  CHECK(board.count("G00") == 2);
}

TEST_CASE("a line that is lost on its way is sent once more") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  bool lost = false;
  board.answer = [&](const std::string&) -> std::optional<Lines> {
    if (std::exchange(lost, true)) return std::nullopt;
    return Lines{};
  };
  CHECK(bench.call("SYS.MOVE_ABSOLUTE", to_ten).ok());
  CHECK(board.count("G00") == 2);
}

TEST_CASE("a board that falls silent in mid-move fails it with timeout, and is opened again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R04 Q{Q}"};
  };
  board.reports = false;
  const auto call = bench.call("SYS.MOVE_ABSOLUTE", to_ten);
  CHECK(call.status() == Status::timeout);
  CHECK(call.message().find("memory") != std::string::npos);
  board.answer = nullptr;
  board.reports = true;
  REQUIRE(bench.run_until_ready());
  CHECK(bench.openings == 2);
}

TEST_CASE("a board that falls silent while idle is noticed within two idle periods") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.silent = true;
  bench.run_for(12s);
  CHECK(bench.logged("while idle"));
}

TEST_CASE("a restart of the board in mid-move fails the move, forgets the position and configures again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string& line) -> std::optional<Lines> {
    if (!line.starts_with("G00")) return std::nullopt;
    return Lines{"R08 *" + line + "*", "R01 Q{Q}", "R82 X1.00 Y0.00 Z0.00 Q{Q}"};
  };
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", to_ten, {1, protocol::Channel{1}});
  const auto waiting = bench.start("SYS.MOVE_ABSOLUTE", to_ten, {1, protocol::Channel{2}});
  bench.run_for(500ms);
  board.heard.clear();
  board.boot_time = 100ms;
  board.boot();
  REQUIRE(bench.run_until([&] { return move.answered() && waiting.answered(); }));
  CHECK(move.status() == Status::hardware_fault);
  CHECK(move.message().find("restarted during the move") != std::string::npos);
  CHECK(waiting.status() == Status::hardware_fault);
  CHECK_FALSE(bench.hypervisor.link().board().position_known());
  board.answer = nullptr;
  REQUIRE(bench.run_until_ready());
  CHECK(board.count("F22 P2.00 V1.00") == 1);
  CHECK(bench.openings == 1);
}

TEST_CASE("a board that forgot its approval unseen is configured again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.heard.clear();
  board.say("R00 Q0\r\nR82 X0.00 Y0.00 Z0.00 Q0\r\nR88 Q0\r\n");
  bench.run_for(1s);
  CHECK(board.count("F22 P2.00 V1.00") == 1);
  CHECK(bench.hypervisor.link().state() == LinkState::ready);
}

TEST_CASE("a port that goes fails everything with offline, and comes back by itself") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.answer = [](const std::string&) { return Lines{}; };
  const auto move = bench.start("SYS.MOVE_ABSOLUTE", to_ten, {1, protocol::Channel{1}});
  const auto waiting = bench.start("SYS.READ_PIN", {{"pin", 8}, {"mode", 0}}, {1, protocol::Channel{2}});
  bench.run_for(100ms);
  bench.unplug();
  REQUIRE(bench.run_until([&] { return move.answered() && waiting.answered(); }, 1s));
  CHECK(move.status() == Status::offline);
  CHECK(waiting.status() == Status::offline);
  bench.run_for(30s);
  CHECK(bench.registers.value("firmware")["state"] == "offline");
  CHECK(bench.registers.value("position")["x"].is_null());
  board.answer = nullptr;
  bench.plug();
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.MOVE_RELATIVE", to_ten).ok());  // how far the first one came nobody knows
}

TEST_CASE("pulling the plug at any byte of the start-up ends in a link that comes back") {
  for (int cut = 0; cut < 400; cut += 7) {
    ScriptedBoard board;
    Bench bench(board);
    bench.run_for(1ms * (290 + cut / 4));
    bench.unplug();
    bench.run_for(1s);
    CHECK(bench.hypervisor.link().state() == LinkState::closed);
    bench.plug();
    REQUIRE(bench.run_until_ready());
  }
}

TEST_CASE("a move that nobody asked for is stopped before anything else") {
  ScriptedBoard board;
  board.boots_on_open = false;
  board.reports = false;
  bool stopped = false;
  board.on_byte = [&](char byte) { stopped |= byte == '@'; };
  Bench bench(board);
  bench.run_for(1ms);
  board.say("R04 Q12\r\n");
  bench.run_for(100ms);
  CHECK(stopped);
}

TEST_CASE("reboot closes the port, and answers when the board is ready again") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  CHECK(bench.call("SYS.REBOOT", {{"package", 0}}).ok());
  CHECK(bench.openings == 2);
  CHECK(bench.call("SYS.REBOOT", {{"package", 1}}).status() == Status::unknown_operation);
}

TEST_CASE("a reboot after which no board comes back says so") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.silent = true;
  CHECK(bench.call("SYS.REBOOT").status() == Status::timeout);
}

TEST_CASE("a move that the board begins after it was given up is stopped") {
  ScriptedBoard board;
  Bench bench(board);
  REQUIRE(bench.run_until_ready());
  board.on_byte = [](char) {};
  board.heard.clear();
  board.say("R04 Q777\r\n");
  board.say("R82 X5.00 Y0.00 Z0.00 Q777\r\n");
  bench.run_for(100ms);
  CHECK(board.count("@") == 1);
  CHECK(bench.logged("came late and was given up"));
}

}  // namespace
}  // namespace celeriac::hal::testing
