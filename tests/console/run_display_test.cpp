#include "console/run_display.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <sstream>

#include "celeryscript/checker.hpp"
#include "console/step_text.hpp"
#include "console/text.hpp"

namespace celeriac::console {
using namespace std::chrono_literals;

namespace {

RunView watering() {
  RunView view;
  view.title = "Water the bed";
  view.process = {.id = 3, .state = "running", .path = "/body/3", .step = 4, .steps = 9, .steps_done = 3};
  view.step = "move_absolute location (x 120, y 340, z 0), speed 100";
  view.position = {{"x", 118.4}, {"y", 332.1}, {"z", 0}};
  view.elapsed = 12'300ms;
  return view;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

}  // namespace

TEST_CASE("a run on 80 columns shows title, state, time, progress, step and position") {
  CHECK(joined(draw(watering(), 80, false, false)) ==
        "Water the bed  process 3  running                                         12.3 s\n"
        "[############--------------------------] 4/9\n"
        "/body/3  move_absolute location (x 120, y 340, z 0), speed 100\n"
        "x 118.40  y 332.10  z 0.00 mm\n");
}

TEST_CASE("on 40 columns the step is cut, and the title before the state") {
  CHECK(joined(draw(watering(), 40, false, false)) ==
        "Water the b.  process 3  running  12.3 s\n"
        "[###########-----------------------] 4/9\n"
        "/body/3  move_absolute location (x 120,.\n"
        "x 118.40  y 332.10  z 0.00 mm\n");
}

TEST_CASE("no line is ever wider than the terminal, whatever its width") {
  auto view = watering();
  view.title = "Wässere das 水 Beet, aber langsam und mit Bedacht, denn die Möhren mögen es nicht";
  view.process.waiting_for = "motion, owned by process 2";
  for (std::size_t columns = 1; columns < 120; ++columns)
    for (const auto& line : draw(view, columns, true, false)) {
      CAPTURE(columns, line);
      CHECK(width(line) <= columns);
    }
}

TEST_CASE("colour changes no width and no word") {
  std::string coloured = joined(draw(watering(), 60, false, true));
  CHECK(coloured.contains("\x1b[32mrunning\x1b[0m"));
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
    coloured.erase(at, coloured.find('m', at) + 1 - at);
  CHECK(coloured == joined(draw(watering(), 60, false, false)));
}

TEST_CASE("the bar is empty at first, full at the end, and honest between") {
  CHECK(bar(0, 4, 10, false) == "[--------]");
  CHECK(bar(1, 4, 10, false) == "[##------]");
  CHECK(bar(4, 4, 10, false) == "[########]");
  CHECK(bar(1, 16, 10, true) == "[▌       ]");
  CHECK(bar(3, 0, 10, false) == "[--------]");
  CHECK(bar(9, 4, 10, false) == "[########]");
  CHECK(bar(1, 2, 2, false).empty());
}

TEST_CASE("a block is redrawn over itself and leaves the terminal as it was") {
  std::ostringstream out;
  {
    LiveBlock block(out, [] { return 80; });
    block.show({"one", "two"});
    block.show({"one", "2"});
    block.show({"one", "2"});  // nothing new: nothing written
  }
  CHECK(out.str() ==
        "\x1b[?25lone\r\ntwo"
        "\r\x1b[1A\x1b[Jone\r\n2"
        "\r\x1b[1A\x1b[J\x1b[?25h");
}

TEST_CASE("a message stands above the block, which moves down") {
  std::ostringstream out;
  LiveBlock block(out, [] { return 80; });
  block.show({"block"});
  out.str("");
  block.print_above("message");
  CHECK(out.str() == "\r\x1b[Jmessage\r\nblock");
}

TEST_CASE("lines that a narrower terminal has wrapped are cleared as a whole") {
  std::ostringstream out;
  std::size_t columns = 80;
  LiveBlock block(out, [&] { return columns; });
  block.show({std::string(40, 'a'), std::string(40, 'b')});
  columns = 20;  // each line now takes two rows
  out.str("");
  block.clear();
  CHECK(out.str() == "\r\x1b[3A\x1b[J\x1b[?25h");
}

TEST_CASE("without a terminal each step is one plain line, once") {
  std::ostringstream out, err;
  boost::asio::io_context io;
  World world{.io = io, .out = out, .err = err};
  const auto display = make_run_display(world, false);
  auto view = watering();
  display->update(view);
  view.elapsed += 1s;
  display->update(view);
  view.process.path = "/body/4";
  view.process.step = 5;
  view.process.steps_done = 4;
  view.step = "wait milliseconds 500";
  display->update(view);
  CHECK(out.str() ==
        "   12.3 s      4/9  /body/3  move_absolute location (x 120, y 340, z 0), speed 100  at x 118.40  y "
        "332.10  z 0.00 mm\n"
        "   13.3 s      5/9  /body/4  wait milliseconds 500  at x 118.40  y 332.10  z 0.00 mm\n");
}

TEST_CASE("a step in words has its kind, its arguments and its comment") {
  const auto parsed = celeryscript::read(
      R"({"kind":"sequence","args":{"version":20180209,"locals":{"kind":"scope_declaration","args":{}}},
    "body":[{"kind":"write_pin","comment":"valve","args":{"pin_number":8,"pin_value":1,"pin_mode":0}},
            {"kind":"_if","args":{"lhs":"x","op":"is","rhs":0,"_then":{"kind":"execute","args":{"sequence_id":2}},"_else":{"kind":"nothing","args":{}}}}]})");
  REQUIRE(parsed.diagnostics.clean());
  const auto& document = parsed.document;
  REQUIRE(node_at(document, "/body/0") != nullptr);
  CHECK(step_text(*node_at(document, "/body/0")) ==
        "\"valve\"  write_pin pin_number 8, pin_value 1, pin_mode 0");
  CHECK(step_text(*node_at(document, "/body/1/args/_then")) == "execute sequence_id 2");
  CHECK(node_at(document, "") == document.root);
  for (const char* nowhere :
       {"/body/2", "/body/x", "/body", "/args/nothing", "body/0", "/body/0/args/pin_number", "//"})
    CHECK(node_at(document, nowhere) == nullptr);
}

}  // namespace celeriac::console
