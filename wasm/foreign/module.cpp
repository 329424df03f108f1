#include "wasm/foreign/module.hpp"

#include <algorithm>
#include <format>
#include <ranges>

#include "wasm/foreign/sections.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::uint8_t component_layer[] = {1, 0};  // bytes 6 and 7 of the preamble

std::string list(const std::vector<ValueType>& types) {
  std::string made = "(";
  for (const ValueType type : types) {
    if (made.size() > 1) made += ", ";
    made += name(type);
  }
  return made + ")";
}

std::unexpected<protocol::Error> refusal(std::string_view phrase, std::size_t offset) {
  return protocol::fail(protocol::Status::invalid_code,
                        std::format("This module cannot be run: {} (byte {}).", phrase, offset));
}

}  // namespace

std::string_view name(ValueType type) noexcept {
  switch (type) {
    case ValueType::i32:
      return "i32";
    case ValueType::i64:
      return "i64";
    case ValueType::f32:
      return "f32";
    case ValueType::f64:
      return "f64";
    case ValueType::v128:
      return "v128";
    case ValueType::funcref:
      return "funcref";
    case ValueType::externref:
      return "externref";
  }
  return "";
}

std::string text(const FunctionType& type) {
  return list(type.parameters) + " -> " + list(type.results);
}

std::optional<Signature> signature(const FunctionType& type) {
  Signature made;
  if (!std::ranges::all_of(type.parameters, is_number) || !std::ranges::all_of(type.results, is_number)) {
    return std::nullopt;
  }
  for (const ValueType value : type.parameters)
    made.parameters.push_back(NumberType{std::to_underlying(value)});
  for (const ValueType value : type.results) made.results.push_back(NumberType{std::to_underlying(value)});
  return made;
}

Limits Limits::instrumented() const noexcept {
  // A head takes at most some 40 bytes, and the smallest loop is 3 bytes long; a body may get a block around
  // it.
  constexpr std::uint32_t growth = 16;
  Limits wider = *this;
  wider.module_bytes = instrumented_bytes();
  wider.body_bytes = body_bytes > UINT32_MAX / growth ? UINT32_MAX : body_bytes * growth;
  wider.types += types + 2;  // () -> results of each, () -> () and (i32) -> (i32)
  wider.imports += 3;        // refuel, too_deep, grow
  wider.globals += 2;        // fuel, depth
  wider.exports += globals + 4;
  wider.locals += 1;   // a length
  wider.nesting += 2;  // the block around a body, and the `if` of a head
  return wider;
}

const FunctionType& ForeignModule::type_of(std::uint32_t function) const noexcept {
  return types[function < imports.size() ? imports[function].type : bodies[function - imports.size()].type];
}

const Export* ForeignModule::find_export(std::string_view wanted) const noexcept {
  const auto found = std::ranges::find(exports, wanted, &Export::name);
  return found == exports.end() ? nullptr : &*found;
}

const FunctionType* ForeignModule::exported_function(std::string_view wanted) const noexcept {
  const Export* found = find_export(wanted);
  return found != nullptr && found->kind == ExportKind::function ? &type_of(found->index) : nullptr;
}

std::span<const std::uint8_t> ForeignModule::custom(std::string_view prefix) const noexcept {
  const auto found =
      std::ranges::find_if(customs, [&](const CustomSection& c) { return c.name.starts_with(prefix); });
  return found == customs.end() ? std::span<const std::uint8_t>() : found->contents;
}

protocol::Result<ForeignModule> read(std::span<const std::uint8_t> bytes, const Limits& limits) {
  constexpr std::size_t layer_at = 6;
  if (bytes.size() > limits.module_bytes) {
    return refusal(std::format("it has {} bytes, and the limit is {}", bytes.size(), limits.module_bytes),
                   limits.module_bytes);
  }
  const bool is_wasm = bytes.size() >= sizeof core_preamble &&
                       std::ranges::equal(bytes.first(4), std::span(core_preamble).first(4));
  if (!is_wasm) return refusal("it does not begin as a WebAssembly module does", 0);
  if (std::ranges::equal(bytes.subspan(layer_at, 2), component_layer)) {
    return refusal("it is a component, of which only the main module can be run", layer_at);
  }
  if (!std::ranges::equal(bytes.first(sizeof core_preamble), core_preamble)) {
    return refusal("it is of a version of WebAssembly other than 1", 4);
  }
  SectionReader reader(bytes, limits);
  reader.run();
  if (!reader.complaint().empty()) return refusal(reader.complaint(), reader.complaint_offset());
  return std::move(reader.module());
}

}  // namespace celeriac::wasm::foreign
