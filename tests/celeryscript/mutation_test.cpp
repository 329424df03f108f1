// Documents that were good until something happened to them: nothing may crash, and what is refused is
// refused at a place that exists.

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "tests/celeryscript/specimen.hpp"

using namespace celeriac::celeryscript;
using namespace celeriac::celeryscript::test;
using nlohmann::json;

namespace {

/// One of every kind, as far as a sequence can hold it, in one document.
json menagerie() {
  json body = json::array();
  for (const Kind& kind : kinds()) {
    const Placed place = placed(kind);
    if (place.pointer.starts_with("/body")) body.push_back(place.document.at("body").at(0));
  }
  return sequence(std::move(body));
}

/// What holds for the diagnostics of any text. Returns what does not hold, "" if all does.
std::string fault(const std::string& source) {
  const Parsed parsed = read(source);
  const Diagnostics& diagnostics = parsed.diagnostics;
  json document;
  bool twice = false;  // of keys that stand twice the JSON library keeps the last, we the first
  if (parsed.document.root != nullptr) document = json::parse(source);
  for (const Diagnostic& d : diagnostics.list()) twice = twice || d.code == "duplicate_key";
  for (const Diagnostic& d : diagnostics.list()) {
    if (d.code.empty() || d.message.empty() || d.line == 0 || d.column == 0)
      return "a diagnostic is incomplete";
    if (d.span.begin > d.span.end || d.span.begin > source.size()) return "a span is outside of the text";
    if (parsed.document.root == nullptr) {
      if (!d.pointer.empty()) return "a pointer into what is no document";
    } else if (!twice && !document.contains(json::json_pointer(d.pointer)) && !d.pointer.empty()) {
      return "a pointer to nowhere: " + d.pointer;
    }
  }
  if (parsed.document.root == nullptr && diagnostics.clean()) return "no document and no error";
  if (to_error(diagnostics).document().dump().size() > 64 * 1024) return "a large error document";
  if (render(diagnostics).empty() != diagnostics.list().empty()) return "nothing to show";
  return "";
}

void mutate_bytes(std::string& text, std::mt19937_64& random) {
  static constexpr std::string_view alphabet = "{}[]\",:\\u0eE+-.9 \n\t\xC3\xFFtfn";
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t times = 1 + below(4); times > 0 && !text.empty(); --times) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text[at] = alphabet[below(alphabet.size())];
        break;
      case 2:
        text.insert(at, 1, alphabet[below(alphabet.size())]);
        break;
      case 3:
        text.erase(at, 1 + below(10));
        break;
      default:
        text.insert(below(text.size()), text.substr(at, 1 + below(40)));
    }
  }
}

/// All values of a document, by pointer.
void collect(const json& value, const std::string& pointer, std::vector<std::string>& pointers) {
  pointers.push_back(pointer);
  for (const auto& [key, item] : value.items()) {
    if (!value.is_structured()) break;
    collect(item, pointer + "/" + key, pointers);
  }
}

json any_value(std::size_t choice) {
  switch (choice % 10) {
    case 0:
      return nullptr;
    case 1:
      return true;
    case 2:
      return -1;
    case 3:
      return 1e300;
    case 4:
      return "x";
    case 5:
      return json::array();
    case 6:
      return json::object();
    case 7:
      return {{"kind", "wait"}, {"args", {{"milliseconds", 1}}}};
    case 8:
      return std::numeric_limits<std::uint64_t>::max();
    default:
      return {{"kind", "pairs"}, {"body", {1, 2}}};
  }
}

const int seeded = [] {
  // The same documents in every run, unless somebody asks for others.
  return ::setenv("RC_PARAMS", "seed=20180209 max_success=400", 0);
}();

}  // namespace

TEST_CASE("a document with a value replaced, removed or renamed is refused where it is wrong") {
  REQUIRE(seeded == 0);
  const json whole = menagerie();
  std::vector<std::string> pointers;
  collect(whole, "", pointers);
  CHECK(rc::check([&] {
    json document = whole;
    const auto changes = *rc::gen::container<std::vector<std::tuple<std::size_t, std::size_t, std::size_t>>>(
        rc::gen::tuple(rc::gen::inRange<std::size_t>(1, pointers.size()), rc::gen::inRange<std::size_t>(0, 3),
                       rc::gen::inRange<std::size_t>(0, 10)));
    for (const auto& [index, how, what] : changes) {
      const json::json_pointer pointer(pointers[index]);
      if (!document.contains(pointer)) continue;
      json& parent = document.at(pointer.parent_pointer());
      if (how == 0) {
        document.at(pointer) = any_value(what);
      } else if (!parent.is_object()) {
        parent.erase(0);
      } else {
        const json value = parent.at(pointer.back());
        parent.erase(pointer.back());
        if (how == 2) parent[pointer.back() + "x"] = value;
      }
    }
    const std::string found = fault(document.dump());
    if (!found.empty()) RC_FAIL(found);
  }));
}

TEST_CASE("a text with a few bytes changed is read or refused, never worse") {
  std::mt19937_64 random(20180209);
  const std::string whole = menagerie().dump(1);
  const std::string small = sequence(json::array({specimen(*find_kind("_if"))})).dump();
  for (int round = 0; round < 4000; ++round) {
    std::string text = round % 20 == 0 ? whole : small;
    mutate_bytes(text, random);
    const std::string found = fault(text);
    INFO(text);
    REQUIRE(found == "");
  }
}

TEST_CASE("a text that ends anywhere is refused at its end or accepted whole") {
  const std::string text =
      sequence(json::array({specimen(*find_kind("_if")), specimen(*find_kind("wait"))})).dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Parsed parsed = read(text.substr(0, size));
    REQUIRE(parsed.document.root == nullptr);
    REQUIRE(parsed.diagnostics.list().size() == 1);
    REQUIRE(parsed.diagnostics.list().front().line == 1);
  }
}
