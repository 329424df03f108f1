// What scripts see of Lua: the library, and the doors that are closed.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/lua/fake_lua_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using nlohmann::json;

TEST_CASE("nothing leads out of the sandbox") {
  Bench bench;
  for (const auto* name : {"dofile", "loadfile", "require", "package", "debug.getinfo", "coroutine",
                           "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname",
                           "io.open", "io.popen", "io.lines", "string.dump", "string.pack", "table.move"})
    CHECK(bench.value(std::string("local debug = {} return type(") + name + ")") == "nil");
  CHECK(bench.value("return load('\\27Lua')") == json());
  CHECK(bench.value("return getmetatable('')") == false);
  CHECK(bench.error("setmetatable({}, {__gc = function() end})").contains("__gc is not available"));
  CHECK(bench.error("return string.format('%p', {})").contains("%p"));
  CHECK(bench.value("return tostring({}) .. tostring(print)") == "tablefunction");
  CHECK(bench.value("return string.format('%s', {})") == "table");
  CHECK_FALSE(bench.run("table.insert(setmetatable({}, {__len = function() return 1e15 end}), 5, 1)"));
  CHECK_FALSE(bench.run("return load(function() return ' ' end)"));
  CHECK(bench.value("return collectgarbage()") == 0);
}

TEST_CASE("a script that spoils its globals spoils nothing of the API") {
  Bench bench;
  CHECK(bench.value(
            "math.floor = nil string.format = nil ipairs = nil host = nil\nreturn get_position('x')") == 1);
}

TEST_CASE("each script has globals of its own") {
  Bench bench;
  bench.run("shared = 1");
  CHECK(bench.value("return shared").is_null());
}

TEST_CASE("the library does what Lua's does") {
  Bench bench;
  const std::pair<const char*, json> cases[] = {
      {"return string.find('hello', 'l+')", 3},
      {"return string.match('key = value', '(%w+) = (%w+)')", "key"},
      {"return ('x'):rep(3, ',')", "x,x,x"},
      {"return string.find('a.b', '.', 1, true)", 2},
      {"return (string.gsub('hello world', '(%w+)', '<%1>'))", "<hello> <world>"},
      {"return (string.gsub('abc', '', '-'))", "-a-b-c-"},
      {"return (string.gsub('hello', 'l', {l = 'L'}, 1))", "heLlo"},
      {"return select(2, string.gsub('aaa', 'a', 'b'))", 3},
      {"return (string.gsub('abc', '^a', 'x'))", "xbc"},
      {"local t = {} for k, v in string.gmatch('a=1,b=2', '(%w)=(%w)') do t[k] = v end return t",
       {{"a", "1"}, {"b", "2"}}},
      {"return string.match('[[x]]', '%b[]')", "[[x]]"},
      {"return string.match('THE (quick) fox', '%f[%a]%a+', 5)", "quick"},
      {"return string.match('2024-01-02', '^(%d+)-(%d+)-(%d+)$')", "2024"},
      {"return string.match('aXbX', '(.-)X')", "a"},
      {"return string.match('abab', '(ab)%1')", "ab"},
      {"return string.match('hello', '()ll')", 3},
      {"return table.concat({1, 2, 3}, '-')", "1-2-3"},
      {"local t = {1, 2, 3} table.insert(t, 2, 9) table.remove(t, 1) return t", {9, 2, 3}},
      {"return select('#', unpack({1, 2, 3}))", 3},
      {"return table.pack(1, nil, 3).n", 3},
      {"return math.pow(2, 10)", 1024},
      {"return math.log10(1000)", 3},
      {"return math.ldexp(1, 4)", 16},
      {"return bit32.band(12, 10)", 8},
      {"return bit32.arshift(-8, 1)", 4294967292},
      {"return bit32.extract(0xF0, 4, 4)", 15},
      {"return os.time{year = 2020, month = 1, day = 1, hour = 0}", 1577836800},
      {"return os.date('%Y-%m-%d', 1577836800)", "2020-01-01"},
      {"return os.date('*t', 0).year", 1970},
      {"return os.time()", 1'750'000'000},
      {"return utf8.len('äö')", 2},
      {"return load('return 1 + 1')()", 2},
      {"return math.type(json.decode('12.0'))", "integer"},
  };
  for (const auto& [code, expected] : cases) {
    INFO(code);
    CHECK(bench.value(code) == expected);
  }
}
