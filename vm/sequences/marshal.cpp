#include "vm/sequences/marshal.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <format>

#include "protocol/document.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Field;
using protocol::FieldType;
using protocol::Json;
using protocol::Payload;
using protocol::Result;
using protocol::Status;
using wasm::Value;

static_assert(std::endian::native == std::endian::little,
              "BSON is little endian, and numbers are copied into it");

namespace {

// Element types of BSON, as its specification numbers them.
constexpr char bson_double = 0x01;
constexpr char bson_boolean = 0x08;
constexpr char bson_int32 = 0x10;

struct Fixed {
  char type;
  std::size_t size;
};

/// How a field of fixed size stands in BSON; size 0: it has none.
constexpr Fixed fixed_form(FieldType type) {
  switch (type) {
    case FieldType::number:
    case FieldType::any:
      return {bson_double, 8};
    case FieldType::integer:
    case FieldType::choice:
      return {bson_int32, 4};
    case FieldType::boolean:
      return {bson_boolean, 1};
    default:
      return {0, 0};
  }
}

bool is_real(const Field& field) {
  return field.type == FieldType::number || field.type == FieldType::any;
}

bool has_document(Payload payload) {
  return payload == Payload::document || payload == Payload::optional_document;
}

std::unexpected<protocol::Error> unknown_number(const protocol::Operation& operation, const Field& field) {
  const bool coordinate = field.name == "x" || field.name == "y" || field.name == "z";
  return fail(
      Status::wrong_state,
      coordinate
          ? std::format("The {} position of the bot is not known, and the target depends on it: find "
                        "home on that axis first.",
                        field.name)
          : std::format("{} needs a number for {}, and it is not known.", operation.long_name, field.name));
}

}  // namespace

PayloadMaker::PayloadMaker(const protocol::Operation& operation) : operation_(operation) {
  if (!has_document(operation.payload)) return;
  payload_.assign(4, '\0');
  for (const Field& field : operation.fields) {
    const Fixed form = fixed_form(field.type);
    if (form.size == 0) {
      fixed_ = false;
      return;
    }
    payload_ += form.type;
    payload_ += field.name;
    payload_ += '\0';
    places_.push_back(payload_.size());
    payload_.append(form.size, '\0');
  }
  payload_ += '\0';
  const auto size = static_cast<std::int32_t>(payload_.size());
  std::memcpy(payload_.data(), &size, sizeof size);
}

Result<std::string_view> PayloadMaker::make(std::span<const Value> arguments,
                                            const std::vector<std::string>& texts) {
  if (!has_document(operation_.payload)) return std::string_view();
  if (!fixed_) return make_with_texts(arguments, texts);
  for (std::size_t i = 0; i < places_.size() && i < arguments.size(); ++i) {
    char* place = payload_.data() + places_[i];
    if (is_real(operation_.fields[i])) {
      const double value = arguments[i].f64();
      if (!std::isfinite(value)) return unknown_number(operation_, operation_.fields[i]);
      std::memcpy(place, &value, sizeof value);
    } else if (operation_.fields[i].type == FieldType::boolean) {
      *place = arguments[i].i32() != 0 ? '\1' : '\0';
    } else {
      const std::int32_t value = arguments[i].i32();
      std::memcpy(place, &value, sizeof value);
    }
  }
  return payload_;
}

Result<std::string_view> PayloadMaker::make_with_texts(std::span<const Value> arguments,
                                                       const std::vector<std::string>& texts) {
  Json document = Json::object();
  for (std::size_t i = 0; i < operation_.fields.size() && i < arguments.size(); ++i) {
    const Field& field = operation_.fields[i];
    Json& value = document[std::string(field.name)];
    if (is_real(field)) {
      if (!std::isfinite(arguments[i].f64())) return unknown_number(operation_, field);
      value = arguments[i].f64();
    } else if (field.type == FieldType::boolean) {
      value = arguments[i].i32() != 0;
    } else if (fixed_form(field.type).size != 0) {
      value = arguments[i].i32();
    } else {
      const auto handle = static_cast<std::size_t>(arguments[i].i32());
      if (handle >= texts.size())
        return fail(Status::internal, std::format("{}: text {} of the module does not exist.",
                                                  operation_.long_name, arguments[i].i32()));
      value =
          field.type == FieldType::text ? Json(texts[handle]) : Json::parse(texts[handle], nullptr, false);
    }
  }
  payload_ = protocol::to_bson(document);
  return payload_;
}

}  // namespace celeriac::vm
