// check and compile: work on files alone.

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using test::CommandLine;
using test::TemporaryDirectory;

namespace {

constexpr std::string_view good = R"({"kind": "sequence", "name": "blink",
 "args": {"version": 20180209, "locals": {"kind": "scope_declaration", "args": {}}},
 "body": [{"kind": "write_pin", "args": {"pin_number": 8, "pin_value": 1, "pin_mode": 0}},
          {"kind": "wait", "args": {"milliseconds": 500}}]}
)";
constexpr std::string_view bad = R"({"kind": "sequence",
 "args": {"version": 20180209, "locals": {"kind": "scope_declaration", "args": {}}},
 "body": [{"kind": "wiat", "args": {"milliseconds": 500}}]}
)";

}  // namespace

TEST_CASE("a good file is good") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto file = directory.file("good.json", good);
  const auto outcome = celeriac({"check", file});
  CHECK(outcome.status == 0);
  CHECK(outcome.out == file + ": good\n");
  CHECK(outcome.err.empty());
}

TEST_CASE("a bad file is shown with the place, and the exit status is 2") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto file = directory.file("bad.json", bad);
  const auto outcome = celeriac({"check", directory.file("good.json", good), file});
  CAPTURE(outcome.out);
  CHECK(outcome.status == 2);
  CHECK(outcome.out.contains("good.json: good\n"));
  CHECK(outcome.out.contains(file + ":3:20: error"));
  CHECK(outcome.out.contains("^"));
  CHECK(outcome.out.contains("wait"));  // did you mean
  CHECK(!outcome.out.contains("\x1b"));
  CHECK(outcome.err == "celeriac: " + file + " has 1 error\n");
}

TEST_CASE("with --json each file is one document") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome =
      celeriac({"check", "--json", directory.file("good.json", good), directory.file("bad.json", bad)});
  CHECK(outcome.status == 2);
  const auto documents = outcome.json_lines();
  REQUIRE(documents.size() == 2);
  CHECK(documents[0]["ok"] == true);
  CHECK(documents[1]["ok"] == false);
  CHECK(documents[1]["diagnostics"][0]["path"] == "/body/0");
}

TEST_CASE("files that cannot be read are named") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto missing = celeriac({"check", "/nowhere/a.json"});
  CHECK(missing.status == 2);
  CHECK(missing.err == "celeriac: Cannot read /nowhere/a.json: No such file or directory.\n");
  CHECK(celeriac({"check", directory.path().string()}).err.contains("is a directory"));
}

TEST_CASE("compile writes a module") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto module = (directory.path() / "good.wasm").string();
  const auto outcome = celeriac({"compile", directory.file("good.json", good), "-o", module});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.starts_with(module + ": "));
  std::ifstream file(module, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.starts_with(std::string_view("\0asm\1\0\0\0", 8)));
}

TEST_CASE("compile shows WebAssembly text") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto outcome = celeriac({"compile", directory.file("good.json", good), "--wat"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.starts_with("(module"));
  CHECK(outcome.out.contains("WRITE_PIN"));
  CHECK(outcome.out.contains("/body/1"));
}

TEST_CASE("compile refuses what check refuses, and writes nothing") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  const auto module = directory.path() / "bad.wasm";
  const auto outcome = celeriac({"compile", directory.file("bad.json", bad), "-o", module.string()});
  CHECK(outcome.status == 2);
  CHECK(outcome.err.contains("error"));
  CHECK(!std::filesystem::exists(module));
  CHECK(celeriac({"compile", directory.file("good.json", good), "-o", "/nowhere/a.wasm"}).status == 1);
}

TEST_CASE("run checks before it asks for a host") {
  TemporaryDirectory directory;
  CommandLine celeriac(directory);
  CHECK(celeriac({"run", directory.file("bad.json", bad)}).status == 2);
  CHECK(celeriac({"run", directory.file("good.json", good)}).status == 3);
  CHECK(celeriac({"run", directory.file("good.json", good), "--arg", "x"}).status == 2);
}

}  // namespace celeriac::console
