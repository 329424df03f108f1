// Fills the marked parts of a document from the tables of the code: celeriac-docs [--check] FILE.
//
// A part stands between "<!-- NAME: …" and "<!-- end -->". With --check nothing is written; the exit status
// tells whether the file is up to date.

#include <format>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

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
      return std::format("{} id, then optionally {}", operation.id_name, fields);
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
                                                             : "V H";
    const auto answer = operation.slices.empty() ? std::string(operation.returns)
                                                 : std::format("slices: `{}`", operation.slices);
    out += std::format("| {} | `{:<4}` `{:<5}` | {} | {} | {} | {}{} |\n", operation.long_name,
                       operation.space, operation.wire, by, payload_text(operation), answer,
                       operation.summary, operation.available ? "" : " *Not served by this version.*");
  }
  return out;
}

std::string kinds_table() {
  namespace cs = celeriac::celeryscript;
  std::string out = "| kind | arguments | what it does | runs here |\n|---|---|---|---|\n";
  for (const auto& kind : cs::kinds()) {
    if (!kind.in_grammar()) continue;
    std::string arguments;
    for (const auto* rule : kind.args)
      arguments += std::format("{}`{}`{}{}", arguments.empty() ? "" : ", ", rule->name,
                               rule->unit.empty() ? "" : " ", rule->unit);
    out += std::format("| `{}` | {} | {} | {} |\n", kind.name, arguments, kind.help, kind.runs ? "yes" : "");
  }
  return out;
}

std::string legacy_table() {
  namespace cs = celeriac::celeryscript;
  std::string out = "| kind | last seen | instead |\n|---|---|---|\n";
  for (const auto& kind : cs::kinds())
    if (!kind.in_grammar())
      out += std::format("| `{}` | {} | {} |\n", kind.name, kind.last_seen, kind.replacement);
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
                                        {"kinds", kinds_table()},
                                        {"legacy", legacy_table()}});
  if (made == read.str()) return 0;
  if (check) {
    std::cerr << path << " does not agree with the tables of the code: run scripts/docs\n";
    return 1;
  }
  std::ofstream(path) << made;
  return 0;
}
