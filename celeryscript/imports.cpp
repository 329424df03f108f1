#include "celeryscript/imports.hpp"

#include <algorithm>

namespace celeriac::celeryscript {
namespace {

constexpr std::string_view register_read = "REGISTER.READ";

wasm::ValueType parameter_type(protocol::FieldType type) noexcept {
  using enum protocol::FieldType;
  return type == number || type == any ? wasm::ValueType::f64 : wasm::ValueType::i32;
}

}  // namespace

ImportName import_name(const protocol::Operation& operation) noexcept {
  return {operation.space, operation.long_name.substr(operation.long_name.find('.') + 1)};
}

bool importable(const protocol::Operation& operation) noexcept {
  if (operation.long_name == register_read) return true;
  const bool fields_fit = std::ranges::none_of(
      operation.fields, [](const auto& field) { return field.type == protocol::FieldType::document; });
  return operation.space == "SYS" && fields_fit;
}

std::vector<wasm::ValueType> import_parameters(const protocol::Operation& operation) {
  if (operation.long_name == register_read) return {wasm::ValueType::i32};
  std::vector<wasm::ValueType> parameters;
  parameters.reserve(operation.fields.size());
  for (const protocol::Field& field : operation.fields) parameters.push_back(parameter_type(field.type));
  return parameters;
}

std::optional<ImportTarget> find_import(const wasm::Import& import) {
  const ImportName name{import.space, import.name};
  if (name == execute_import) {
    if (import.parameters != std::vector{wasm::ValueType::i32}) return std::nullopt;
    return ImportTarget{};
  }
  for (const protocol::Operation& operation : protocol::operations()) {
    if (import_name(operation) != name || !importable(operation)) continue;
    if (import_parameters(operation) != import.parameters) return std::nullopt;
    return ImportTarget{&operation};
  }
  return std::nullopt;
}

bool offers(const wasm::Import& import) noexcept {
  return find_import(import).has_value();
}

}  // namespace celeriac::celeryscript
