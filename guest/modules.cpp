#include "guest/modules.hpp"

#include <algorithm>
#include <format>

#include "wasm/guest_compiler.hpp"

namespace celeriac::guest {
using protocol::Result;
using protocol::Status;

namespace {

bool same(const wasm::GuestLimits& a, const wasm::GuestLimits& b) noexcept {
  return a.memory_pages == b.memory_pages && a.table_elements == b.table_elements && a.depth == b.depth &&
         a.fuel_slice == b.fuel_slice;
}

ModuleShape shape_of(const wasm::GuestModule& code) {
  ModuleShape shape;
  for (const auto& function : code.imports())
    shape.imports.push_back({function.module, function.name, function.type});
  for (const auto& function : code.exports()) shape.exports.push_back({"", function.name, function.type});
  shape.wit = code.wit();
  return shape;
}

}  // namespace

std::shared_ptr<const LoadedModule> Modules::find(std::string_view sha256, std::string_view abi,
                                                  const wasm::GuestLimits& limits) {
  const auto found = std::ranges::find_if(loaded_, [&](const auto& module) {
    return module->sha256 == sha256 && module->abi == abi && same(module->limits, limits);
  });
  if (found == loaded_.end()) return nullptr;
  loaded_.splice(loaded_.begin(), loaded_, found);
  return loaded_.front();
}

Result<void> Modules::make_room() {
  if (loaded_.size() < max_modules) return {};
  const auto unused = std::ranges::find_if(loaded_.rbegin(), loaded_.rend(),
                                           [](const auto& module) { return module.use_count() == 1; });
  if (unused == loaded_.rend())
    return protocol::fail(Status::out_of_resources,
                          std::format("{} modules are in use: a worker takes no more.", max_modules));
  loaded_.erase(std::next(unused).base());
  return {};
}

Result<std::shared_ptr<const LoadedModule>> Modules::load(std::string sha256, std::string abi,
                                                          const wasm::GuestLimits& limits,
                                                          std::span<const std::uint8_t> bytes, Enter enter) {
  if (auto room = make_room(); !room) return std::unexpected(room.error());
  if (sealed_)
    return protocol::fail(
        Status::out_of_resources,
        "A worker for code that is compiled ahead of time runs one module, and has another one.");
  const bool compiled = compiled_.seal != nullptr;
  auto code = wasm::GuestModule::load(
      engine_, bytes, limits,
      compiled ? compiled_.directory / wasm::compiled_name(bytes, limits) : std::filesystem::path());
  if (!code) return std::unexpected(code.error());
  if (compiled) {
    sealed_ = true;
    if (auto sealed = compiled_.seal(); !sealed) return std::unexpected(sealed.error());
  }
  auto made = std::make_shared<LoadedModule>(std::move(sha256), std::move(abi), limits, std::move(*code));
  made->shape = shape_of(*made->code);
  // The tables of an ABI live for ever, so that one personality tells for all instances what to link with.
  auto personality = personality_for_(made->shape, made->abi);
  if (!personality) return std::unexpected(personality.error());
  std::vector<wasm::GuestImport> offered;
  for (const HostFunction& function : (*personality)->functions())
    offered.push_back({function.module, function.field, function.type, enter, &function});
  if (auto linked = made->code->link(offered); !linked) return std::unexpected(linked.error());
  loaded_.push_front(made);
  return made;
}

}  // namespace celeriac::guest
