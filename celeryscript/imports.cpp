#include "celeryscript/imports.hpp"

#include <algorithm>

namespace celeriac::celeryscript {
namespace {

constexpr std::string_view register_read = "REGISTER.READ";

wasm::ValueType parameter_type(protocol::FieldType type) noexcept {
  using enum protocol::FieldType;
  return type == number || type == any ? wasm::ValueType::f64 : wasm::ValueType::i32;
}

constexpr auto i32 = wasm::ValueType::i32;
constexpr auto f64 = wasm::ValueType::f64;
constexpr wasm::ValueType handle[] = {i32};
constexpr wasm::ValueType two_handles[] = {i32, i32};
constexpr wasm::ValueType number[] = {f64};
constexpr wasm::ValueType place[] = {f64, f64};
constexpr wasm::ValueType leg[] = {f64, f64, f64, f64, i32};
constexpr wasm::ValueType reading[] = {f64, i32, f64};

// By HostCall.
constexpr HostCallRow host_call_rows[] = {
    {HostCall::execute, "EXECUTE", two_handles, "sequence id, applications"},
    {HostCall::evaluate, "EVALUATE", two_handles, "operand, use"},
    {HostCall::random, "RANDOM", number, "variance"},
    {HostCall::soil_height, "SOIL_HEIGHT", place, "x, y"},
    {HostCall::leg, "LEG", leg, "x, y, z, leg, order"},
    {HostCall::pin, "PIN", handle, "pin"},
    {HostCall::pin_value, "PIN_VALUE", handle, "pin"},
    {HostCall::pin_was_read, "PIN_WAS_READ", reading, "pin, mode, value"},
    {HostCall::lua, "LUA", two_handles, "script, use"},
    {HostCall::assertion, "ASSERTION", handle, "assertion"},
    {HostCall::update, "UPDATE", handle, "update"},
    {HostCall::script, "SCRIPT", handle, "call"},
    {HostCall::note, "NOTE", handle, "text"},
    {HostCall::abort, "ABORT", handle, "text"},
};
static_assert(std::ranges::is_sorted(host_call_rows, {}, &HostCallRow::call));

}  // namespace

std::span<const HostCallRow> host_calls() noexcept {
  return host_call_rows;
}

const HostCallRow& row_of(HostCall call) noexcept {
  return host_call_rows[static_cast<std::size_t>(call)];
}

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
  if (import.space == host_space) {
    const auto* row = std::ranges::find(host_call_rows, import.name, &HostCallRow::name);
    if (row == std::end(host_call_rows) || !std::ranges::equal(row->parameters, import.parameters))
      return std::nullopt;
    return ImportTarget{.call = row->call};
  }
  const ImportName name{import.space, import.name};
  for (const protocol::Operation& operation : protocol::operations()) {
    if (import_name(operation) != name || !importable(operation)) continue;
    if (import_parameters(operation) != import.parameters) return std::nullopt;
    return ImportTarget{.operation = &operation};
  }
  return std::nullopt;
}

bool offers(const wasm::Import& import) noexcept {
  return find_import(import).has_value();
}

}  // namespace celeriac::celeryscript
