#include "celeryscript/grammar.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <ranges>

#include "tests/celeryscript/specimen.hpp"

using namespace celeriac::celeryscript;
using namespace celeriac::celeryscript::test;
using nlohmann::json;

namespace {

/// Kinds that a document may hold; the rest is refused whatever its arguments.
auto valid_kinds() {
  return kinds() | std::views::filter([](const Kind& kind) { return kind.standing == Standing::current; });
}

}  // namespace

TEST_CASE("the grammar has 71 kinds, 36 of them steps, and knows 19 of the past") {
  CHECK(std::ranges::count_if(kinds(), &Kind::in_grammar) == 71);
  CHECK(std::ranges::count(kinds(), Standing::legacy, &Kind::standing) == 19);
  CHECK(std::ranges::count_if(kinds(), [](const Kind& kind) { return contains(commands(), kind); }) == 36);
}

TEST_CASE("every kind is found by its name, and nothing else is") {
  for (const Kind& kind : kinds()) CHECK(find_kind(kind.name) == &kind);
  for (const char* word : {"", "_", "zzz", "Home", "hom", "homes"}) CHECK(find_kind(word) == nullptr);
}

TEST_CASE("every kind says in a sentence what it does") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    CHECK(kind.help.size() > 5);
    CHECK(kind.help.ends_with('.'));
  }
}

TEST_CASE("every current kind runs, and an older one only as its modern equal") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    if (kind.standing == Standing::current) CHECK(kind.runs());
    if (kind.still_runs) CHECK(kind.standing != Standing::current);
    if (kind.still_runs) CHECK_FALSE(kind.replacement.empty());
  }
}

TEST_CASE("a left side is a coordinate or one of 70 pins") {
  const Enumeration& sides = *find_kind("_if")->find("lhs")->values;
  CHECK(sides.words.size() == 73);
  CHECK(sides.words.front() == "x");
  CHECK(sides.words[3] == "pin0");
  CHECK(sides.words[12] == "pin9");
  CHECK(sides.words.back() == "pin69");
}

TEST_CASE("every kind is accepted in a minimal document") {
  for (const Kind& kind : valid_kinds()) {
    const Placed place = placed(kind);
    const Parsed parsed = checked(place.document);
    INFO(report(parsed));
    CHECK(parsed.diagnostics.list().empty());
    CHECK(place.document.at(json::json_pointer(place.pointer)).at("kind") == kind.name);
  }
}

TEST_CASE("every argument that is missing is refused at the arguments of its node") {
  for (const Kind& kind : valid_kinds()) {
    for (const ArgumentRule* rule : kind.args) {
      if (rule->leniency == Leniency::may_be_absent) continue;
      Placed place = placed(kind);
      place.document.at(json::json_pointer(place.pointer)).at("args").erase(std::string(rule->name));
      const Parsed parsed = checked(place.document);
      INFO(report(parsed));
      CHECK(has(parsed.diagnostics, "missing_argument", place.pointer + "/args"));
    }
  }
}

TEST_CASE("every argument too many is refused where it stands") {
  for (const Kind& kind : valid_kinds()) {
    Placed place = placed(kind);
    place.document.at(json::json_pointer(place.pointer))["args"]["surplus"] = 1;
    const Parsed parsed = checked(place.document);
    INFO(report(parsed));
    CHECK(parsed.diagnostics.errors() == 1);
    CHECK(has(parsed.diagnostics, "unexpected_argument", place.pointer + "/args/surplus"));
  }
}

TEST_CASE("every argument of a wrong type is refused where it stands") {
  const json home = specimen(*find_kind("home"));  // a step is no value anywhere
  for (const Kind& kind : valid_kinds()) {
    for (const ArgumentRule* rule : kind.args) {
      for (const json& wrong :
           {json(nullptr), json(true), json(7), json(1.5), json("?"), json::array({1}), home}) {
        const bool fits = (wrong.is_boolean() && (rule->types & primitive::boolean) != 0) ||
                          (wrong.is_number_integer() && (rule->types & primitive::integer) != 0) ||
                          (wrong.is_number_float() && ((rule->types & primitive::real) != 0 ||
                                                       rule->leniency == Leniency::may_be_real)) ||
                          (wrong.is_string() && (rule->types & primitive::string) != 0);
        if (fits) continue;
        Placed place = placed(kind);
        place.document.at(json::json_pointer(place.pointer))["args"][std::string(rule->name)] = wrong;
        const Parsed parsed = checked(place.document);
        INFO(report(parsed));
        const std::string pointer = place.pointer + "/args/" + std::string(rule->name);
        CHECK((has(parsed.diagnostics, "wrong_type", pointer) ||
               has(parsed.diagnostics, "wrong_kind", pointer)));
      }
    }
  }
}

TEST_CASE("every value outside an enumeration is refused and the legal ones are listed") {
  for (const Kind& kind : valid_kinds()) {
    for (const ArgumentRule* rule : kind.args) {
      if (rule->values == nullptr) continue;
      Placed place = placed(kind);
      place.document.at(json::json_pointer(place.pointer))["args"][std::string(rule->name)] =
          rule->values->whole_numbers ? json(77) : json("no such word");
      const Parsed parsed = checked(place.document);
      INFO(report(parsed));
      REQUIRE(has(parsed.diagnostics, "wrong_value", place.pointer + "/args/" + std::string(rule->name)));
      CHECK(parsed.diagnostics.list().front().expected.size() >= rule->values->words.size());
    }
  }
}

TEST_CASE("every body refuses a kind that is no item of it") {
  const json stranger = specimen(*find_kind("rpc_ok"));
  for (const Kind& kind : valid_kinds()) {
    Placed place = placed(kind);
    place.document.at(json::json_pointer(place.pointer))["body"] = json::array({stranger});
    const Parsed parsed = checked(place.document);
    INFO(report(parsed));
    CHECK(parsed.diagnostics.errors() == 1);
    CHECK(has(parsed.diagnostics, "wrong_body", place.pointer + "/body/0"));
  }
}

TEST_CASE("every legacy kind is named as such, with what to write instead") {
  for (const Kind& kind : kinds()) {
    if (kind.standing == Standing::current) continue;
    const Parsed parsed = read(sequence(json::array({specimen(kind)})).dump());
    INFO(report(parsed));
    const auto found = std::ranges::find(parsed.diagnostics.list(), "legacy_kind", &Diagnostic::code);
    REQUIRE(found != parsed.diagnostics.list().end());
    CHECK(found->severity == (kind.still_runs ? Severity::warning : Severity::error));
    CHECK(found->pointer == "/body/0");
    CHECK(found->message.contains(kind.replacement));
  }
}
