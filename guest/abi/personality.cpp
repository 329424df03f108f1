#include "guest/abi/personality.hpp"

#include <algorithm>
#include <format>
#include <optional>
#include <string>

#include "guest/abi/farm/farm.hpp"
#include "guest/abi/kinode/kinode.hpp"
#include "guest/abi/othismo/othismo.hpp"
#include "guest/abi/wasi_messaging/component.hpp"
#include "protocol/words.hpp"

namespace celeriac::guest {
namespace {

using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

/// The modules that are tried first come first: what a stranger's module imports says more than what it
/// exports.
constexpr Abi table[] = {
    {"kinode", "imports kinode:process/standard", kinode::recognises, kinode::make},
    {"othismo", "exports prepare_inbox and message_received, or _allocate_message and _message_received",
     recognises_othismo, make_othismo},
    {"wasi-messaging", "imports wasi:messaging", wasi_messaging::recognises, wasi_messaging::make},
    {"farm", "imports farm", recognises_farm, make_farm},
    {"preview1", "exports _start", recognises_command, make_command},
};

bool is(const ModuleShape::Function& function, std::string_view module, std::string_view name) {
  return function.module == module && function.name == name;
}

/// Why a module of this shape cannot be linked with `offered`; "" if it can.
std::string obstacle(const ModuleShape::Function& import, std::span<const HostFunction> offered) {
  const auto row = std::ranges::find_if(
      offered, [&](const HostFunction& candidate) { return is(import, candidate.module, candidate.field); });
  if (row != offered.end())
    return row->type == import.type
               ? ""
               : std::format("The module imports {} {} as {}, but its type is {}.", shown(import.module, 120),
                             shown(import.name, 120), wasm::text(import.type), wasm::text(row->type));
  std::vector<std::string_view> modules, fields;
  for (const auto& candidate : offered) {
    if (std::ranges::find(modules, candidate.module) == modules.end()) modules.push_back(candidate.module);
    if (candidate.module == import.module) fields.push_back(candidate.field);
  }
  const auto meant =
      fields.empty() ? protocol::closest(import.module, modules) : protocol::closest(import.name, fields);
  return std::format("The module imports {} {}, which this host does not offer{}.", shown(import.module, 120),
                     shown(import.name, 120),
                     meant.empty() ? "" : std::format("; {} is meant, perhaps", meant));
}

/// Checklist 2 and 3: every import by name and type.
Result<void> check_imports(const ModuleShape& module, std::span<const HostFunction> offered) {
  for (const auto& import : module.imports)
    if (auto why = obstacle(import, offered); !why.empty()) return fail(Status::invalid_code, std::move(why));
  return {};
}

Result<const Abi*> chosen(const ModuleShape& module, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& abi : abis()) {
    if (name.empty() ? abi.recognises(module) : abi.name == name) return &abi;
    names.push_back(abi.name);
  }
  if (!name.empty())
    return fail(Status::invalid_code,
                std::format("There is no ABI named {}; there are {}.", shown(name), protocol::joined(names)));
  std::string signs;
  for (const auto& abi : abis())
    signs += std::format("{}{} ({})", signs.empty() ? "" : ", ", abi.name, abi.says);
  return fail(
      Status::invalid_code,
      std::format(
          "The module is written for no ABI of this host, as far as its imports and exports show: {}. The "
          "manifest may name one, as `abi`.",
          signs));
}

}  // namespace

std::span<const Abi> abis() noexcept {
  return table;
}

std::vector<HostFunction> beside_preview1(std::vector<HostFunction> own) {
  const auto more = preview1_functions();
  own.insert(own.end(), more.begin(), more.end());
  return own;
}

const ModuleShape::Function* ModuleShape::find_export(std::string_view name) const noexcept {
  const auto found = std::ranges::find(exports, name, &Function::name);
  return found == exports.end() ? nullptr : &*found;
}

const ModuleShape::Function* ModuleShape::find_import(std::string_view module,
                                                      std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(imports, [&](const Function& f) { return is(f, module, name); });
  return found == imports.end() ? nullptr : &*found;
}

Result<std::unique_ptr<Personality>> personality_for(const ModuleShape& module, std::string_view hint) {
  const auto slash = std::min(hint.find('/'), hint.size());
  const auto abi = chosen(module, hint.substr(0, slash));
  if (!abi) return std::unexpected(abi.error());
  auto made = (*abi)->make(module, hint.substr(std::min(slash + 1, hint.size())));
  if (!made) return made;
  if (auto checked = check_imports(module, (*made)->functions()); !checked)
    return std::unexpected(checked.error());
  return made;
}

void PersonalityBase::run(Guest& guest) {
  // Printing may sleep, which no fiber may do while it handles an exception.
  std::optional<Trap> trap;
  try {
    serve(guest);
  } catch (Trap& thrown) {
    trap = std::move(thrown);
  }
  preview1_.flush(guest);
  if (trap) throw std::move(*trap);
}

}  // namespace celeriac::guest
