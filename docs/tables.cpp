// Fills the marked parts of a document from the tables of the code: celeriac-docs [--check] FILE.
//
// A part stands between "<!-- NAME: …" and "<!-- end -->". With --check nothing is written; the exit status
// tells whether the file is up to date.

#include <format>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "celeryscript/examples.hpp"
#include "celeryscript/grammar.hpp"
#include "protocol/operations.hpp"
#include "protocol/status.hpp"

namespace {

using namespace celeriac::protocol;

std::string statuses() {
  std::string out = "| code | name | meaning |\n|---|---|---|\n";
  for (std::uint16_t code = 0; code < status_count; ++code)
    out += std::format("| {} | {} | {} |\n", code, name(Status{code}), meaning(Status{code}));
  return out;
}

std::string field_text(const Field& field) {
  std::string text = std::format("`{}`", field.name);
  if (!field.choices.empty()) {
    std::string values;
    for (const auto& choice : field.choices)
      values += std::format("{}{} {}", values.empty() ? "" : ", ", choice.number, choice.name);
    text += std::format(" ({})", values);
  } else if (!field.unit.empty()) {
    text += std::format(" {}", field.unit);
  }
  if (field.low <= field.high) text += std::format(" {} to {}", field.low, field.high);
  if (field.required) return text;
  const bool has_default = field.type == FieldType::number;
  return has_default ? std::format("[{} = {}]", text, field.fallback) : std::format("[{}]", text);
}

std::string payload_text(const Operation& operation) {
  std::string fields;
  for (const auto& field : operation.fields)
    fields += std::format("{}{}", fields.empty() ? "" : "; ", field_text(field));
  switch (operation.payload) {
    case Payload::none:
      return "none";
    case Payload::id:
      return std::format("{} id", operation.id_name);
    case Payload::id_and_document:
      return std::format("{} id, then {}{}", operation.id_name,
                         std::ranges::any_of(operation.fields, &Field::required) ? "" : "optionally ",
                         fields);
    case Payload::id_and_envelope:
      return std::format("{} id, then an envelope", operation.id_name);
    case Payload::text:
      return "UTF-8";
    case Payload::document:
      return fields;
    case Payload::optional_document:
      return std::format("none, or {}", fields);
    case Payload::slice:
      return "u16 channel, then data";
  }
  return "";
}

std::string operations_table() {
  std::string out;
  std::string_view space;
  for (const auto& operation : operations()) {
    if (operation.space != space) {
      space = operation.space;
      out += std::format(
          "### {}\n\n| operation | wire | by | payload | answer | |\n|---|---|---|---|---|---|\n", space);
    }
    const auto by = operation.server == Server::vm           ? "V"
                    : operation.server == Server::hypervisor ? "H"
                    : operation.server == Server::guest      ? "G"
                                                             : "V H";
    const auto answer = operation.slices.empty() ? std::string(operation.returns)
                                                 : std::format("slices: `{}`", operation.slices);
    out += std::format("| {} | `{:<4}` `{:<5}` | {} | {} | {} | {}{} |\n", operation.long_name,
                       operation.space, operation.wire, by, payload_text(operation), answer,
                       operation.summary, operation.available ? "" : " *Not served by this version.*");
  }
  return out;
}

namespace cs = celeriac::celeryscript;

/// What an argument may hold: a type, words, kinds.
std::string argument_text(const cs::ArgumentRule& rule) {
  std::string text;
  const auto add = [&text](std::string_view what) {
    text += std::format("{}{}", text.empty() ? "" : ", ", what);
  };
  constexpr std::pair<std::uint8_t, std::string_view> types[] = {{cs::primitive::boolean, "true or false"},
                                                                 {cs::primitive::real, "a number"},
                                                                 {cs::primitive::integer, "a whole number"},
                                                                 {cs::primitive::string, "a text"}};
  constexpr std::size_t most_words = 12;
  if (rule.values != nullptr && rule.values->words.size() <= most_words) {
    for (const auto word : rule.values->words)
      add(std::format("{}{}{}", rule.values->whole_numbers ? "" : "`", word,
                      rule.values->whole_numbers ? "" : "`"));
  } else if (rule.values != nullptr) {
    add(std::format("`{}` to `{}`", rule.values->words.front(), rule.values->words.back()));
  } else {
    bool number = false;
    for (const auto& [type, name] : types) {
      if ((rule.types & type) == 0 || (number && type == cs::primitive::integer)) continue;
      number = number || type == cs::primitive::real;
      add(name);
    }
  }
  for (const auto& kind : cs::kinds())
    if (cs::contains(rule.kinds, kind)) add(std::format("`{}`", kind.name));
  if (!rule.unit.empty()) text += std::format(" ({})", rule.unit);
  return text;
}

void append_kind(std::string& out, const cs::Kind& kind) {
  out += std::format("### `{}`\n\n{}\n", kind.name, kind.help);
  for (const auto* rule : kind.args) out += std::format("- `{}`: {}\n", rule->name, argument_text(*rule));
  std::string body;
  std::size_t count = 0;
  for (const auto& item : cs::kinds()) {
    if (!cs::contains(kind.body, item)) continue;
    ++count;
    body += std::format("{}`{}`", body.empty() ? "" : ", ", item.name);
  }
  constexpr std::size_t most_items = 10;
  if (count > most_items) body = "steps";
  if (!body.empty()) out += std::format("- body: {}\n", body);
  const auto example = cs::example_of(kind.name);
  if (example.empty()) {
    out += "\nNo device runs it any more: it is refused at its place.\n\n";
  } else {
    out += std::format("\n```json\n{}\n```\n\n", example);
  }
}

std::string kinds_list() {
  std::string out;
  for (const auto& kind : cs::kinds())
    if (kind.in_grammar()) append_kind(out, kind);
  return out;
}

std::string legacy_table() {
  std::string out = "| kind | last seen | here | instead |\n|---|---|---|---|\n";
  for (const auto& kind : cs::kinds())
    if (kind.standing != cs::Standing::current)
      out += std::format("| `{}` | {} | {} | {} |\n", kind.name, kind.last_seen,
                         kind.still_runs ? "runs, with a warning" : "refused", kind.replacement);
  return out;
}

/// The document with its marked parts made anew.
std::string filled(const std::string& text, const std::map<std::string, std::string>& parts) {
  std::istringstream in(text);
  std::string out, line;
  bool skipping = false;
  while (std::getline(in, line)) {
    if (line == "<!-- end -->") skipping = false;
    if (!skipping) out += line + "\n";
    for (const auto& [part, contents] : parts)
      if (line.starts_with("<!-- " + part + ":")) {
        out += contents;
        skipping = true;
      }
  }
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  const bool check = count == 3 && std::string_view(arguments[1]) == "--check";
  if (count != 2 && !check) {
    std::cerr << "usage: celeriac-docs [--check] FILE\n";
    return 2;
  }
  const std::string path = arguments[count - 1];
  std::ifstream in(path);
  std::ostringstream read;
  read << in.rdbuf();
  const auto made = filled(read.str(), {{"statuses", statuses()},
                                        {"operations", operations_table()},
                                        {"kinds", kinds_list()},
                                        {"legacy", legacy_table()}});
  if (made == read.str()) return 0;
  if (check) {
    std::cerr << path << " does not agree with the tables of the code: run scripts/docs\n";
    return 1;
  }
  std::ofstream(path) << made;
  return 0;
}
