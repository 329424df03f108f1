#include "console/tui/suggestions.hpp"

#include <CLI/App.hpp>
#include <algorithm>
#include <cctype>
#include <format>
#include <functional>
#include <sstream>

#include "console/command.hpp"
#include "console/command_line.hpp"
#include "console/completion.hpp"
#include "console/tui/command_words.hpp"
#include "console/values.hpp"
#include "protocol/operations.hpp"

namespace celeriac::console::tui {
using protocol::Field;
using protocol::FieldType;
using protocol::Operation;
using protocol::Payload;

namespace {

using Offers = std::vector<Suggestion>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct OwnCommand {
  std::string_view name, summary;
};
// What the console itself understands, before commands of the command line.
constexpr OwnCommand own_commands[] = {
    {"estop", "Stops everything now and locks."},
    {"help", "Shows the keys."},
    {"quit", "Leaves the console."},
};

bool begins_with(std::string_view text, std::string_view begin) {
  return text.size() >= begin.size() &&
         std::ranges::equal(
             text.substr(0, begin.size()), begin, {},
             [](char c) { return std::tolower(static_cast<unsigned char>(c)); },
             [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
}

/// Names with a blank in them stand in quotes.
std::string quoted(const std::string& name) {
  return name.contains(' ') ? '"' + name + '"' : name;
}

void offer_names(Offers& offers, const std::vector<std::string>& names, std::string_view before = {}) {
  for (const auto& name : names) offers.push_back({std::string(before) + name});
}

void offer_ids(Offers& offers, const Pairs& ids, std::string_view before = {}) {
  for (const auto& [id, name] : ids) offers.push_back({std::string(before) + id, name});
}

// ---- operations ----------------------------------------------------------------------------------

bool takes_id(const Operation& operation) {
  return protocol::takes_id(operation.payload);
}

Offers values_of_id(const Operation& operation, const Names& names) {
  Offers offers;
  if (operation.id_name == "process") offer_ids(offers, names.processes, "id=");
  if (operation.id_name == "code") {
    offer_ids(offers, names.codes, "id=");
    for (const auto& [id, name] : names.codes)
      if (!name.empty()) offers.push_back({"id=" + quoted(name), "code " + id});
  }
  return offers;
}

Offers values_of_field(const Operation& operation, const Field& field, const std::vector<std::string>& words,
                       const Names& names) {
  const std::string before = std::string(field.name) + '=';
  Offers offers;
  for (const auto& choice : field.choices) offers.push_back({before + std::string(choice.name)});
  if (field.type == FieldType::boolean) offer_names(offers, {"true", "false"}, before);
  if (field.name == "config") {
    const bool of_host =
        std::ranges::contains(words, "package=os") || std::ranges::contains(words, "package=1");
    offer_names(offers, of_host ? names.settings : names.parameters, before);
  }
  if (operation.space == "REGS" && field.name == "name") offer_names(offers, names.registers, before);
  return offers;
}

Offers offers_of_operation(const Operation& operation, const std::vector<std::string>& words,
                           std::string_view word, const Names& names) {
  const auto sign = word.find('=');
  if (sign != std::string_view::npos) {
    if (takes_id(operation) && word.starts_with("id=")) return values_of_id(operation, names);
    const auto field = std::ranges::find(operation.fields, word.substr(0, sign), &Field::name);
    return field != operation.fields.end() ? values_of_field(operation, *field, words, names) : Offers{};
  }
  Offers offers;
  const auto given = [&](std::string_view name) {
    return std::ranges::any_of(words, [&](const auto& w) { return w.starts_with(std::string(name) + '='); });
  };
  const auto add = [&](std::string_view name, std::string_view note) {
    if (!given(name)) offers.push_back({std::string(name) + '=', std::string(note)});
  };
  if (takes_id(operation)) add("id", operation.id_name);
  if (operation.payload == Payload::text) add("text", "");
  for (const auto& field : operation.fields)
    add(field.name, field.unit.empty() ? field.help : std::format("{}, {}", field.help, field.unit));
  return offers;
}

// ---- commands of the command line ----------------------------------------------------------------

/// The row that the words name: one word, or two of a group.
const Command* command_of(const std::vector<std::string>& words) {
  for (const auto& row : commands()) {
    if (row.name == words[0]) return &row;
    if (words.size() > 1 && row.name == words[0] + ' ' + words[1]) return &row;
  }
  return nullptr;
}

Offers options_of(const Command& command) {
  GlobalOptions options;
  const auto root = make_parser(options, [](const Action&) {});
  Offers offers;
  if (const auto* parser = find_parser(*root, command.name))
    for (const auto* option : parser->get_options())
      for (const auto& name : option->get_lnames())
        if (name != "help") offers.push_back({"--" + name, option->get_description()});
  return offers;
}

Offers offers_of_command(const Command& command, std::string_view word, const Names& names) {
  if (word.starts_with('-')) return options_of(command);
  Offers offers;
  switch (command.completes) {
    case Completes::operations:
      for (const auto& row : protocol::operations())
        offers.push_back({std::string(row.long_name), std::string(row.summary)});
      break;
    case Completes::registers:
      offer_names(offers, names.registers);
      break;
    case Completes::axes:
      offer_names(offers, {"x", "y", "z", "all"});
      break;
    case Completes::assets: {
      std::istringstream kinds{std::string(asset_kind_words)};
      for (std::string kind; kinds >> kind;) offers.push_back({kind, ""});
      break;
    }
    case Completes::processes:
      offer_ids(offers, names.processes);
      break;
    case Completes::codes:
      offer_ids(offers, names.codes);
      break;
    case Completes::parameters:
      offer_names(offers, names.parameters);
      offer_names(offers, names.settings);
      break;
    case Completes::nothing:
    case Completes::files:
      break;
  }
  return offers;
}

Offers second_words(std::string_view group) {
  Offers offers;
  for (const auto& row : commands())
    if (row.name.starts_with(std::string(group) + ' '))
      offers.push_back({std::string(row.name.substr(group.size() + 1)), std::string(row.summary)});
  return offers;
}

Offers first_words(std::string_view word) {
  Offers offers;
  for (const auto& row : own_commands) offers.push_back({std::string(row.name), std::string(row.summary)});
  for (const auto& row : commands()) {
    const std::string first(row.name.substr(0, row.name.find(' ')));
    if (not_in_here({first}) || std::ranges::contains(offers, first, &Suggestion::text)) continue;
    const auto group = std::ranges::find(groups(), first, &Group::name);
    offers.push_back({first, std::string(group != groups().end() ? group->summary : row.summary)});
  }
  if (word.empty()) return offers;  // everything at once helps nobody
  for (const auto& row : protocol::operations())
    if (row.available) offers.push_back({std::string(row.long_name), std::string(row.summary)});
  return offers;
}

/// Where the last word begins: behind the last blank that is not in quotes.
std::size_t last_word(std::string_view line) {
  std::size_t from = 0;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0 ? line[i] == quote : line[i] == '"' || line[i] == '\'')
      quote = quote != 0 ? '\0' : line[i];
    else if (quote == 0 && line[i] == ' ')
      from = i + 1;
  }
  return from;
}

}  // namespace

Suggestions suggest(std::string_view line, const Names& names) {
  Suggestions result{.from = last_word(line)};
  const std::string_view word = line.substr(result.from);
  const auto words = words_of(line.substr(0, result.from));
  Offers offers;
  if (words.empty()) {
    offers = first_words(word);
  } else if (const auto* operation = called_by(words)) {
    result.usage = std::format("{} {}", operation->long_name, usage_of(*operation));
    offers = offers_of_operation(*operation, words, word, names);
  } else if (const auto* command = command_of(words)) {
    result.usage = std::format("{}: {}", command->name, command->summary);
    // `call SYS.HOME axis=x` goes on as the operation itself does.
    const auto* called = words[0] == "call" && words.size() > 1 ? operation_of(words[1]) : nullptr;
    offers = called != nullptr ? offers_of_operation(*called, words, word, names)
                               : offers_of_command(*command, word, names);
  } else if (words.size() == 1) {
    offers = second_words(words[0]);
  }
  std::erase_if(offers, [&](const Suggestion& offer) {
    return !begins_with(offer.text, word) && !begins_with(offer.text, quoted(std::string(word)));
  });
  // Where nothing else is meant, the short name of an operation is as good as the long one: "ZER", SYS.ZERO.
  if (words.empty() && !word.empty() && offers.empty())
    for (const auto& row : protocol::operations()) {
      const auto behind_dot = row.long_name.substr(row.long_name.find('.') + 1);
      if (row.available && begins_with(behind_dot, word))
        offers.push_back({std::string(row.long_name), std::string(row.summary)});
    }
  if (offers.size() > most_offers) offers.resize(most_offers);
  result.offers = std::move(offers);
  return result;
}

std::string Suggestions::common() const {
  if (offers.empty()) return {};
  std::string_view begin = offers.front().text;
  for (const auto& offer : offers) {
    const auto [a, b] = std::ranges::mismatch(begin, offer.text);
    begin = begin.substr(0, static_cast<std::size_t>(a - begin.begin()));
  }
  return std::string(begin);
}

std::string completed(std::string_view line, const Suggestions& suggestions) {
  const std::string common = suggestions.common();
  const std::string_view word = line.substr(suggestions.from);
  std::string text(line.substr(0, suggestions.from));
  if (common.size() < word.size()) return std::string(line);
  text += common;
  if (suggestions.offers.size() == 1 && !common.ends_with('=') && !common.ends_with('.')) text += ' ';
  return text;
}

}  // namespace celeriac::console::tui
