#include "console/values.hpp"

#include <algorithm>
#include <format>

#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console {
using protocol::Field;
using protocol::FieldType;
using protocol::Json;
using protocol::Operation;
using protocol::Payload;
using protocol::Result;
using protocol::Status;

namespace {

bool takes_id(const Operation& operation) {
  return protocol::takes_id(operation.payload);
}

/// Fields of the payload that are no rows of the table: the id, and the bytes of a text.
std::string_view special_field(const Operation& operation) {
  return takes_id(operation) ? "id" : operation.payload == Payload::text ? "text" : "";
}

std::vector<std::string> field_names(const Operation& operation) {
  std::vector<std::string> names;
  if (const auto special = special_field(operation); !special.empty()) names.emplace_back(special);
  for (const auto& field : operation.fields) names.emplace_back(field.name);
  return names;
}

Json list_of_texts(std::string_view text) {
  Json list = Json::array();
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    list.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

Json value_for(const Field& field, const std::string& text) {
  Json value = value_of(text);
  if (field.type == FieldType::text && !value.is_string()) return text;
  if (field.type == FieldType::texts && !value.is_array()) return list_of_texts(text);
  if (field.type == FieldType::bytes) return Json::binary({text.begin(), text.end()});
  return value;
}

constexpr std::string_view type_name(FieldType type) {
  constexpr std::string_view names[] = {"NUMBER", "INTEGER", "CHOICE", "true|false", "TEXT",
                                        "TEXT,…", "BYTES",   "JSON",   "VALUE"};
  return names[static_cast<std::size_t>(type)];
}

}  // namespace

Json value_of(std::string_view text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

Result<std::pair<std::string, std::string>> split_assignment(std::string_view word) {
  const auto sign = word.find('=');
  if (sign == std::string_view::npos || sign == 0)
    return protocol::fail(Status::malformed, std::format("\"{}\" is not name=value.", word));
  return std::pair(std::string(word.substr(0, sign)), std::string(word.substr(sign + 1)));
}

Result<Json> fields_of(const Operation& operation, const std::vector<std::string>& words) {
  Json fields = Json::object();
  for (const auto& word : words) {
    auto assignment = split_assignment(word);
    if (!assignment) {
      assignment.error().message += std::format(" {} takes {}.", operation.long_name, usage_of(operation));
      return std::unexpected(std::move(assignment.error()));
    }
    const auto& [name, text] = *assignment;
    const auto row = std::ranges::find(operation.fields, name, &Field::name);
    if (row != operation.fields.end()) {
      fields[name] = value_for(*row, text);
    } else if (name == special_field(operation)) {
      fields[name] = name == "text" ? Json(text) : value_of(text);
    } else {
      const auto names = field_names(operation);  // `close` views one of them
      const std::string_view close = protocol::closest(name, names);
      return protocol::fail(Status::malformed,
                            std::format("{} has no field \"{}\"{} It takes {}.", operation.long_name, name,
                                        close.empty() ? "." : std::format(": did you mean \"{}\"?", close),
                                        usage_of(operation)));
    }
  }
  return fields;
}

std::string usage_of(const Operation& operation) {
  std::string text;
  const auto add = [&](std::string one, bool required) {
    text += (text.empty() ? "" : " ") + (required ? std::move(one) : '[' + one + ']');
  };
  if (takes_id(operation)) add(std::format("id=NUMBER of the {}", operation.id_name), true);
  if (operation.payload == Payload::text) add("text=TEXT (or --payload FILE)", true);
  for (const auto& field : operation.fields) {
    std::string values(type_name(field.type));
    if (!field.choices.empty()) {
      values.clear();
      for (const auto& choice : field.choices)
        values += (values.empty() ? "" : "|") + std::string(choice.name);
    }
    if (!field.unit.empty()) values += std::format(" ({})", field.unit);
    add(std::format("{}={}", field.name, values), field.required);
  }
  return text.empty() ? "no fields" : text;
}

}  // namespace celeriac::console
