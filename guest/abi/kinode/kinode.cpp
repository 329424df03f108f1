#include "guest/abi/kinode/kinode.hpp"

#include <algorithm>
#include <format>

#include "guest/abi/canonical/call.hpp"
#include "guest/abi/canonical/names.hpp"
#include "guest/abi/kinode/process.hpp"

namespace celeriac::guest::kinode {
namespace {

using canonical::ExportName;
using canonical::Value;
using protocol::fail;
using protocol::Status;

struct Interface {
  std::string_view name;
  Version version;
};
constexpr Interface interfaces[] = {
    {"kinode:process/standard@0.7.0", Version::v0_7},
    {"kinode:process/standard@0.8.0", Version::v0_8},
    {"kinode:process/standard@1.0.0", Version::v1_0},
    {"hyperware:process/standard@1.0.0", Version::v1_0},
};
/// What an import is told by, of whatever version and spelling.
constexpr std::string_view prefixes[] = {"kinode:process/", "hyperware:process/", "cm32p2|kinode:process/",
                                         "cm32p2|hyperware:process/"};

/// True if the guest's allocator is needed for the result, in any version.
bool allocates(const ModuleShape::Function& import) {
  const auto found =
      std::ranges::find(types::imported, import.name, [](const auto* one) { return one->name; });
  return found != std::end(types::imported) && (*found)->result != nullptr && (*found)->result->allocates;
}

bool is_ours(const ModuleShape::Function& import) {
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return import.module.starts_with(prefix); });
}

/// Every function of every version, in both spellings.
const std::vector<HostFunction>& table() {
  static const std::vector<std::string> modules = [] {
    std::vector<std::string> made;
    for (const auto& interface : interfaces)
      for (auto&& module : canonical::import_modules(interface.name)) made.push_back(std::move(module));
    return made;
  }();
  static const std::vector<HostFunction> rows = [] {
    std::vector<HostFunction> made;
    for (std::size_t i = 0; i < modules.size(); ++i) {
      const auto version = interfaces[i / canonical::spellings].version;
      for (auto&& row : message_functions(modules[i], version)) made.push_back(row);
      for (auto&& row : process_functions(modules[i], version)) made.push_back(row);
    }
    return beside_preview1(std::move(made));
  }();
  return rows;
}

}  // namespace

bool recognises(const ModuleShape& module) {
  return std::ranges::any_of(module.imports, is_ours);
}

protocol::Result<std::unique_ptr<Personality>> make(const ModuleShape& module, std::string_view) {
  if (auto why = canonical::encoding_obstacle(module); !why.empty()) return fail(Status::invalid_code, why);
  const auto init = canonical::find_export(module, "", types::init.name);
  if (init.function.empty())
    return fail(
        Status::invalid_code,
        "The module is a Kinode process, but exports no init, which would be called with its address.");
  const auto wanted = canonical::export_signature(types::init);
  if (const auto& type = module.find_export(init.function)->type; type != wanted)
    return fail(Status::invalid_code, std::format("The module exports {} as {}, but its type is {}.",
                                                  init.function, wasm::text(type), wasm::text(wanted)));
  for (const auto& import : module.imports)
    if (is_ours(import) && allocates(import))
      if (auto why = canonical::allocator_obstacle(module, true,
                                                   std::format("imports {} {}", import.module, import.name));
          !why.empty())
        return fail(Status::invalid_code, why);
  if (auto why = canonical::allocator_obstacle(module, false, "exports init"); !why.empty())
    return fail(Status::invalid_code, why);
  return std::make_unique<Process>();
}

std::span<const HostFunction> Process::functions() const {
  return table();
}

void Process::serve(Guest& guest) {
  canonical::initialise(guest);
  const auto name = canonical::find_export(guest, "", types::init.name);
  const Value our[] = {Value::text(guest.identity().address)};
  canonical::ExportCall(types::init, name, instance_, guest, our).finish();
}

}  // namespace celeriac::guest::kinode
