#include "wasm/guest_code.hpp"

#include <format>

#include "wasm/foreign/component.hpp"
#include "wasm/foreign/module.hpp"

namespace celeriac::wasm {
namespace {

using protocol::Status;

constexpr std::string_view component_type_section = "component-type";

/// A type that the host can call or be called with; otherwise the reason why not.
protocol::Result<Signature> host_type(const foreign::FunctionType& type, std::string_view name) {
  auto made = foreign::signature(type);
  if (!made) {
    return protocol::fail(Status::invalid_code,
                          std::format("The type of {}, {}, has values in it that a host cannot give.", name,
                                      foreign::text(type)));
  }
  if (type.parameters.size() > max_host_values || type.results.size() > max_host_values) {
    return protocol::fail(Status::invalid_code,
                          std::format("The type of {}, {}, is too long: a host's function has at most {} "
                                      "parameters and as many results.",
                                      name, foreign::text(type), max_host_values));
  }
  return *std::move(made);
}

foreign::Limits foreign_limits(const GuestLimits& limits) {
  foreign::Limits made;
  made.memory_pages = limits.memory_pages;
  made.table_elements = limits.table_elements;
  return made;
}

protocol::Result<void> describe_functions(const foreign::ForeignModule& module, GuestCode& code) {
  for (const auto& import : module.imports) {
    auto type = host_type(module.types[import.type], std::format("{}.{}", import.module, import.field));
    if (!type) return std::unexpected(std::move(type.error()));
    code.imports.push_back({import.module, import.field, *std::move(type)});
  }
  for (const auto& exported : module.exports) {
    if (exported.kind != foreign::ExportKind::function) continue;
    // Nobody calls a function that has vectors or references in its type: it is as good as not exported.
    auto type = host_type(module.type_of(exported.index), exported.name);
    if (type) code.exports.push_back({"", exported.name, *std::move(type)});
  }
  return {};
}

}  // namespace

protocol::Result<GuestCode> guest_code(std::span<const std::uint8_t> bytes, const GuestLimits& limits) {
  const auto within = foreign_limits(limits);
  const auto main = foreign::main_module(bytes, within);
  if (!main) return std::unexpected(main.error());
  const auto module = foreign::read(*main, within);
  if (!module) return std::unexpected(module.error());

  GuestCode code;
  if (auto described = describe_functions(*module, code); !described)
    return std::unexpected(std::move(described.error()));
  const auto wit = module->custom(component_type_section);
  code.wit.assign(wit.begin(), wit.end());

  auto instrumented = foreign::instrument(
      *module, within, {.initial_fuel = limits.fuel_slice, .depth_limit = limits.depth, .host_memory = true});
  if (!instrumented) return std::unexpected(std::move(instrumented.error()));
  code.bytes = std::move(instrumented->bytes);
  code.has_start = module->has_start();
  code.memory = std::move(instrumented->memory);
  code.globals = std::move(instrumented->globals);
  for (const auto& obstacle : instrumented->snapshot_obstacles) {
    code.snapshot_obstacle += (code.snapshot_obstacle.empty() ? "" : "; ") + obstacle;
  }
  return code;
}

}  // namespace celeriac::wasm
