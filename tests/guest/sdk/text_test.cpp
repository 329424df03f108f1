// The parts of the SDK that know no ABI, built for this machine: numbers, JSON, BSON, and the puppets'
// language.

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "protocol/document.hpp"

// They are written for another compiler and another machine.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#define CELERIAC_IMPLEMENTATION
#define __builtin_wasm_memory_grow(memory, pages) (static_cast<std::size_t>(memory) + (pages))
#define __builtin_wasm_memory_size(memory) static_cast<std::size_t>(memory)
#include <celeriac/bson.hpp>

#include "tests/guest/guests/puppet_json.h"
#pragma GCC diagnostic pop

// What preview 1 would offer.
std::int32_t celeriac_import_args_sizes_get(std::size_t* count, std::size_t* size) {
  *count = 3;
  *size = 12;
  return 0;
}
std::int32_t celeriac_import_args_get(char** arguments, char* bytes) {
  std::memcpy(bytes, "me\0one\0two\0", 12);
  arguments[0] = bytes;
  arguments[1] = bytes + 3;
  arguments[2] = bytes + 7;
  return 0;
}
std::int32_t celeriac_import_clock_time_get(std::int32_t, std::int64_t, std::int64_t* nanoseconds) {
  *nanoseconds = 1'790'000'000'123'456'789;
  return 0;
}

using namespace celeriac;

namespace {

std::string number_text(double number) {
  celeriac_buffer out = {};
  celeriac_put_number(&out, number);
  std::string made(view(celeriac_built(&out)));
  celeriac_buffer_free(&out);
  return made;
}
std::string reported(std::string_view bytes) {
  celeriac_buffer out = {};
  puppet_put_quoted(&out, text(bytes));
  std::string made(view(celeriac_built(&out)));
  celeriac_buffer_free(&out);
  return made;
}
/// The commands of a script, word for word.
std::vector<std::vector<std::string>> commands(std::string script) {
  puppet_script s = {script.data(), script.data() + script.size(), false};
  std::vector<std::vector<std::string>> made;
  while (puppet_next_command(&s)) {
    made.emplace_back();
    while (!puppet_command_ends(&s)) made.back().emplace_back(view(puppet_word(&s)));
  }
  return made;
}

}  // namespace

TEST_CASE("numbers are written as JSON has them, with six decimals at most") {
  CHECK(number_text(0) == "0");
  CHECK(number_text(-0.0) == "0");
  CHECK(number_text(8) == "8");
  CHECK(number_text(-12.5) == "-12.5");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(0.000001) == "0.000001");
  CHECK(number_text(-0.0000001) == "0");
  CHECK(number_text(0.9999999) == "1");
  CHECK(number_text(1790000000123) == "1790000000123");
  CHECK(number_text(100.05) == "100.05");
  CHECK(number_text(std::nan("")) == "9000000000000000");
  std::mt19937 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const double number = std::uniform_real_distribution(-1e6, 1e6)(random);
    const auto shown = number_text(number);
    CHECK(std::abs(nlohmann::json::parse(shown).get<double>() - number) < 1e-6);
    CHECK(std::abs(celeriac_number(text(shown)) - number) < 1e-6);
  }
}

TEST_CASE("numbers are read as JSON has them") {
  CHECK(celeriac_number(CELERIAC_TEXT("-12.5e2")) == -1250);
  CHECK(celeriac_number(CELERIAC_TEXT("1E-2")) == 0.01);
  CHECK(celeriac_number(CELERIAC_TEXT("3,4")) == 3);
  CHECK(celeriac_number(CELERIAC_TEXT("no")) == 0);
  CHECK(celeriac_number({nullptr, 0}) == 0);
}

TEST_CASE("JSON that is written is JSON") {
  const auto made = JsonWriter()
                        .object()
                        .key("pin")
                        .value(8)
                        .key("text")
                        .value("a \"quoted\" \\ \n \x01 line, ö")
                        .key("list")
                        .array()
                        .value(1)
                        .value("two")
                        .value(false)
                        .null()
                        .array()
                        .end_array()
                        .end_array()
                        .key("raw")
                        .raw("{\"x\":1}")
                        .key("empty")
                        .object()
                        .end_object()
                        .end_object()
                        .str();
  CHECK(nlohmann::json::parse(made) ==
        nlohmann::json{{"pin", 8},
                       {"text", "a \"quoted\" \\ \n \x01 line, ö"},
                       {"list", {1, "two", false, nullptr, nlohmann::json::array()}},
                       {"raw", {{"x", 1}}},
                       {"empty", nlohmann::json::object()}});
}

TEST_CASE("members are found in JSON by their path") {
  const std::string document = R"( {"Http" : {"method":"GET", "a.b": 1, "headers":{"Host":"bed:80"}},
    "list":[ 10, {"x":[1,2]} , "]" ,"last"], "text":"\u00e4\ud83c\udf31\n\"", "null":null} )";
  const Json json(document);
  CHECK(json["Http.method"].is("GET"));
  CHECK(json["Http"]["headers"]["Host"].text() == "bed:80");
  CHECK(json["list.0"].number() == 10);
  CHECK(json["list.1.x.1"].number() == 2);
  CHECK(json["list.2"].text() == "]");
  CHECK(json["list.3"].text() == "last");
  CHECK_FALSE(json["list.4"]);
  CHECK_FALSE(json["Http.nothing"]);
  CHECK_FALSE(json["text.x"]);
  CHECK(json["text"].text() == "ä🌱\n\"");
  CHECK(json["null"].raw() == "null");
}

TEST_CASE("broken JSON has no members, and reading it ends") {
  const std::string whole = R"({"a":{"b":[1,{"c":"d\"e"}]},"f":"\u12"})";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const Json json(std::string_view(whole).substr(0, length));
    for (const char* path : {"a.b.1.c", "f", "a.b.7", "x"}) static_cast<void>(json[path].text());
  }
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto spoilt = whole;
    spoilt[random() % spoilt.size()] = "{}[]\",:\\ x"[random() % 10];
    for (const char* path : {"a.b.1.c", "f"}) static_cast<void>(Json(spoilt)[path].text());
  }
}

TEST_CASE("BSON that is written is what libbson reads, and the other way round") {
  Document document;
  document.put("text", "bed")
      .put("x", 120.5)
      .put("n", -3)
      .put_long("long", 1'790'000'000'123)
      .put("yes", true);
  document.put_binary("bytes", std::string_view("\0\xff", 2)).open("place").put("y", 1).close();
  const auto bytes = std::string(view(document.bytes()));
  CHECK(bson_valid(text(bytes)));
  const auto read = protocol::from_bson(bytes);
  REQUIRE(read);
  CHECK((*read)["text"] == "bed");
  CHECK((*read)["x"] == 120.5);
  CHECK((*read)["n"] == -3);
  CHECK((*read)["long"] == 1'790'000'000'123);
  CHECK((*read)["yes"] == true);
  CHECK((*read)["place"]["y"] == 1);
  const Value value(text(bytes));
  CHECK(value["text"].text() == "bed");
  CHECK(value["x"].number() == 120.5);
  CHECK(value["n"].integer() == -3);
  CHECK(value["long"].integer() == 1'790'000'000'123);
  CHECK(value["place"]["y"].integer() == 1);
  CHECK(value["bytes"].text() == std::string_view("\0\xff", 2));
  CHECK_FALSE(value["nothing"]);
}

TEST_CASE("spoilt BSON is not valid, and reading it stays inside") {
  const auto whole = protocol::to_bson({{"a", {{"b", {1, 2.5, "three"}}}}, {"c", nullptr}, {"d", true}});
  REQUIRE(bson_valid(text(whole)));
  std::mt19937 random(5);
  for (int i = 0; i < 50'000; ++i) {
    // A copy of exactly the length, so that a sanitizer sees a step outside.
    std::vector<char> spoilt(whole.begin(), whole.end());
    spoilt[random() % spoilt.size()] = static_cast<char>(random());
    if (i % 3 == 0) spoilt.resize(random() % spoilt.size());
    const celeriac_text document = {spoilt.data(), spoilt.size()};
    static_cast<void>(bson_valid(document));
    static_cast<void>(Value(document)["a"]["b"]["2"].text());
  }
}

TEST_CASE("the manifest's arguments begin behind the program's name") {
  CHECK(view(celeriac_argument(0)) == "one");
  CHECK(view(celeriac_argument(1)) == "two");
  CHECK(celeriac_argument(2).ptr == nullptr);
  CHECK(celeriac_now_ms() == 1'790'000'000'123);
}

TEST_CASE("scripts of puppets are commands of words") {
  CHECK(commands("").empty());
  CHECK(commands(" \n ; \n").empty());
  CHECK(commands("send our@a:b:c body \"two words\" ; log\nrespond echo") ==
        std::vector<std::vector<std::string>>{
            {"send", "our@a:b:c", "body", "two words"}, {"log"}, {"respond", "echo"}});
  CHECK(commands(R"(say "a\"b\\c\n\x41\0;")") ==
        std::vector<std::vector<std::string>>{{"say", std::string("a\"b\\c\nA\0;", 9)}});
  CHECK(commands("say \"\"") == std::vector<std::vector<std::string>>{{"say", ""}});
  CHECK(commands("say \"never closed") == std::vector<std::vector<std::string>>{{"say", "never closed"}});
}

TEST_CASE(
    "a puppet that does not want all words of a command goes past them, separators in quotes included") {
  std::string script = "one \"a ; b\" c\ntwo";
  puppet_script s = {script.data(), script.data() + script.size(), false};
  REQUIRE(puppet_next_command(&s));
  CHECK(view(puppet_word(&s)) == "one");
  REQUIRE(puppet_next_command(&s));
  CHECK(view(puppet_word(&s)) == "two");
  CHECK_FALSE(puppet_next_command(&s));
}

TEST_CASE("reports of puppets quote what they show, and hash what is long") {
  CHECK(reported("plain") == "\"plain\"");
  CHECK(reported(std::string_view("a\"b\\\n\0\xff", 7)) == R"("a\"b\\\n\x00\xff")");
  CHECK(reported(std::string(201, 'a')).starts_with("#201:"));
  CHECK(reported(std::string(201, 'a')) != reported(std::string(201, 'b')));
}

TEST_CASE("puppets turn JSON into BSON and back") {
  const std::string json =
      R"({"/foo/foo.bar/fizz":{"n":3,"d":3.0,"l":5000000000,"m":-7,"t":"x","y":true,"z":null,"a":[1,"b"],"s":{"$binary":"00ff"}}})";
  auto document = puppet_document(text(json));
  CHECK(bson_valid(celeriac_built(&document)));
  celeriac_buffer back = {};
  puppet_put_json(&back, celeriac_built(&document), false);
  CHECK(view(celeriac_built(&back)) == json);
  celeriac_buffer_free(&document);
  celeriac_buffer_free(&back);
}
