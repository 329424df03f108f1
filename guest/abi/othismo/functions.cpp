// What an object may import, and which generation it is of.

#include <format>

#include "guest/abi/othismo/othismo.hpp"
#include "protocol/words.hpp"

namespace celeriac::guest {
namespace {

using protocol::fail;
using protocol::Status;
using Generation = Othismo::Generation;

constexpr auto i32 = wasm::NumberType::i32;
constexpr std::string_view module_name = "othismo";

std::uint32_t u32(Slot slot) {
  return static_cast<std::uint32_t>(slot);
}
Othismo& othismo(Personality& self) {
  return static_cast<Othismo&>(self);
}

std::vector<HostFunction> rows_of(Generation generation) {
  const auto send = [](Personality& self, Guest& guest, std::span<const Slot> arguments,
                       std::span<Slot> results) {
    results[0] = othismo(self).send_and_wait(guest, u32(arguments[1]), u32(arguments[0]));
  };
  // The first prototype had it the other way round, and no result.
  const auto send_prototype = [](Personality& self, Guest& guest, std::span<const Slot> arguments,
                                 std::span<Slot>) {
    othismo(self).send_and_wait(guest, u32(arguments[0]), u32(arguments[1]));
  };
  const auto queue = [](Personality& self, Guest& guest, std::span<const Slot> arguments,
                        std::span<Slot> results) {
    results[0] = othismo(self).queue(guest, u32(arguments[0]), u32(arguments[1]), true);
  };
  const auto cast = [](Personality& self, Guest& guest, std::span<const Slot> arguments,
                       std::span<Slot> results) {
    results[0] = othismo(self).queue(guest, u32(arguments[0]), u32(arguments[1]), false);
  };
  const wasm::Signature answers{{i32, i32}, {i32}};
  switch (generation) {
    case Generation::one:
      return {{module_name, "send_message", answers, send}};
    case Generation::one_prototype:
      return {{module_name, "send_message", {{i32, i32}, {}}, send_prototype}};
    case Generation::three:
    case Generation::three_note:
      return {{module_name, "_send_message", answers, queue}, {module_name, "_cast_message", answers, cast}};
  }
  return {};
}

bool exports(const ModuleShape& module, std::string_view name) {
  return module.find_export(name) != nullptr;
}

/// "" if the module exports the function with that type, or need not export it at all.
std::string obstacle(const ModuleShape& module, std::string_view name, const wasm::Signature& type,
                     bool needed = true) {
  const auto* found = module.find_export(name);
  if (found == nullptr)
    return needed ? std::format("The module exports no {}, which an Othismo object has as {}.", name,
                                wasm::text(type))
                  : "";
  if (found->type == type) return "";
  return std::format("The module exports {} as {}, but an Othismo object has it as {}.", name,
                     wasm::text(found->type), wasm::text(type));
}

protocol::Result<Generation> third(const ModuleShape& module) {
  const wasm::Signature plain{{i32}, {i32}}, note{{i32, i32, i32}, {i32}};
  const auto* allocate = module.find_export("_allocate_message");
  const bool has_note = allocate != nullptr && allocate->type == note;
  for (const auto& why :
       {obstacle(module, "_allocate_message", has_note ? note : plain),
        obstacle(module, "_message_received", {{i32}, {}}), obstacle(module, "_run", {{}, {}}, false),
        obstacle(module, "_othismo_start", {{}, {}}, false)})
    if (!why.empty()) return fail(Status::invalid_code, why);
  return has_note ? Generation::three_note : Generation::three;
}

protocol::Result<Generation> first(const ModuleShape& module) {
  for (const auto& why :
       {obstacle(module, "prepare_inbox", {{i32}, {i32}}), obstacle(module, "message_received", {{}, {}}),
        obstacle(module, "_othismo_start", {{}, {}}, false)})
    if (!why.empty()) return fail(Status::invalid_code, why);
  const auto* send = module.find_import(module_name, "send_message");
  return send != nullptr && send->type == wasm::Signature{{i32, i32}, {}} ? Generation::one_prototype
                                                                          : Generation::one;
}

}  // namespace

std::span<const HostFunction> Othismo::functions() const {
  static const std::vector<HostFunction> tables[] = {
      beside_preview1(rows_of(Generation::one)), beside_preview1(rows_of(Generation::one_prototype)),
      beside_preview1(rows_of(Generation::three)), beside_preview1(rows_of(Generation::three_note))};
  return tables[static_cast<std::size_t>(generation_)];
}

bool recognises_othismo(const ModuleShape& module) {
  for (const auto& import : module.imports)
    if (import.module == module_name) return true;
  return exports(module, "_allocate_message") ||
         (exports(module, "prepare_inbox") && exports(module, "message_received"));
}

protocol::Result<std::unique_ptr<Personality>> make_othismo(const ModuleShape& module,
                                                            std::string_view variant) {
  if (!variant.empty() && variant != "1" && variant != "3")
    return fail(Status::invalid_code,
                std::format("There is no generation {} of Othismo's ABI; there are 1 and 3.",
                            protocol::shown(variant)));
  const bool newer = variant.empty() ? exports(module, "_allocate_message") : variant == "3";
  const auto generation = newer ? third(module) : first(module);
  if (!generation) return std::unexpected(generation.error());
  return std::make_unique<Othismo>(*generation);
}

}  // namespace celeriac::guest
