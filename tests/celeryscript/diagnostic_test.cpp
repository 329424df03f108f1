#include "celeryscript/diagnostic.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "celeryscript/checker.hpp"
#include "protocol/words.hpp"

using namespace celeriac::celeryscript;
using celeriac::protocol::distance;
using celeriac::protocol::shown;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Diagnostic placed(std::string_view source, std::size_t begin, std::size_t end) {
  Diagnostics diagnostics;
  diagnostics.add(source, {.code = "test",
                           .message = "Here.",
                           .span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)}});
  return diagnostics.list().front();
}

}  // namespace

// To accept new output, run with CELERIAC_UPDATE_GOLDEN=1 and read the difference.
TEST_CASE("diagnostics are shown as in the golden files") {
  const bool update = std::getenv("CELERIAC_UPDATE_GOLDEN") != nullptr;
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(CELERIAC_GOLDEN_DIRECTORY)) {
    if (entry.path().extension() != ".json") continue;
    ++count;
    const std::string file = entry.path().filename().string();
    const std::string text = render(read(contents(entry.path())).diagnostics, {.file = file});
    fs::path expected = entry.path();
    expected.replace_extension(".txt");
    if (update) std::ofstream(expected, std::ios::binary) << text;
    INFO(file);
    CHECK(text == contents(expected));
  }
  CHECK(count >= 6);
}

TEST_CASE("columns count code points, from 1") {
  const std::string source = "{\n \"größe\": 5}";
  const Diagnostic diagnostic = placed(source, source.find('5'), source.find('5') + 1);
  CHECK(diagnostic.line == 2);
  CHECK(diagnostic.column == 11);
  CHECK(diagnostic.excerpt == " \"größe\": 5}");
  CHECK(diagnostic.marker == "          ^");
}

TEST_CASE("places are right in whatever order they are told") {
  const std::string source = "äöü, äöü\näöü";
  Diagnostics diagnostics;
  for (const std::uint32_t begin : {8U, 13U, 2U, 18U, 12U})
    diagnostics.add(source, {.span = {begin, begin + 1}});
  const auto& list = diagnostics.list();
  CHECK((list[0].line == 1 && list[0].column == 6));
  CHECK((list[1].line == 1 && list[1].column == 9));
  CHECK((list[2].line == 1 && list[2].column == 2));
  CHECK((list[3].line == 2 && list[3].column == 3));
  CHECK((list[4].line == 1 && list[4].column == 8));
}

TEST_CASE("the marker stands under its place whatever tabs precede it") {
  const Diagnostic diagnostic = placed("\t\tab\r\nc", 2, 4);
  CHECK(diagnostic.excerpt == "  ab");
  CHECK(diagnostic.marker == "  ^~");
}

TEST_CASE("a long line is cut to a window around the place") {
  const std::string source = std::string(5000, 'a') + "X" + std::string(5000, 'b');
  const Diagnostic diagnostic = placed(source, 5000, 5001);
  CHECK(diagnostic.column == 5001);
  CHECK(diagnostic.excerpt.starts_with("…aaa"));
  CHECK(diagnostic.excerpt.ends_with("bbb…"));
  CHECK(diagnostic.excerpt.size() < 120);
  // "…" is one column and three bytes.
  CHECK(diagnostic.excerpt[diagnostic.marker.find('^') + 2] == 'X');
}

TEST_CASE("a place at the very end has a line and a column") {
  CHECK(placed("", 0, 0).line == 1);
  CHECK(placed("ab\n", 3, 3).line == 2);
  CHECK(placed("ab\n", 3, 3).column == 1);
  CHECK(placed("ab", 9, 12).column == 3);
}

TEST_CASE("bytes that are not UTF-8 never leave an excerpt") {
  const std::string source = "\"\xFF\xC3\xE2\x82 \xF0\x9F\x8C\xB1 \x01\"";
  for (std::size_t at = 0; at <= source.size(); ++at) {
    const Diagnostic diagnostic = placed(source, at, at + 1);
    CHECK_NOTHROW(to_json(diagnostic).dump());
  }
}

TEST_CASE("an error document says the first error, and counts the others") {
  const Parsed parsed = read(
      R"({"kind":"rpc_request","args":{"label":"a"},"body":[{"kind":"wiat","args":{}},{"kind":"lua","args":{}}]})");
  const auto error = to_error(parsed.diagnostics);
  CHECK(error.status == celeriac::protocol::Status::invalid_code);
  CHECK(error.code == "unknown_kind");
  CHECK(error.path == "/body/0");
  CHECK(
      error.message ==
      "Can't find validation rules for node wiat: there is no such kind. Did you mean 'wait'? (and 1 more)");
  REQUIRE(error.details.at("diagnostics").size() == 2);
  const auto& item = error.details.at("diagnostics").at(0);
  CHECK(item.at("line") == 1);
  CHECK(item.at("column") == 60);
  CHECK(item.at("suggestion") == "wait");
  CHECK(item.at("excerpt").get<std::string>().contains('^'));
  CHECK(error.details.at("omitted") == 0);
}

TEST_CASE("an error document stays small however much is wrong") {
  std::string source = R"({"kind":"sequence","args":{},"body":[)";
  for (int i = 0; i < 5000; ++i) {
    source += R"({"kind":")" + std::string(300, 'q') + R"(","args":{}},)";
  }
  source += "0]}";
  const Parsed parsed = read(std::move(source));
  CHECK(parsed.diagnostics.errors() == 5003);
  const auto error = to_error(parsed.diagnostics);
  CHECK(error.document().dump().size() < 64 * 1024);
  CHECK(error.details.at("diagnostics").size() + error.details.at("omitted").get<std::size_t>() == 5003);
}

TEST_CASE("a distance counts letters inserted, removed, replaced and swapped") {
  CHECK(distance("wait", "wait", 3) == 0);
  CHECK(distance("Wait", "wait", 3) == 0);
  CHECK(distance("wiat", "wait", 3) == 1);
  CHECK(distance("wat", "wait", 3) == 1);
  CHECK(distance("waits", "wait", 3) == 1);
  CHECK(distance("bait", "wait", 3) == 1);
  CHECK(distance("", "wait", 5) == 4);
  CHECK(distance("home", "wait", 2) == 3);
  CHECK(distance(std::string(1000, 'a'), "wait", 3) == 4);
}

TEST_CASE("a word of a stranger is shown whole or cut, and harmless") {
  CHECK(shown("größe") == "größe");
  CHECK(shown("a\nb\x1B[31m") == "a?b?[31m");
  CHECK(shown(std::string(100, 'a')) == std::string(60, 'a') + "…");
  CHECK(shown("\xC0\xAF\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}
