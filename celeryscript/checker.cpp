#include "celeryscript/checker.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <ranges>
#include <unordered_map>
#include <utility>

#include "celeryscript/grammar.hpp"
#include "celeryscript/rules.hpp"
#include "protocol/words.hpp"

namespace celeriac::celeryscript {

using protocol::closest;
using protocol::joined;
using protocol::shown;
namespace {

// Beyond this a double cannot tell a whole number from its neighbours.
constexpr double largest_whole_double = 9007199254740992.0;  // 2^53

/// The variables of a sequence.
struct Scope {
  std::unordered_map<std::string_view, const Node*> declarations;  ///< by label
  std::vector<std::string_view> labels;                            ///< in the order of the document
};
// So many labels are looked through for a misspelt one.
constexpr std::ptrdiff_t most_candidates = 200;

Span place_of(const Node& node) {
  return node.kind_span.end > 0 ? node.kind_span : node.span;
}

const Node* child(const Argument& argument) {
  const auto* held = std::get_if<const Node*>(&argument.value);
  return argument.misfit == Misfit::none && held != nullptr ? *held : nullptr;
}

std::string_view text_of(const Node& node, std::string_view argument) {
  const Argument* found = node.find(argument);
  const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

bool is_placeholder(const Kind& kind) {
  return kind.name.ends_with("_placeholder");
}

std::string format_number(double number) {
  return std::format("{}", number);
}

/// A value as a sentence names it: `string "abc"`, `number 1.5`, `a 'tool' node`.
std::string described(const Argument& argument) {
  if (argument.misfit == Misfit::null) return "null";
  if (argument.misfit == Misfit::array) return "an array";
  struct {
    std::string operator()(bool value) const { return value ? "boolean true" : "boolean false"; }
    std::string operator()(std::int64_t value) const { return std::format("number {}", value); }
    std::string operator()(double value) const { return "number " + format_number(value); }
    std::string operator()(const std::string& value) const {
      return std::format("string \"{}\"", shown(value));
    }
    std::string operator()(const Node* node) const { return std::format("a '{}' node", shown(node->word)); }
  } visitor;
  return std::visit(visitor, argument.value);
}

std::vector<std::string> names(const KindSet& set) {
  std::vector<std::string> result;
  for (const Kind& kind : kinds()) {
    if (contains(set, kind)) result.emplace_back(kind.name);
  }
  return result;
}

/// What may stand where the rule holds: types first, then kinds; the values themselves where there is a list.
std::vector<std::string> expected_by(const ArgumentRule& rule) {
  struct TypeName {
    std::uint8_t type;
    std::string_view name;
  };
  static constexpr TypeName type_names[] = {{primitive::boolean, "boolean"},
                                            {primitive::integer, "integer"},
                                            {primitive::real, "float"},
                                            {primitive::string, "string"}};
  std::vector<std::string> result;
  if (rule.values != nullptr) {
    result.assign(rule.values->words.begin(), rule.values->words.end());
  } else {
    for (const TypeName& type : type_names) {
      if ((rule.types & type.type) != 0) result.emplace_back(type.name);
    }
  }
  std::ranges::move(names(rule.kinds), std::back_inserter(result));
  return result;
}

/// Whether a number has a whole value that an integer of CeleryScript can have.
bool is_whole(double number) {
  return std::abs(number) <= largest_whole_double && number == std::trunc(number);
}

std::uint8_t types_of(const Value& value) {
  struct {
    std::uint8_t operator()(bool) const { return primitive::boolean; }
    std::uint8_t operator()(std::int64_t) const { return primitive::integer | primitive::real; }
    std::uint8_t operator()(double number) const {
      return is_whole(number) ? primitive::integer | primitive::real : primitive::real;
    }
    std::uint8_t operator()(const std::string&) const { return primitive::string; }
    std::uint8_t operator()(const Node*) const { return 0; }
  } visitor;
  return std::visit(visitor, value);
}

double number_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

class Checker {
 public:
  Checker(const Document& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  void node(const Node& node);

 private:
  void children(const Node& node);
  void arguments(const Node& node);
  void missing(const Node& node, const ArgumentRule& rule);
  void unexpected(const Node& node, const Argument& argument, std::string_view suggestion);
  void argument(const Node& node, const Argument& argument, const ArgumentRule& rule);
  void primitive_value(const Node& node, const Argument& argument, const ArgumentRule& rule);
  void child_kind(const Node& node, const Node& child, const ArgumentRule& rule);
  void identifier(const Node& node, const ArgumentRule& rule);
  void body(const Node& node);
  void legacy(const Node& node);
  void unknown(const Node& node);

  void report(std::string_view code, std::string pointer, Span at, std::string message,
              std::vector<std::string> expected = {}, std::string_view suggestion = {});
  void report_argument(std::string_view code, const Node& node, const Argument& argument, std::string message,
                       std::vector<std::string> expected = {}, std::string_view suggestion = {});

  const Document& document_;
  Diagnostics& diagnostics_;
  Scope scope_;
  /// Farm events and regimens bind variables where they are run: nothing can be said about theirs.
  bool knows_scope_ = true;
};

void Checker::report(std::string_view code, std::string pointer, Span at, std::string message,
                     std::vector<std::string> expected, std::string_view suggestion) {
  diagnostics_.add(document_.source, {.code = code,
                                      .message = std::move(message),
                                      .pointer = std::move(pointer),
                                      .span = at,
                                      .expected = std::move(expected),
                                      .suggestion = std::string(suggestion)});
}

void Checker::report_argument(std::string_view code, const Node& node, const Argument& argument,
                              std::string message, std::vector<std::string> expected,
                              std::string_view suggestion) {
  std::string pointer = node.pointer() + "/args";
  // A name as long as a page would make the pointer one.
  if (constexpr std::size_t longest_step = 256; argument.name.size() <= longest_step) {
    pointer += '/';
    append_pointer_step(pointer, argument.name);
  }
  report(code, std::move(pointer), argument.span, std::move(message), std::move(expected), suggestion);
}

// ---- nodes -------------------------------------------------------------------------------------

void Checker::node(const Node& node) {
  if (node.kind == nullptr) {
    // Without a kind the parser has complained already.
    if (node.kind_span.end > 0) unknown(node);
    children(node);
    return;
  }
  const Kind& kind = *node.kind;
  if (kind.standing != Standing::current) {
    legacy(node);
    if (!kind.still_runs) return;
  }
  if (kind.name == "sequence") {
    scope_ = {};
    if (const Argument* locals = node.find("locals"); locals != nullptr && child(*locals) != nullptr) {
      for (const Node* declaration : child(*locals)->body) {
        const std::string_view label = text_of(*declaration, "label");
        if (scope_.declarations.emplace(label, declaration).second) scope_.labels.push_back(label);
      }
    }
  } else if (node.parent == nullptr) {
    knows_scope_ = !kind.name.starts_with("internal_");
  }
  // Arguments that are no object have been refused by the parser.
  if (node.args_span.end > 0) arguments(node);
  body(node);
  check_rules(document_, node, diagnostics_);
}

void Checker::children(const Node& node) {
  for (const Argument& argument : node.args) {
    if (const Node* held = child(argument)) this->node(*held);
  }
  for (const Node* item : node.body) this->node(*item);
}

void Checker::unknown(const Node& node) {
  if (!diagnostics_.room()) return;
  const std::string_view near = closest(node.word, kinds() | std::views::transform(&Kind::name));
  report("unknown_kind", node.pointer(), node.kind_span,
         std::format("Can't find validation rules for node {}: there is no such kind.", shown(node.word)), {},
         near);
}

void Checker::legacy(const Node& node) {
  const Kind& kind = *node.kind;
  if (!kind.still_runs && !diagnostics_.room()) return;
  const std::string seen =
      kind.last_seen.empty() ? std::string() : std::format(", last seen in {}", kind.last_seen);
  std::string message = kind.still_runs
                            ? std::format("'{}' is a legacy kind{}. It still runs here.", kind.name, seen)
                            : std::format("no compiler for {}: it is a legacy kind{}.", kind.name, seen);
  message += kind.replacement.empty() ? " There is nothing in its place; remove it."
                                      : std::format(" Use {} instead.", kind.replacement);
  diagnostics_.add(document_.source, {.code = "legacy_kind",
                                      .severity = kind.still_runs ? Severity::warning : Severity::error,
                                      .message = std::move(message),
                                      .pointer = node.pointer(),
                                      .span = node.kind_span});
}

// ---- arguments ---------------------------------------------------------------------------------

void Checker::arguments(const Node& node) {
  const Kind& kind = *node.kind;
  std::vector<const ArgumentRule*> absent;
  for (const ArgumentRule* rule : kind.args) {
    if (rule->leniency != Leniency::may_be_absent && node.find(rule->name) == nullptr) absent.push_back(rule);
  }
  for (const Argument& argument : node.args) {
    if (const ArgumentRule* rule = kind.find(argument.name)) {
      this->argument(node, argument, *rule);
      continue;
    }
    if (const Node* held = child(argument)) this->node(*held);
    if (!diagnostics_.room()) continue;
    // A misspelt argument is one mistake, not one too many and one missing.
    std::string_view near = closest(argument.name, absent | std::views::transform(&ArgumentRule::name));
    if (!near.empty()) std::erase_if(absent, [&](const ArgumentRule* rule) { return rule->name == near; });
    unexpected(node, argument, near);
  }
  for (const ArgumentRule* rule : absent) {
    if (diagnostics_.room()) missing(node, *rule);
  }
}

void Checker::missing(const Node& node, const ArgumentRule& rule) {
  const std::string given = joined(node.args | std::views::transform([](const Argument& argument) {
                                     return argument.name.substr(0, 60);
                                   }));
  report("missing_argument", node.pointer() + "/args", place_of(node),
         std::format("Expected node '{}' to have a '{}', but got: {}.", node.word, rule.name,
                     given.empty() ? "no arguments" : shown(given, 200)),
         {std::string(rule.name)});
}

void Checker::unexpected(const Node& node, const Argument& argument, std::string_view suggestion) {
  const auto allowed = node.kind->args | std::views::transform(&ArgumentRule::name);
  std::string message = std::format("'{}' has unexpected arguments: {}. Allowed arguments: {}.", node.word,
                                    shown(argument.name), allowed.empty() ? "none" : joined(allowed));
  const Argument key = {.name = argument.name, .value = false, .span = argument.name_span, .name_span = {}};
  report_argument("unexpected_argument", node, key, std::move(message), {allowed.begin(), allowed.end()},
                  suggestion);
}

void Checker::argument(const Node& node, const Argument& argument, const ArgumentRule& rule) {
  const Node* held = child(argument);
  if (held != nullptr) {
    child_kind(node, *held, rule);
    this->node(*held);
  } else {
    primitive_value(node, argument, rule);
  }
}

void Checker::primitive_value(const Node& node, const Argument& argument, const ArgumentRule& rule) {
  const std::uint8_t types = argument.misfit == Misfit::none ? types_of(argument.value) : std::uint8_t{0};
  const std::uint8_t allowed =
      rule.leniency == Leniency::may_be_real ? rule.types | primitive::real : rule.types;
  const auto refuse = [&](std::string_view code, std::vector<std::string> expected,
                          std::string_view near = {}) {
    std::string message = std::format("Expected leaf '{}' within '{}' to be one of: [{}] but got {}.",
                                      rule.name, node.word, joined(expected), described(argument));
    report_argument(code, node, argument, std::move(message), std::move(expected), near);
  };

  if ((types & allowed) == 0) {
    if (!diagnostics_.room()) return;
    const auto* number = std::get_if<double>(&argument.value);
    if (number != nullptr && argument.misfit == Misfit::none && (allowed & primitive::integer) != 0 &&
        std::abs(*number) > largest_whole_double) {
      report_argument("out_of_range", node, argument,
                      std::format("'{}' within '{}' is out of range: {} is more than an integer can hold.",
                                  rule.name, node.word, format_number(*number)));
      return;
    }
    refuse("wrong_type", expected_by(rule));
    return;
  }

  if (rule.values != nullptr) {
    const auto& words = rule.values->words;
    const auto* text = std::get_if<std::string>(&argument.value);
    const std::string written = text != nullptr ? *text : std::format("{}", number_of(argument.value));
    if (std::ranges::find(words, written) != words.end()) return;
    if (!diagnostics_.room()) return;
    refuse("wrong_value", expected_by(rule), closest(written, words));
    return;
  }

  if ((types & primitive::real) == 0) return;
  const double number = number_of(argument.value);
  if ((number >= rule.low && number <= rule.high) || !diagnostics_.room()) return;
  const std::string unit = rule.unit.empty() ? std::string{} : std::format(" {}", rule.unit);
  std::string message =
      std::isinf(rule.high)
          ? std::format("'{}' within '{}' must be at least {}{}, but is {}.", rule.name, node.word,
                        format_number(rule.low), unit, format_number(number))
          : std::format("'{}' within '{}' must be from {} to {}{}, but is {}.", rule.name, node.word,
                        format_number(rule.low), format_number(rule.high), unit, format_number(number));
  report_argument("out_of_range", node, argument, std::move(message));
}

void Checker::child_kind(const Node& node, const Node& child, const ArgumentRule& rule) {
  const Kind* kind = child.kind;
  // An unknown or legacy kind is one mistake, and told where the child itself is looked at.
  if (kind == nullptr || !kind->runs() || contains(rule.tolerated, *kind)) return;
  if (is_placeholder(*kind) && node.word != "parameter_declaration") {
    if (!diagnostics_.room()) return;
    report("placeholder", child.pointer(), place_of(child),
           std::format(
               "You must select a value for all variables. A '{}' may only stand in a parameter_declaration.",
               kind->name));
    return;
  }
  if (contains(rule.kinds, *kind)) {
    if (kind->name == "identifier") identifier(child, rule);
    return;
  }
  if (!diagnostics_.room()) return;
  std::vector<std::string> expected = expected_by(rule);
  const std::string_view friendly =
      kind->name == "nothing" ? text_for_nothing(node.word) : std::string_view{};
  std::string message = friendly.empty()
                            ? std::format("Expected leaf '{}' within '{}' to be one of: [{}] but got {}.",
                                          rule.name, node.word, joined(expected), kind->name)
                            : std::format("{} '{}' cannot be nothing.", friendly, rule.name);
  report("wrong_kind", child.pointer(), place_of(child), std::move(message), std::move(expected));
}

void Checker::identifier(const Node& node, const ArgumentRule& rule) {
  const std::string_view label = text_of(node, "label");
  if (!knows_scope_ || node.find("label") == nullptr) return;
  const auto bound = scope_.declarations.find(label);
  if (bound == scope_.declarations.end()) {
    if (!diagnostics_.room()) return;
    const std::string_view near = closest(label, scope_.labels | std::views::take(most_candidates));
    std::string message = std::format("Unbound variable: {}.", shown(label));
    message += scope_.labels.empty() ? " No variables are declared here."
                                     : std::format(" Declared are: {}.", shown(joined(scope_.labels), 200));
    report("unbound_variable", node.pointer(), place_of(node), std::move(message), {}, near);
    return;
  }
  // A parameter may become anything; a variable counts as the kind of its value.
  const Node& declaration = *bound->second;
  const Argument* value =
      declaration.word == "variable_declaration" ? declaration.find("data_value") : nullptr;
  const Node* held = value == nullptr ? nullptr : child(*value);
  if (held == nullptr || held->kind == nullptr || held->kind->name == "identifier" ||
      is_placeholder(*held->kind)) {
    return;
  }
  // Over a group the variable is one member after another.
  const bool group = held->kind->name == "point_group" || held->kind->name.starts_with("every_");
  const Kind* kind = group ? find_kind("point") : held->kind;
  if (contains(rule.kinds, *kind) || !diagnostics_.room()) return;
  std::vector<std::string> expected = expected_by(rule);
  std::string message =
      std::format("Expected leaf '{}' within '{}' to be one of: [{}] but got {}, the value of '{}'.",
                  rule.name, node.parent->word, joined(expected), held->word, shown(label));
  report("wrong_kind", node.pointer(), place_of(node), std::move(message), std::move(expected));
}

// ---- bodies ------------------------------------------------------------------------------------

void Checker::body(const Node& node) {
  const KindSet allowed = node.kind->body | node.kind->tolerated;
  for (const Node* item : node.body) {
    const Kind* kind = item->kind;
    if (kind != nullptr && kind->runs() && !contains(allowed, *kind) && diagnostics_.room()) {
      std::vector<std::string> expected = names(node.kind->body);
      std::string message = std::format("Body of '{}' node contains '{}' node.", node.word, kind->name);
      message +=
          expected.empty() ? " It has no body." : std::format(" Expected one of: [{}].", joined(expected));
      report("wrong_body", item->pointer(), place_of(*item), std::move(message), std::move(expected));
    }
    this->node(*item);
  }
}

}  // namespace

void check(const Document& document, Diagnostics& diagnostics) {
  if (document.root != nullptr) Checker(document, diagnostics).node(*document.root);
}

Parsed read(std::string source) {
  Parsed parsed = parse(std::move(source));
  if (parsed.document.root == nullptr) return parsed;
  check(parsed.document, parsed.diagnostics);
  check_root(parsed.document, parsed.diagnostics);
  parsed.diagnostics.sort();
  return parsed;
}

}  // namespace celeriac::celeryscript
