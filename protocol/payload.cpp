#include "protocol/payload.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <limits>

#include "protocol/frame.hpp"

namespace celeriac::protocol {
namespace {

std::string choice_list(const Field& field) {
  std::string text;
  for (const auto& choice : field.choices)
    text += std::format("{}{} ({})", text.empty() ? "" : ", ", choice.number, choice.name);
  return text;
}

std::unexpected<Error> bad(const Operation& operation, const Field& field, std::string_view what) {
  Error error{.status = Status::malformed,
              .message = std::format("{}: the field \"{}\" {}.", operation.long_name, field.name, what)};
  error.details["field"] = field.name;
  return std::unexpected(std::move(error));
}

std::unexpected<Error> bad_id(const Operation& operation, std::size_t size) {
  Error error{
      .status = Status::malformed,
      .message = std::format("{}: the field \"id\" must be a {} id of 2 bytes, and the payload has {}.",
                             operation.long_name, operation.id_name, size)};
  error.details["field"] = "id";
  return std::unexpected(std::move(error));
}

bool is_whole(const Json& value) {
  if (value.is_number_unsigned())
    return value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) < 9.0e15;
}

/// Checks one value against its row and puts it into the form that Arguments keeps.
Result<Json> checked(const Operation& operation, const Field& field, const Json& value) {
  const auto in_range = [&](double number) {
    return field.low > field.high || (number >= field.low && number <= field.high);
  };
  const auto range = [&] { return std::format("must be from {} to {}", field.low, field.high); };
  switch (field.type) {
    case FieldType::number: {
      if (!value.is_number()) return bad(operation, field, "must be a number");
      const double number = value.get<double>();
      if (!std::isfinite(number)) return bad(operation, field, "must be a finite number");
      if (!in_range(number)) return bad(operation, field, range());
      return number;
    }
    case FieldType::integer: {
      if (!is_whole(value)) return bad(operation, field, "must be a whole number");
      if (!in_range(value.get<double>())) return bad(operation, field, range());
      return value.get<std::int64_t>();
    }
    case FieldType::choice: {
      const auto known = [&](std::int64_t number) {
        return std::ranges::any_of(field.choices, [&](const Choice& c) { return c.number == number; });
      };
      if (!is_whole(value) || !known(value.get<std::int64_t>()))
        return bad(operation, field, std::format("must be one of {}", choice_list(field)));
      return value.get<std::int64_t>();
    }
    case FieldType::boolean:
      if (!value.is_boolean()) return bad(operation, field, "must be true or false");
      return value;
    case FieldType::text:
      if (!value.is_string()) return bad(operation, field, "must be a text");
      return value;
    case FieldType::texts:
      if (!value.is_array() || !std::ranges::all_of(value, [](const Json& v) { return v.is_string(); }))
        return bad(operation, field, "must be a list of texts");
      return value;
    case FieldType::bytes:
      if (!value.is_binary()) return bad(operation, field, "must be binary");
      return value;
    case FieldType::document:
      if (!value.is_object()) return bad(operation, field, "must be a document");
      return value;
    case FieldType::any:
      return value;
  }
  return bad(operation, field, "has a type that is not in the table");
}

bool takes_document(Payload payload) {
  return payload == Payload::document || payload == Payload::optional_document ||
         payload == Payload::id_and_document;
}

Result<Json> checked_fields(const Operation& operation, const Json& document, bool document_given) {
  Json out = Json::object();
  for (const auto& field : operation.fields) {
    const auto found = document.find(field.name);
    if (found == document.end() || (found->is_null() && !field.required && field.type != FieldType::any)) {
      if (field.required && document_given) return bad(operation, field, "is missing");
      continue;
    }
    auto value = checked(operation, field, *found);
    if (!value) return std::unexpected(std::move(value.error()));
    out[std::string(field.name)] = std::move(*value);
  }
  return out;
}

const Field* find_field(const Operation& operation, std::string_view name) {
  for (const auto& field : operation.fields)
    if (field.name == name) return &field;
  return nullptr;
}

/// A choice by its name becomes its number; anything else stays.
Json without_choice_names(const Field& field, const Json& value) {
  if (field.type == FieldType::choice && value.is_string())
    for (const auto& choice : field.choices)
      if (choice.name == value.get_ref<const std::string&>()) return choice.number;
  return value;
}

constexpr std::string_view holder_name = "holder";
constexpr Field holder_field{holder_name, FieldType::integer, "", "whose it is, of many on one stream",
                             false};

}  // namespace

Result<Arguments> Arguments::decode(const Operation& operation, std::string_view payload) {
  Arguments made;
  made.operation_ = &operation;
  if (operation.payload == Payload::text) {
    made.text_ = payload;
    return made;
  }
  if (takes_id(operation.payload)) {
    if (payload.size() < 2 || (operation.payload == Payload::id && payload.size() != 2))
      return bad_id(operation, payload.size());
    made.id_ = load_u16(payload.data());
    payload.remove_prefix(2);
    if (operation.payload == Payload::id_and_envelope) made.text_ = payload;
  }
  if (!takes_document(operation.payload)) return made;
  const bool may_be_absent = operation.payload != Payload::document;
  if (payload.empty() && may_be_absent) {
    // A document may be left out where nothing in it is needed.
    if (operation.payload != Payload::id_and_document) return made;
    if (auto none = checked_fields(operation, Json::object(), true); !none)
      return std::unexpected(std::move(none.error()));
    return made;
  }
  auto document = from_bson(payload);
  if (!document) {
    document.error().message = std::format("{}: {}", operation.long_name, document.error().message);
    return std::unexpected(std::move(document.error()));
  }
  auto fields = checked_fields(operation, *document, true);
  if (!fields) return std::unexpected(std::move(fields.error()));
  made.fields_ = std::move(*fields);
  if (const auto holder = document->find(holder_name); holder != document->end()) {
    if (!holder->is_number_integer() || holder->get<std::int64_t>() < 0)
      return bad(operation, holder_field, "must be a whole number, 0 or more");
    made.holder_ = holder->get<std::uint64_t>();
  }
  return made;
}

double Arguments::number(const char* field) const {
  const auto found = fields_.find(field);
  if (found != fields_.end() && found->is_boolean()) return found->get<bool>() ? 1 : 0;
  if (found != fields_.end() && found->is_number()) return found->get<double>();
  const auto* row = find_field(*operation_, field);
  return row != nullptr ? row->fallback : 0;
}

std::int64_t Arguments::integer(const char* field) const {
  const auto found = fields_.find(field);
  if (found != fields_.end() && found->is_number_integer()) return found->get<std::int64_t>();
  return static_cast<std::int64_t>(std::llround(number(field)));
}

std::string Arguments::string(const char* field) const {
  const auto found = fields_.find(field);
  return found != fields_.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& Arguments::value(const char* field) const {
  static const Json absent;
  const auto found = fields_.find(field);
  return found != fields_.end() ? *found : absent;
}

Result<std::string> encode(const Operation& operation, const Json& fields) {
  if (!fields.is_object() && !fields.is_null())
    return fail(Status::malformed, std::format("{} takes fields by their names.", operation.long_name));
  Json document = Json::object();
  for (const auto& [key, value] : fields.items()) {
    const auto* field = find_field(operation, key);
    const bool special =
        (key == "id" && takes_id(operation.payload)) || (key == "text" && operation.payload == Payload::text);
    if (field == nullptr && !special)
      return fail(Status::malformed, std::format("{} has no field \"{}\".", operation.long_name, key));
    if (field != nullptr) document[key] = without_choice_names(*field, value);
  }
  const auto too_long = [&] {
    return fail(Status::malformed,
                std::format("{}: the payload is longer than {} bytes.", operation.long_name, max_payload));
  };
  if (operation.payload == Payload::text) {
    const Json text = fields.value("text", Json(""));
    if (!text.is_string())
      return fail(Status::malformed, std::format("{}: \"text\" must be a text.", operation.long_name));
    if (text.get_ref<const std::string&>().size() > max_payload) return too_long();
    return text.get<std::string>();
  }
  std::string payload;
  if (takes_id(operation.payload)) {
    const auto id = fields.find("id");
    if (id == fields.end() || !is_whole(*id) || id->get<std::int64_t>() < 0 ||
        id->get<std::int64_t>() > 65535)
      return fail(Status::malformed, std::format("{} needs id=N, the number of the {}.", operation.long_name,
                                                 operation.id_name));
    payload = encode_id(static_cast<std::uint16_t>(id->get<std::int64_t>()));
  }
  if (!takes_document(operation.payload)) return payload;
  const bool wanted = operation.payload == Payload::document || !document.empty();
  auto checked = checked_fields(operation, document, wanted);
  if (!checked) return std::unexpected(std::move(checked.error()));
  if (wanted) payload += to_bson(*checked);
  if (payload.size() > max_payload) return too_long();
  return payload;
}

std::string with_holder(const Operation& operation, std::string_view payload, std::uint64_t holder) {
  std::string made(payload);
  if (operation.payload != Payload::document && operation.payload != Payload::optional_document) return made;
  constexpr std::string_view empty_document("\5\0\0\0\0", 5);
  if (made.empty()) made = empty_document;
  if (made.size() < empty_document.size()) return made;  // the other side says what is wrong with it
  // An element in front of the document's last byte: type int64, name, value, all little endian.
  made.pop_back();
  made += '\x12';
  made.append(holder_name).push_back('\0');
  for (int byte = 0; byte < 8; ++byte) made += static_cast<char>(holder >> (8 * byte));
  made += '\0';
  for (std::size_t byte = 0; byte < 4; ++byte) made[byte] = static_cast<char>(made.size() >> (8 * byte));
  return made;
}

std::string encode_id(std::uint16_t id) {
  std::string bytes(2, '\0');
  store_u16(bytes.data(), id);
  return bytes;
}

}  // namespace celeriac::protocol
