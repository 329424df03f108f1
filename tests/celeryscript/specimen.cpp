#include "tests/celeryscript/specimen.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace celeriac::celeryscript::test {
namespace {

using nlohmann::json;

bool is_placeholder(const Kind& kind) {
  return kind.name.ends_with("_placeholder");
}

/// A kind that stands for itself: neither bound nor to be replaced.
bool is_plain(const Kind& kind) {
  return !is_placeholder(kind) && kind.name != "identifier";
}

json value_for(const ArgumentRule& rule) {
  if (rule.values != nullptr) {
    const std::string word(rule.values->words.back());
    return rule.values->whole_numbers ? json(std::stoi(word)) : json(word);
  }
  if ((rule.types & primitive::integer) != 0) return static_cast<std::int64_t>(std::max(1.0, rule.low));
  if ((rule.types & primitive::string) != 0) return "a";
  for (const Kind& kind : kinds()) {
    if (contains(rule.kinds, kind) && is_plain(kind)) return specimen(kind);
  }
  return nullptr;
}

/// How a kind is held: by an argument of the parent, or as an item of its body.
struct Way {
  const Kind* parent;
  std::string_view argument;  // "" for the body
};

/// The shortest ways down from a sequence.
std::map<std::string_view, Way> ways_from_sequence() {
  std::map<std::string_view, Way> ways;
  std::deque<const Kind*> queue{find_kind("sequence")};
  ways[queue.front()->name] = {nullptr, {}};
  while (!queue.empty()) {
    const Kind& parent = *queue.front();
    queue.pop_front();
    const auto reach = [&](const KindSet& set, std::string_view argument) {
      for (const Kind& kind : kinds()) {
        if (!contains(set, kind) || ways.contains(kind.name)) continue;
        if (is_placeholder(kind) && parent.name != "parameter_declaration") continue;
        ways[kind.name] = {&parent, argument};
        queue.push_back(&kind);
      }
    };
    reach(parent.body, {});
    for (const ArgumentRule* rule : parent.args) reach(rule->kinds, rule->name);
  }
  return ways;
}

}  // namespace

json specimen(const Kind& kind) {
  json args = json::object();
  for (const ArgumentRule* rule : kind.args) args[std::string(rule->name)] = value_for(*rule);
  return {{"kind", kind.name}, {"args", std::move(args)}};
}

Placed placed(const Kind& kind) {
  static const auto ways = ways_from_sequence();
  Placed result{specimen(kind), ""};
  for (auto way = ways.find(kind.name); way != ways.end() && way->second.parent != nullptr;
       way = ways.find(way->second.parent->name)) {
    json parent = specimen(*way->second.parent);
    const std::string argument(way->second.argument);
    if (argument.empty()) {
      parent["body"] = json::array({std::move(result.document)});
    } else {
      parent["args"][argument] = std::move(result.document);
    }
    result.pointer = (argument.empty() ? "/body/0" : "/args/" + argument) + result.pointer;
    result.document = std::move(parent);
  }
  if (kind.name == "identifier") {
    json declaration = specimen(*find_kind("parameter_declaration"));
    declaration["args"]["label"] = "a";  // the label of the specimen
    result.document["args"]["locals"]["body"] = json::array({std::move(declaration)});
  }
  return result;
}

json sequence(json body) {
  json document = specimen(*find_kind("sequence"));
  document["body"] = std::move(body);
  return document;
}

Parsed checked(const json& document) {
  Parsed parsed = parse(document.dump());
  check(parsed.document, parsed.diagnostics);
  return parsed;
}

bool has(const Diagnostics& diagnostics, std::string_view code, std::string_view pointer) {
  return std::ranges::any_of(diagnostics.list(),
                             [&](const Diagnostic& d) { return d.code == code && d.pointer == pointer; });
}

std::string report(const Parsed& parsed) {
  return parsed.document.source + '\n' + render(parsed.diagnostics);
}

}  // namespace celeriac::celeryscript::test
