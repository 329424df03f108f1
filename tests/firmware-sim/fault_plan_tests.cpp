#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>

#include "firmware-sim/faults/plan.hpp"

using namespace celeriac::firmware_sim;
using namespace std::chrono_literals;

namespace {

std::string wrong(std::string_view line) {
  const auto rule = parse_fault_rule(line);
  return rule ? "" : rule.error();
}

}  // namespace

TEST_CASE("A plan has a seed, a fault a line, and remarks") {
  const auto plan = parse_fault_plan(
      "# a bad day\n"
      "seed 42\n"
      "\n"
      "at 12.5s restart          # in mid-move\r\n"
      "on line \"G00\" byte 7 to-board drop\n"
      "every ~30s corrupt from-board 1 byte\n"
      "random rate 4/h of restart, unplug");
  REQUIRE(plan);
  CHECK(plan->seed == 42);
  REQUIRE(plan->rules.size() == 4);
  CHECK(plan->rules[0].trigger.kind == Trigger::Kind::at);
  CHECK(plan->rules[0].trigger.time == 12'500ms);
  CHECK(plan->rules[0].fault.kind == FaultKind::restart);
  CHECK(plan->rules[1].trigger.text == "G00");
  CHECK(plan->rules[1].trigger.byte == 7);
  CHECK(plan->rules[1].fault.direction == Direction::to_board);
  CHECK(plan->rules[2].trigger.kind == Trigger::Kind::about);
  CHECK(plan->rules[2].fault.kind == FaultKind::corrupt);
  CHECK(plan->rules[3].trigger.time == 15min);
  CHECK(plan->rules[3].kinds == std::vector{FaultKind::restart, FaultKind::unplug});
}

TEST_CASE("What a fault is, is said again in the same words") {
  for (const char* text : {"silence for 3s",
                           "silence to-board for 200ms",
                           "garbage from-board 12 bytes",
                           "duplicate to-board 1 byte",
                           "drop from-board 2 bytes",
                           "corrupt from-board 1 byte",
                           "delay to-board 3 bytes by 200ms",
                           "delay from-board by 50us for 2s",
                           "restart",
                           "brown-out",
                           "brown-out 12 steps for 1.5s",
                           "unplug for 60s",
                           "unplug without power for 3s",
                           "end-stop x min closed",
                           "end-stop z max open for 5s",
                           "obstacle y at 120.5 for 9s",
                           "jam z for 2s",
                           "load pin 8 on for 10s",
                           "load pin 9 off",
                           "slow 2.5 times for 10s",
                           "encoder x",
                           "encoder y for 30s",
                           "driver z",
                           "driver x for 1s"}) {
    CAPTURE(text);
    const auto rule = parse_fault_rule(text);
    REQUIRE(rule);
    CHECK(text_of(rule->fault) == text);
  }
}

TEST_CASE("Words of a fault may stand in any order") {
  const auto rule = parse_fault_rule("on line \"R82\" byte 3 for 2s silence from-board");
  REQUIRE(rule);
  CHECK(text_of(rule->fault) == "silence from-board for 2s");
  CHECK(rule->trigger.direction() == Direction::from_board);
}

TEST_CASE("A plan that cannot be understood says in which line and why") {
  const auto plan = parse_fault_plan("seed 1\n\nat 5s restrat\n");
  REQUIRE(!plan);
  CHECK(plan.error().text().starts_with("line 3: there is no fault in \"restrat\"; the faults are silence,"));
  CHECK(parse_fault_plan("seed x").error().text() == "line 1: after \"seed\" comes one whole number");
  CHECK(parse_fault_plan("restart").error().text() == "line 1: when? `at 5s restart`, for example");
}

TEST_CASE("Every mistake in a line has its sentence") {
  CHECK(wrong("") == "there is nothing in this line");
  CHECK(wrong("at") == "\"at \" names no time such as 12.5s");
  CHECK(wrong("at soon restart") == "\"at soon\" names no time such as 12.5s");
  CHECK(wrong("every 0s restart") == "\"every 0s\" names no time of 1ms or more, such as 30s or ~30s");
  CHECK(wrong("on line G00 restart") == "after \"on\" comes a line by its beginning: on line \"G00\"");
  CHECK(wrong("on line \"G00 restart") == "\"G00 restart has no closing quotation mark");
  CHECK(wrong("on line \"G\" byte 0 restart") == "\"byte 0\" names no byte of a line, counted from 1");
  CHECK(wrong("chance 2 drop to-board") == "\"chance 2\" is not above 0 and up to 1");
  CHECK(wrong("chance 0.1 restart") ==
        "restart happens to no single byte; a chance is for drop, duplicate, corrupt and delay");
  CHECK(wrong("random") == "after \"random\" comes how often: rate 4/h");
  CHECK(wrong("random rate 4/fortnight") == "after \"random\" comes how often: rate 4/h");
  CHECK(wrong("random rate 4/h of nothing") == "\"nothing\" is no fault");
  CHECK(wrong("at 1s").starts_with("a fault is missing: silence"));
  CHECK(wrong("silence") == "silence needs how long: `for 3s`");
  CHECK(wrong("drop") == "drop needs `to-board` or `from-board`");
  CHECK(wrong("restart for 3s") == "restart does not take how long: `for 3s`");
  CHECK(wrong("silence for ever") == "\"for ever\" names no time such as 200ms or 3s");
  CHECK(wrong("drop to-board 0 bytes") == "\"0 bytes\" is not 1 to 4096");
  CHECK(wrong("drop to-board 3") == "\"3\" needs what it counts: bytes, steps or times");
  CHECK(wrong("drop to-board from-board") == "\"from-board\" is one too many");
  CHECK(wrong("end-stop x min") == "end-stop needs `open` or `closed`");
  CHECK(wrong("load pin 70 on") == "\"pin 70\" names no pin of 0 to 69");
  CHECK(wrong("slow 0.5 times") == "\"0.5 times\" is not 1 to 1000 times");
  CHECK(wrong("unplug without cable for 1s") == "after \"without\" comes \"power\"");
  CHECK(wrong("obstacle x at there") == "\"at there\" names no place in mm");
  CHECK(wrong("restart sideways") == "\"sideways\" is not a word of a fault");
  CHECK(wrong("delay to-board by 1s 3 bytes for 2s") == "delay takes a number of bytes or a time, not both");
}

TEST_CASE("A plan takes so many faults and no more") {
  std::string text;
  for (std::size_t i = 0; i < FaultPlan::max_rules; ++i) text += "at 1s restart\n";
  CHECK(parse_fault_plan(text));
  text += "at 1s restart\n";
  CHECK(parse_fault_plan(text).error().text() == "line 1001: a plan has at most 1000 faults");
}

TEST_CASE("Times are read with their unit and said so that a person can read them") {
  CHECK(parse_duration("12.5s") == 12'500ms);
  CHECK(parse_duration("2min") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("50us") == 50us);
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1e3s", "1d", "10000h"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
  CHECK(text_of(Duration(0)) == "0s");
  CHECK(text_of(Duration(1500ms)) == "1.5s");
  CHECK(text_of(Duration(90s)) == "90s");
}
