#include "tests/reference/mutations.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <vector>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler.hpp"
#include "celeryscript/grammar.hpp"

namespace celeriac::reference {
namespace {

constexpr std::string_view alphabet = "{}[]\",:\\u0eE+-.9 \n\t\xC3\xFFtfn";
constexpr std::size_t deepest_nest = 300;  // more than the parser takes

/// All values of a document, by pointer.
void collect(const Json& value, const Json::json_pointer& at, std::vector<Json::json_pointer>& all) {
  all.push_back(at);
  if (value.is_object())
    for (const auto& [key, item] : value.items()) collect(item, at / key, all);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, all);
}

Json odd_value(Dice& dice) {
  const std::array<Json, 14> values = {
      nullptr,
      true,
      0,
      -1,
      1e308,
      0.1,
      9007199254740993,
      "",
      "x",
      "grün\n",
      Json::array(),
      Json::object(),
      Json{{"kind", "nothing"}, {"args", Json::object()}},
      Json{{"kind", "coordinate"}, {"args", {{"x", 1}, {"y", 2}, {"z", 3}}}}};
  return dice.pick(values);
}

std::string any_kind(Dice& dice) {
  return std::string(celeryscript::kinds()[dice.below(celeryscript::kinds().size())].name);
}

using Spoil = void (*)(Dice& dice, Json& document, Json& value);

void replace(Dice& dice, Json&, Json& value) {
  value = odd_value(dice);
}
void swap_kind(Dice& dice, Json&, Json& value) {
  if (value.is_object() && value.contains("kind")) value["kind"] = dice.chance(0.9) ? any_kind(dice) : "mvoe";
}
void drop(Dice& dice, Json&, Json& value) {
  if (value.empty() || !value.is_structured()) return;
  auto victim = value.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(dice.below(value.size())));
  value.erase(victim);
}
void add(Dice& dice, Json&, Json& value) {
  constexpr std::array<const char*, 7> names = {"kind", "args", "body", "speed", "extra", "a/b~c", ""};
  if (value.is_object()) value[dice.pick(names)] = odd_value(dice);
  if (value.is_array()) value.push_back(odd_value(dice));
}
void rename(Dice& dice, Json&, Json& value) {
  if (!value.is_object() || value.empty()) return;
  auto victim = value.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(dice.below(value.size())));
  std::string name = victim.key();
  Json held = *victim;
  value.erase(victim);
  if (!name.empty()) name[dice.below(name.size())] = 'q';
  value[name] = std::move(held);
}
void transplant(Dice& dice, Json& document, Json& value) {
  std::vector<Json::json_pointer> all;
  collect(document, Json::json_pointer(), all);
  const Json copy = document.at(dice.pick(all));
  value = copy;
}
void nest(Dice& dice, Json&, Json& value) {
  for (std::size_t levels = dice.chance(0.1) ? deepest_nest : 1 + dice.below(4); levels > 0; --levels) {
    Json outer = {{"kind", any_kind(dice)}, {"args", Json::object()}};
    if (dice.chance(0.5))
      outer["args"]["_then"] = std::move(value);
    else
      outer["body"] = Json::array({std::move(value)});
    value = std::move(outer);
  }
}
void repeat(Dice& dice, Json&, Json& value) {
  if (!value.is_array() || value.empty()) return;
  for (std::size_t times = 1 + dice.below(200); times > 0; --times) {
    Json copy = value[dice.below(value.size())];
    value.push_back(std::move(copy));
  }
}

constexpr std::array<Spoil, 8> spoils = {replace, swap_kind, drop, add, rename, transplant, nest, repeat};

bool resolves(const Json& document, const std::string& pointer) {
  try {
    return document.contains(Json::json_pointer(pointer));
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

std::string spoil_text(Dice& dice, std::string text) {
  for (std::size_t times = 1 + dice.below(4); times > 0 && !text.empty(); --times) {
    const std::size_t at = dice.below(text.size());
    switch (dice.below(6)) {
      case 0:
        text[at] = static_cast<char>(dice.bits());
        break;
      case 1:
        text[at] = dice.pick(alphabet);
        break;
      case 2:
        text.insert(at, 1, dice.pick(alphabet));
        break;
      case 3:
        text.erase(at, 1 + dice.below(10));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(dice.below(text.size()), text.substr(at, 1 + dice.below(400)));
    }
  }
  return text;
}

Json spoil_tree(Dice& dice, Json document) {
  for (std::size_t times = 1 + dice.below(3); times > 0; --times) {
    std::vector<Json::json_pointer> all;
    collect(document, Json::json_pointer(), all);
    Json& value = document[dice.pick(all)];
    dice.pick(spoils)(dice, document, value);
  }
  return document;
}

std::string broken_promise(const std::string& source) {
  const celeryscript::Parsed parsed = celeryscript::read(source);
  const auto& diagnostics = parsed.diagnostics;
  const bool is_document = parsed.document.root != nullptr;
  if (!is_document && diagnostics.clean()) return "there is neither a document nor an error";
  const Json document = Json::parse(source, nullptr, false);
  // Of keys that stand twice the JSON library keeps the last, the parser the first.
  const bool twice =
      std::ranges::contains(diagnostics.list(), "duplicate_key", &celeryscript::Diagnostic::code);
  for (const auto& diagnostic : diagnostics.list()) {
    if (diagnostic.message.empty() || diagnostic.code.empty()) return "a diagnostic says nothing";
    if (document.is_discarded() || diagnostic.pointer.empty() || twice) {
      if (document.is_discarded() && !diagnostic.pointer.empty() && !is_document)
        return std::format("a pointer into what is no JSON: {}", diagnostic.pointer);
      continue;
    }
    if (!resolves(document, diagnostic.pointer))
      return std::format("a pointer to nowhere: {}", diagnostic.pointer);
  }
  if (!is_document || !diagnostics.clean()) return "";
  const auto program = celeryscript::compile(parsed.document);
  if (!program) {
    if (!twice && !resolves(document, program.error().path))
      return std::format("the compiler points to nowhere: {}", program.error().path);
    if (program.error().status == protocol::Status::internal)
      return std::format("the compiler met a defect: {}", program.error().message);
  }
  return "";
}

}  // namespace celeriac::reference
