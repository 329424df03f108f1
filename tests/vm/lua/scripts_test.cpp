// How scripts run: the implied return, taking turns, pause, kill, limits, and what is said when they fail.

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <random>

#include "tests/vm/lua/fake_lua_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;

TEST_CASE("a one-line expression returns its value, a statement nothing") {
  Bench bench;
  CHECK(bench.value("1 + 1") == 2);
  CHECK(bench.value("x == nil") == true);
  CHECK(bench.run("x = 1")->count == 0);
  CHECK(bench.value("local x = 4\nreturn x") == 4);
  CHECK(bench.run("on(8) off(8)")->count == 0);
  CHECK(bench.run("return 1, 2")->count == 2);
  CHECK(bench.value("return {1, 2}") == json({1, 2}));
  CHECK(bench.value("return {}") == json::object());
  CHECK(bench.value("return print") == "[Lua Function]");
}

TEST_CASE("errors begin with FarmBot OS's text and name the line") {
  Bench bench;
  CHECK(bench.error("\n\nlocal x = 1 +").starts_with("Lua code is possibly invalid: line 3: "));
  CHECK(bench.error("local a = 1\nnothing_here()") ==
        "Tried to call a function/variable that doesn't exist. Line 2: attempt to call a nil value (global "
        "'nothing_here')");
  CHECK(bench.error("local a\nreturn a * 2")
            .starts_with("Bad argument for '*': Ensure all values are the correct type. Line 2: "));
  CHECK(bench.error("return 'a' .. {}")
            .starts_with("Bad argument for '..': Ensure all values are the correct type. Line 1: "));
  CHECK(
      bench.error("\nmove_absolute(1, 'b', 3)") ==
      "Function clause error. Check number of arguments and their types. Line 2: move_absolute(): argument 2 "
      "(y) must be a number, not \"b\".");
  CHECK(bench.error("return get_xyz(1, 2)").ends_with("get_xyz() takes 0 arguments, not 2."));
  CHECK(bench.error("error('mine')") == "Lua failure. Line 1: mine");
  CHECK(bench.error("error({})") == "Lua failure. Line 1: (the error is a table value)");
  CHECK(bench.error("return wait_ms(0/0)").contains("a finite number"));
  CHECK(bench.error("return variable('A')") ==
        "Attempted to access variable \"A\", but no variables are declared. Line 1.");
  CHECK(bench.error("return variable('A')", {{"B", 1.0}, {"C", 2.0}})
            .starts_with("Can't find variable \"A\". Available variables: \"B\", \"C\""));
}

TEST_CASE("an error carries line, traceback and the script's name") {
  Bench bench;
  const auto result = bench.run("local function f()\n  error('x')\nend\nf()\nreturn 1");
  REQUIRE_FALSE(result);
  CHECK(result.error().status == Status::failed);
  CHECK(result.error().code == "lua_error");
  CHECK(result.error().details["line"] == 2);
  CHECK(result.error().details["script"] == "test");
  CHECK(result.error().details["traceback"].size() == 2);
}

TEST_CASE("two scripts take turns while both are busy") {
  Bench bench;
  const auto first = bench.start("for i = 1, 200000 do local x = i end");
  const auto second = bench.start("for i = 1, 200000 do local x = i end");
  int turns = 0;
  while (std::exchange(bench.world.awake, false) && turns < 10'000) {
    bench.scripts.turn();
    ++turns;
  }
  CHECK(*first.second);
  CHECK(*second.second);
  CHECK(turns > 10);
}

TEST_CASE("a busy loop can be paused, goes on after it, and can be killed") {
  Bench bench;
  const auto [id, outcome] = bench.start("while true do pcall(function() while true do end end) end");
  bench.turns(20);
  CHECK(bench.scripts.running() == 1);
  bench.scripts.pause(id);
  bench.turns(3);
  CHECK_FALSE(bench.world.awake);
  bench.scripts.resume(id);
  CHECK(bench.world.awake);
  bench.turns(3);
  bench.scripts.kill(id);
  bench.turns(3);
  CHECK(bench.scripts.running() == 0);
  CHECK_FALSE(*outcome);
  CHECK(bench.world.aborted == std::vector{id});
}

TEST_CASE("what a paused script waits for goes on, and its answer waits for resume") {
  Bench bench;
  bench.world.hold = true;
  const auto [id, outcome] = bench.start("return on(8) == nil");
  bench.turns(3);
  bench.scripts.pause(id);
  bench.world.held.front()(0.0);
  bench.turns(3);
  CHECK_FALSE(*outcome);
  bench.scripts.resume(id);
  bench.turns(3);
  REQUIRE(*outcome);
  CHECK((**outcome)->first == true);
}

TEST_CASE("an answer to a killed script is nobody's, and a script may be killed by what it asks for") {
  Bench bench;
  bench.world.hold = true;
  const auto [id, outcome] = bench.start("on(8) on(9)");
  bench.world.on_operate = [&] { bench.scripts.kill(id); };
  bench.turns(3);
  bench.world.held.front()(0.0);
  bench.turns(3);
  CHECK(bench.world.asked.size() == 1);
  CHECK_FALSE(*outcome);
}

TEST_CASE("a script that never waits ends with a named error that no pcall holds") {
  Bench bench({.instructions = 300'000});
  for (const auto* code : {"while true do end", "while true do pcall(function() while true do end end) end",
                           "local function f() pcall(f) f() end f()", "::a:: goto a"}) {
    const auto result = bench.run(code);
    REQUIRE_FALSE(result);
    CHECK(result.error().status == Status::out_of_resources);
  }
  CHECK(bench.value("for i = 1, 20 do for j = 1, 20000 do end on(8) end\nreturn 'done'") == "done");
}

TEST_CASE("memory is bounded") {
  Bench bench;
  for (const auto* code : {"local t = {}\nwhile true do t[#t + 1] = 'x' .. #t end",
                           "local s = 'x'\nwhile true do s = s .. s end"}) {
    const auto result = bench.run(code);
    REQUIRE_FALSE(result);
    CHECK(result.error().status == Status::out_of_resources);
    CHECK(result.error().message.starts_with("The script used more than 32 MB of memory."));
  }
  CHECK_FALSE(bench.run("return string.rep('x', 1e10)"));
  CHECK(bench.value("return #string.rep('', 1e10)") == 0);
}

TEST_CASE("recursion without end, and patterns that explode, end with an error") {
  Bench bench;
  const auto deep = bench.run("local function f() return 1 + f() end\nreturn f()");
  REQUIRE_FALSE(deep);  // of memory or of the stack, whichever ends first
  CHECK((deep.error().code == "lua_memory" || deep.error().message.contains("stack overflow")));
  CHECK(bench.error("return string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40))")
            .contains("the pattern takes too long"));
  CHECK(bench.error("return string.find('x', string.rep('(', 300))").contains("too many captures"));
}

TEST_CASE("loops where Lua cannot be suspended are ended") {
  Bench bench;
  const auto result =
      bench.run("local t = setmetatable({}, {__tostring = function() while true do end end})\ntostring(t)");
  REQUIRE_FALSE(result);
  CHECK(result.error().status == Status::out_of_resources);
}

TEST_CASE("scripts at a time are bounded") {
  Bench bench({.scripts = 2});
  bench.start("wait_ms(1)");
  bench.start("wait_ms(1)");
  const auto [id, outcome] = bench.start("return 1");
  CHECK(id == 0);
  CHECK((*outcome)->error().status == Status::overloaded);
}

TEST_CASE("calls that wait work inside pcall, metamethods, iterators, sort and gsub") {
  Bench bench;
  CHECK(bench.value("local ok, v = pcall(function() wait_ms(5) return 7 end)\nreturn v") == 7);
  CHECK(bench.value(
            "local t = setmetatable({}, {__index = function(_, k) wait_ms(1) return k end})\nreturn t.a") ==
        "a");
  CHECK(bench.value(
            "local t = {3, 1, 2}\ntable.sort(t, function(a, b) wait_ms(1) return a < b end)\nreturn t") ==
        json({1, 2, 3}));
  CHECK(bench.value("return (string.gsub('a1b2', '%d', function(d) wait_ms(1) return d + 1 end))") == "a2b3");
  CHECK(bench.value("for k in function(_, x) wait_ms(1) return not x and 1 or nil end do return k end") == 1);
}

TEST_CASE("2,000 random snippets neither crash nor hang") {
  Bench bench({.bytes = 4 * 1024 * 1024, .instructions = 50'000});
  constexpr const char* words[] = {"local ",
                                   "x",
                                   "=",
                                   "1",
                                   "{",
                                   "}",
                                   "(",
                                   ")",
                                   "function",
                                   " end ",
                                   "return ",
                                   "'a%d'",
                                   "..",
                                   "+",
                                   "[",
                                   "]",
                                   ",",
                                   "on(8)",
                                   "move",
                                   "pcall",
                                   " for ",
                                   " do ",
                                   "while ",
                                   "true",
                                   "nil",
                                   "#",
                                   "string.gsub",
                                   "table.insert",
                                   "setmetatable",
                                   "get_xyz()",
                                   "variable",
                                   "\n",
                                   ";",
                                   "error",
                                   "json.encode",
                                   "grid"};
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string code;
    for (auto left = 1 + random() % 25; left > 0; --left) code += words[random() % std::size(words)];
    const auto result = bench.run(code);
    if (!result) CHECK(result.error().status != Status::internal);
  }
}
