#include "console/tui/command_words.hpp"

#include <algorithm>
#include <cctype>
#include <format>

#include "console/command.hpp"
#include "console/values.hpp"

namespace celeriac::console::tui {
using protocol::Json;
using protocol::Operation;
using protocol::Payload;
using protocol::Result;
using protocol::Status;

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return out;
}

struct Refused {
  std::string_view command, why;
};
constexpr Refused refused[] = {
    {"up", "a host runs already: this console is connected to one, or waits for it"},
    {"console", "this is the console"},
    {"completion", "this is for shells"},
};

}  // namespace

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  char quote = 0;
  bool inside = false;
  for (const char c : line) {
    if (quote == 0 && c == ' ') {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (quote != 0 ? c == quote : c == '"' || c == '\'')
      quote = quote != 0 ? 0 : c;
    else
      words.back() += c;
  }
  return words;
}

const Operation* operation_of(std::string_view word) {
  const std::string wanted = upper(word);
  const Operation* found = nullptr;
  for (const auto& row : protocol::operations()) {
    if (row.long_name == wanted) return &row;
    if (row.wire != wanted && row.long_name.substr(row.long_name.find('.') + 1) != wanted) continue;
    if (found != nullptr) return nullptr;
    found = &row;
  }
  return found;
}

const Operation* called_by(const std::vector<std::string>& words) {
  if (words.empty()) return nullptr;
  const auto is_command = [&](const Command& row) {
    return row.name.substr(0, row.name.find(' ')) == words[0];
  };
  if (std::ranges::any_of(commands(), is_command)) return nullptr;
  return operation_of(words[0]);
}

Result<Json> fields_of_words(const Operation& operation, const std::vector<std::string>& words,
                             const Names& names) {
  auto fields = fields_of(operation, {words.begin() + 1, words.end()});
  if (!fields || operation.id_name != "code" || !fields->contains("id") || !(*fields)["id"].is_string())
    return fields;
  const std::string name = (*fields)["id"];
  const auto by_name = [&](const auto& code) { return code.second == name; };
  const auto count = std::ranges::count_if(names.codes, by_name);
  if (count != 1)
    return protocol::fail(Status::not_found,
                          count == 0
                              ? std::format("There is no code called \"{}\".", name)
                              : std::format("{} codes are called \"{}\": take the number.", count, name));
  (*fields)["id"] = std::stoi(std::ranges::find_if(names.codes, by_name)->first);
  return fields;
}

std::optional<std::string> not_in_here(const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  const auto row = std::ranges::find(refused, words[0], &Refused::command);
  if (row != std::end(refused)) return std::format("`{}` makes no sense in here: {}.", words[0], row->why);
  // What reads standard input would take the keys away, the emergency stop's among them.
  if (std::ranges::contains(words, "-") || std::ranges::contains(words, "--hold"))
    return std::string("Commands that read standard input do not run in here.");
  return std::nullopt;
}

}  // namespace celeriac::console::tui
