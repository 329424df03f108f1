// One command and its answer, line by line, with the time given.

#include <catch2/catch_test_macros.hpp>

#include "hal/firmware/exchange.hpp"
#include "hal/firmware/faults.hpp"

namespace celeriac::hal::firmware {
namespace {

using namespace std::chrono_literals;
using Step = Exchange::Step;
using protocol::Status;

constexpr Instant start{};

/// An exchange with Q7, and the lines that it hears.
struct Talk {
  explicit Talk(Command command) : exchange(std::move(command), 5s, echo_patience) { exchange.sent(7, now); }
  Step hear(std::string_view text) {
    const auto reply = parse_reply(text);
    REQUIRE(reply);
    return exchange.take(*reply, now += 1ms);
  }
  Step wait(Duration time) { return exchange.tick(now += time); }
  /// Echo and R01.
  void begin() {
    auto text = line(exchange.command(), 7);
    text.pop_back();
    hear("R08 *" + text + "*");
    hear("R01 Q7");
  }
  Status ended() { return std::move(exchange).outcome().error().status; }

  Instant now = start;
  Exchange exchange;
};

Command some_move(std::chrono::milliseconds expected = 4s) {
  auto command = *move({10, 0, 0}, {400, 400, 400});
  command.expected = expected;
  return command;
}

TEST_CASE("a command ends with R02 of its own Q") {
  Talk talk(read_pin(59, 1));
  talk.begin();
  CHECK(talk.hear("R41 P59 V512 Q7") == Step::none);
  CHECK(talk.hear("R02 Q7") == Step::finished);
  const auto answer = std::move(talk.exchange).outcome();
  REQUIRE(answer);
  CHECK(answer->find(Code::pin, 59) == 512);
}

TEST_CASE("Q0 and foreign Q end nothing") {
  Talk talk(read_version());
  talk.begin();
  CHECK(talk.hear("R02 Q0") == Step::none);
  CHECK(talk.hear("R02 Q6") == Step::none);
  CHECK(talk.hear("R03 V31 Q8") == Step::none);
  CHECK(talk.hear("R02 Q7") == Step::finished);
}

TEST_CASE("R09, R87 and R88 before R01 are final answers") {
  struct Final {
    const char* line;
    Status status;
  };
  for (const auto& final : {Final{"R09 Q7", Status::hardware_fault}, Final{"R87 Q7", Status::locked},
                            Final{"R88 Q7", Status::hardware_fault}}) {
    Talk talk(some_move());
    talk.hear("R08 *G00 X10.00 Y0.00 Z0.00 A400.00 B400.00 C400.00 Q7*");
    CHECK(talk.hear(final.line) == Step::finished);
    CHECK(talk.ended() == final.status);
  }
}

TEST_CASE("R87 after R01 is an acknowledgement, and R03 V1 follows") {
  Talk talk(some_move());
  talk.begin();
  CHECK(talk.hear("R87 Q7") == Step::none);
  CHECK(talk.hear("R03 V1 Q7") == Step::finished);
  CHECK(talk.ended() == Status::locked);
}

TEST_CASE("errors of the board name axis and cause") {
  struct Case {
    const char* line;
    Status status;
    const char* words;
  };
  for (const auto& example : {Case{"R03 V31 Q7", Status::hardware_fault, "The x axis stalled"},
                              Case{"R03 V32 Q7", Status::hardware_fault, "y axis"},
                              Case{"R03 V33 Q7", Status::hardware_fault, "z axis"},
                              Case{"R03 V2 Q7", Status::timeout, "time limit"},
                              Case{"R03 V4 Q7", Status::hardware_fault, "calibrated"},
                              Case{"R03 V5 Q7", Status::cancelled, "Stopped"},
                              Case{"R03 V77 Q7", Status::hardware_fault, "error 77"}}) {
    Talk talk(some_move());
    talk.begin();
    CHECK(talk.hear(example.line) == Step::finished);
    const auto error = std::move(talk.exchange).outcome().error();
    CHECK(error.status == example.status);
    INFO(error.message);
    CHECK(error.message.find(example.words) != std::string::npos);
  }
}

TEST_CASE("an idle report that was on its way before the echo means nothing") {
  Talk talk(read_version());
  CHECK(talk.hear("R00 Q0") == Step::none);
  talk.begin();
  CHECK(talk.hear("R02 Q7") == Step::finished);
}

TEST_CASE("a line without an echo is sent once more after an idle report, and then given up") {
  Talk talk(read_version());
  CHECK(talk.wait(echo_patience) == Step::none);
  CHECK(talk.hear("R00 Q0") == Step::resend);
  talk.exchange.sent(8, talk.now);
  CHECK(talk.wait(echo_patience) == Step::none);
  CHECK(talk.hear("R00 Q0") == Step::finished);
}

TEST_CASE("no echo and no idle report within two periods and a second: the board is dead") {
  Talk talk(read_version());
  CHECK(talk.wait(echo_patience) == Step::none);
  CHECK(talk.wait(10s) == Step::none);
  CHECK(talk.wait(1s) == Step::dead);
}

TEST_CASE(
    "an idle report after R01 means that the answer was lost: a brief command is repeated, a move is not") {
  Talk brief(read_version());
  brief.begin();
  CHECK(brief.hear("R00 Q0") == Step::resend);
  Talk move(some_move());
  move.begin();
  CHECK(move.hear("R00 Q0") == Step::finished);
  CHECK(std::move(move.exchange).outcome().error().code == code::answer_lost);
}

TEST_CASE("a refusal that was lost is seen by the Q of the idle report") {
  Talk talk(read_version());
  talk.hear("R08 *F83 Q7*");
  CHECK(talk.hear("R00 Q7") == Step::resend);
}

TEST_CASE("a move whose echo shows another line is stopped and sent again") {
  Talk talk(some_move());
  talk.hear("R08 *G00 X1.00 Y0.00 Z0.00 A400.00 B400.00 C400.00 Q7*");
  CHECK(talk.hear("R01 Q7") == Step::abort);
  talk.hear("R86 Q7");
  CHECK(talk.hear("R03 V5 Q7") == Step::resend);
}

TEST_CASE("silence in the middle of a move is the end of the link") {
  Talk talk(some_move());
  talk.begin();
  CHECK(talk.wait(4s) == Step::none);
  CHECK(talk.wait(1s) == Step::dead);
}

TEST_CASE("every line restarts the watchdog of silence") {
  Talk talk(some_move(60s));
  talk.begin();
  for (int i = 0; i < 15; ++i) {
    talk.hear("R04 Q7");
    CHECK(talk.wait(4s) == Step::none);
  }
  CHECK(talk.hear("R02 Q7") == Step::finished);
}

TEST_CASE("a move that takes far too long is stopped, and the emergency stop follows if it does not obey") {
  Talk talk(some_move(4s));
  talk.begin();
  Step step = Step::none;
  for (int i = 0; i < 12 && step == Step::none; ++i) {
    talk.hear("R04 Q7");
    step = talk.wait(1s);
  }
  CHECK(talk.now - start > 10s);
  REQUIRE(step == Step::abort);
  int aborts = 0;
  for (; step != Step::stop && aborts < 50; ++aborts) step = talk.wait(abort_repeat);
  CHECK(aborts >= 3);
  CHECK(aborts <= 5);
}

TEST_CASE("the emergency stop follows an abort sooner where the board makes no long pauses") {
  for (const auto& [command, patience] :
       {std::pair{some_move(), 1000ms}, std::pair{find_home(Axis::x), 1500ms},
        std::pair{find_length(Axis::x), 2500ms}}) {
    auto endless = command;
    endless.expected = 10min;
    Talk talk(endless);
    talk.begin();
    REQUIRE(talk.exchange.request_abort(talk.now));
    const auto begin = talk.now;
    Step step = Step::none;
    while (step != Step::stop && talk.now - begin < 10s) step = talk.wait(abort_repeat);
    CHECK(step == Step::stop);
    CHECK(talk.now - begin >= patience);
    CHECK(talk.now - begin <= patience + abort_repeat);
  }
}

TEST_CASE("a move's axis timeout names the axes that ran into it, and what to set") {
  Talk talk(some_move());
  talk.begin();
  CHECK(talk.hear("R72") == Step::none);
  CHECK(talk.hear("R99 timeout Y axis") == Step::none);
  CHECK(talk.hear("R03 V2 Q7") == Step::finished);
  CHECK(talk.exchange.traces().timed_out == PerAxis<bool>{false, true, false});
  const auto error = std::move(talk.exchange).outcome().error();
  CHECK(error.status == Status::timeout);
  CHECK(error.code == code::axis_timeout);
  CHECK(error.message.starts_with("The y axis took longer than its time limit"));
  CHECK(error.message.contains("movement_timeout_y"));
  CHECK(error.details["axis"] == "y");
}

TEST_CASE("a calibration's failure says which of its causes it was") {
  struct Cause {
    std::vector<const char*> lines;
    const char* words;
  };
  for (const auto& cause :
       {Cause{{"R99 Calibration error: end stop active before start", "R03 V4 Q7"},
              "pressed before the start"},
        Cause{{"R71 Q7", "R99 timeout X axis", "R72 Q7", "R73 Q7", "R03 V4 Q7"}, "reached no end within"},
        Cause{{"R99 movement done after safety retry count reached", "R03 V1 Q7"},
              "hit something too often"}}) {
    Talk talk(find_length(Axis::x));
    talk.begin();
    Step step = Step::none;
    for (const auto* text : cause.lines) step = talk.hear(text);
    CHECK(step == Step::finished);
    const auto error = std::move(talk.exchange).outcome().error();
    INFO(error.message);
    CHECK(error.message.starts_with("The x axis "));
    CHECK(error.message.contains(cause.words));
    CHECK(error.details["axes"] == nlohmann::json::array({"x"}));
  }
}

TEST_CASE("a stall says how often the board tried") {
  Talk talk(some_move());
  talk.begin();
  talk.hear("R07 Q7");
  talk.hear("R07 Q7");
  talk.hear("R99 deactivate motor Z due to missed steps");
  talk.hear("R03 V33 Q7");
  const auto error = std::move(talk.exchange).outcome().error();
  CHECK(error.details["attempts"] == 3);
  CHECK(error.message.ends_with("The board tried 3 times."));
}

TEST_CASE("an old firmware's stall without an axis takes it from the text before") {
  Talk talk(some_move());
  talk.begin();
  talk.hear("R99 deactivate motor Y due to missed steps");
  talk.hear("R03 V3 Q7");
  CHECK(std::move(talk.exchange).outcome().error().message.starts_with("The y axis stalled"));
}

TEST_CASE("a driver that was set up again is remembered") {
  Talk talk(some_move());
  talk.begin();
  talk.hear("R99 reset motor Z");
  CHECK(talk.hear("R02 Q7") == Step::finished);
  CHECK(talk.exchange.traces().driver_reset == PerAxis<bool>{false, false, true});
}

TEST_CASE("a move whose R01 was lost on the line runs all the same, and can be aborted") {
  Talk talk(some_move());
  talk.hear("R08 *G00 X10.00 Y0.00 Z0.00 A400.00 B400.00 C400.00 Q7*");
  talk.hear("R05 X1 Q7");
  CHECK(talk.exchange.accepted());
  CHECK(talk.exchange.request_abort(talk.now));
}

TEST_CASE("missed steps are how a homing without end stops finds home, and no fault of it") {
  Talk talk(find_home(Axis::x));
  talk.begin();
  talk.hear("R99 deactivate motor X due to missed steps");
  talk.hear("R02 Q7");
  CHECK(talk.exchange.traces().missed_steps == PerAxis<bool>{});
}

TEST_CASE("homing tells how far beyond 0 home was, in both ways in which the board writes it") {
  for (const auto& [axis, text] : {std::pair{Axis::x, "R99 homing displaced X 60 / 12 Y 0 / 0 Z 0 / 0"},
                                   std::pair{Axis::y, "R99 homing displaced X 0 Y 12 Z 0 M 5 M 5"},
                                   std::pair{Axis::z, "R99 homing displaced X 0 / 0 Y 0 / 0 Z -300 / -12"}}) {
    Talk talk(find_home(axis));
    talk.begin();
    talk.hear(text);
    talk.hear("R99 homing displaced X 0 / 0 Y 0 / 0 Z 0 / 0");  // of a second round
    talk.hear("R02 Q7");
    CHECK(talk.exchange.traces().displacement_mm == -12.0);
  }
}

TEST_CASE("homing estimates how far before 0 the end stop was") {
  auto command = find_home(Axis::x);
  command.from_mm = 300;
  Talk talk(command);
  talk.begin();
  talk.hear("R05 X1 Q7");
  talk.now += 1s;
  talk.hear("R82 X200.00 Y0.00 Z0.00 Q7");
  talk.now += 400ms;
  talk.hear("R82 X160.00 Y0.00 Z0.00 Q7");  // 100 mm/s
  talk.now += 300ms;
  talk.hear("R99 stopped");
  talk.hear("R82 X0.00 Y0.00 Z0.00 Q7");
  talk.hear("R02 Q7");
  const auto found = talk.exchange.traces().displacement_mm;
  REQUIRE(found);
  CHECK(std::abs(*found - 130) < 1);
}

TEST_CASE("an axis that arrives at 0 in order was where it was believed") {
  auto command = find_home(Axis::x);
  command.from_mm = 20;
  Talk talk(command);
  talk.begin();
  talk.hear("R05 X1 Q7");
  talk.now += 400ms;
  talk.hear("R82 X12.00 Y0.00 Z0.00 Q7");
  talk.now += 400ms;
  talk.hear("R82 X2.00 Y0.00 Z0.00 Q7");
  talk.now += 200ms;
  talk.hear("R99 stopped");
  talk.hear("R02 Q7");
  CHECK(talk.exchange.traces().displacement_mm == 0.0);
}

TEST_CASE("a move that was stopped for taking too long ends with timeout") {
  Talk talk(some_move(4s));
  talk.begin();
  for (int i = 0; i < 12; ++i) {
    talk.hear("R04 Q7");
    talk.wait(1s);
  }
  CHECK(talk.hear("R03 V5 Q7") == Step::finished);
  CHECK(talk.ended() == Status::timeout);
}

TEST_CASE("homing without an end stop is stopped after the rounds that it may take") {
  auto command = find_home(Axis::x);
  command.timeouts_allowed = 2;
  command.expected = 10min;
  Talk talk(command);
  talk.begin();
  CHECK(talk.hear("R71") == Step::none);
  CHECK(talk.hear("R71") == Step::none);
  CHECK(talk.hear("R71") == Step::abort);
  CHECK(talk.hear("R03 V5 Q7") == Step::finished);
  const auto error = std::move(talk.exchange).outcome().error();
  CHECK(error.status == Status::hardware_fault);
  CHECK(error.message.find("The x axis reached no end stop") != std::string::npos);
}

TEST_CASE("an abort before R01 waits for it") {
  Talk talk(some_move());
  CHECK_FALSE(talk.exchange.request_abort(talk.now));
  talk.hear("R08 *G00 X10.00 Y0.00 Z0.00 A400.00 B400.00 C400.00 Q7*");
  CHECK(talk.hear("R01 Q7") == Step::abort);
  CHECK(talk.hear("R03 V5 Q7") == Step::finished);
  CHECK(talk.ended() == Status::cancelled);
}

TEST_CASE("brief commands cannot be aborted") {
  Talk talk(read_version());
  talk.begin();
  CHECK_FALSE(talk.exchange.request_abort(talk.now));
  CHECK(talk.hear("R02 Q7") == Step::finished);
}

TEST_CASE("a retry gives the move its time again") {
  Talk talk(some_move(4s));
  talk.begin();
  for (int i = 0; i < 10; ++i) {
    talk.hear("R04 Q7");
    CHECK(talk.wait(1s) == Step::none);
  }
  talk.hear("R07 Q7");
  for (int i = 0; i < 10; ++i) {
    talk.hear("R04 Q7");
    CHECK(talk.wait(1s) == Step::none);
  }
  CHECK(talk.hear("R02 Q7") == Step::finished);
}

TEST_CASE("an answer keeps a bounded number of values") {
  Talk talk(read_parameters());
  talk.begin();
  for (int i = 0; i < 1000; ++i) talk.hear("R21 P11 V1 Q7");
  CHECK(talk.hear("R02 Q7") == Step::finished);
  CHECK(std::move(talk.exchange).outcome()->values.size() == max_answer_values);
}

}  // namespace
}  // namespace celeriac::hal::firmware
