#include <sys/mman.h>

#include "wasm/guest_contexts.hpp"

namespace celeriac::wasm {
using protocol::Status;

namespace {

/// What the engine reserves for each memory, however small.
constexpr std::size_t reserved_for_a_memory = std::size_t{12} << 30;

bool has_address_space() noexcept {
  void* const probe =
      mmap(nullptr, reserved_for_a_memory, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) return false;
  munmap(probe, reserved_for_a_memory);
  return true;
}

std::unexpected<protocol::Error> no_address_space() {
  return protocol::fail(Status::out_of_resources, "There is no address space left for the guest's memory.");
}

}  // namespace

protocol::Result<std::unique_ptr<GuestRoom>> GuestRoom::open(GuestModule::Contexts& module) {
  auto made = std::make_unique<GuestRoom>();
  WasmEdge_ModuleInstanceContext* instance = nullptr;
  const auto result = WasmEdge_ExecutorInstantiate(module.engine->executor.get(), &instance,
                                                   module.store.get(), module.ast.get());
  made->instance.reset(instance);
  if (WasmEdge_ResultGetCode(result) != 0 && !module.code.memory.empty() && !has_address_space())
    return no_address_space();  // the engine says that the module's data does not fit
  if (WasmEdge_ResultGetCode(result) != 0)
    return refused(Status::invalid_code, "cannot make an instance of the module", result);

  if (!module.code.memory.empty()) {
    made->memory = WasmEdge_ModuleInstanceFindMemory(instance, wasmedge::view(module.code.memory));
    // Without address space for a memory the engine says that all went well.
    if (made->pages() > 0 && made->window() == nullptr) {
      return no_address_space();
    }
  }
  made->fuel = WasmEdge_ModuleInstanceFindGlobal(instance, wasmedge::view(foreign::fuel_global));
  made->depth = WasmEdge_ModuleInstanceFindGlobal(instance, wasmedge::view(foreign::depth_global));
  if (module.code.has_start)
    made->start = WasmEdge_ModuleInstanceFindFunction(instance, wasmedge::view(foreign::start_export));
  for (const auto& global : module.code.globals) {
    made->globals.push_back(WasmEdge_ModuleInstanceFindGlobal(instance, wasmedge::view(global.exported_as)));
  }
  for (const auto& function : module.code.exports) {
    made->functions.push_back(WasmEdge_ModuleInstanceFindFunction(instance, wasmedge::view(function.name)));
  }
  return made;
}

std::int64_t GuestRoom::fuel_left() const noexcept {
  return WasmEdge_ValueGetI64(WasmEdge_GlobalInstanceGetValue(fuel));
}

void GuestRoom::set_fuel(std::int64_t left) noexcept {
  WasmEdge_GlobalInstanceSetValue(fuel, WasmEdge_ValueGenI64(left));
}

std::int32_t GuestRoom::depth_now() const noexcept {
  return WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(depth));
}

void GuestRoom::set_depth(std::int32_t now) noexcept {
  WasmEdge_GlobalInstanceSetValue(depth, WasmEdge_ValueGenI32(now));
}

std::uint32_t GuestRoom::pages() const noexcept {
  return memory == nullptr ? 0 : WasmEdge_MemoryInstanceGetPageSize(memory);
}

std::byte* GuestRoom::window() const noexcept {
  if (pages() == 0) return nullptr;
  return reinterpret_cast<std::byte*>(WasmEdge_MemoryInstanceGetPointer(memory, 0, 1));
}

std::size_t GuestRoom::window_bytes() const noexcept {
  return pages() * foreign::wasm_page_bytes;
}

bool GuestRoom::grow(std::uint32_t by) noexcept {
  if (by == 0) return true;
  return memory != nullptr && WasmEdge_ResultOK(WasmEdge_MemoryInstanceGrowPage(memory, by));
}

}  // namespace celeriac::wasm
