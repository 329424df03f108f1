#pragma once
// What is behind GuestEngine, GuestModule and GuestInstance. Only for the files guest_*.cpp of this folder.
//
//   GuestEngine    configuration, loader, executor; which instance's code runs
//   GuestModule    parsed code, host modules, store: made once, shared by its instances
//   GuestRoom      an instance as the engine has it: code, memory, globals, table; one guest lives in it, or
//   several by turns GuestInstance  host, fuel, how the last call ended
//
// Host functions are shared by all instances of a module, so they find the caller's instance through the
// engine's `current`: set when the engine is entered, by a call or by the return of a host function. Between
// that and the next call of a host function nothing runs but that instance's code.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wasm/engine_thread_state.hpp"
#include "wasm/guest_code.hpp"
#include "wasm/guest_engine.hpp"
#include "wasm/parked_memory.hpp"
#include "wasm/wasmedge_handles.hpp"

namespace celeriac::wasm {

struct GuestEngine::Contexts {
  Execution execution = Execution::interpreted;
  wasmedge::Configure configure;
  wasmedge::Loader loader;
  wasmedge::Validator validator;
  wasmedge::Executor executor;
  GuestInstance::Contexts* current = nullptr;
  const EngineThreadState at_rest;  // with none of its code on the stack
};

struct NameHash : std::hash<std::string_view> {
  using is_transparent = void;
};

/// An instance as the engine has it.
struct GuestRoom {
  wasmedge::ModuleInstance instance;
  WasmEdge_MemoryInstanceContext* memory = nullptr;
  WasmEdge_GlobalInstanceContext* fuel = nullptr;
  WasmEdge_GlobalInstanceContext* depth = nullptr;
  const WasmEdge_FunctionInstanceContext* start = nullptr;
  std::vector<WasmEdge_GlobalInstanceContext*> globals;            // in the order of GuestCode::globals
  std::vector<const WasmEdge_FunctionInstanceContext*> functions;  // in the order of GuestCode::exports
  GuestInstance::Contexts* resident = nullptr;                     // of a shared room: whose state is in it

  /// Errors as of GuestInstance::create().
  static protocol::Result<std::unique_ptr<GuestRoom>> open(GuestModule::Contexts& module);

  [[nodiscard]] std::int64_t fuel_left() const noexcept;
  void set_fuel(std::int64_t left) noexcept;
  [[nodiscard]] std::int32_t depth_now() const noexcept;
  void set_depth(std::int32_t now) noexcept;
  [[nodiscard]] std::uint32_t pages() const noexcept;
  /// nullptr if there are no pages.
  [[nodiscard]] std::byte* window() const noexcept;
  [[nodiscard]] std::size_t window_bytes() const noexcept;
  /// By so many pages. False if the module's maximum is less, or there is no memory.
  bool grow(std::uint32_t by) noexcept;
};

/// The room that instances share, and what a new one begins with.
struct SharedRoom {
  struct Run {
    std::size_t offset;
    std::vector<std::byte> bytes;
  };
  std::unique_ptr<GuestRoom> room;
  std::vector<Run> initial_memory;  // without pages of zeros
  std::uint32_t initial_pages = 0;
  std::vector<std::uint64_t> initial_globals;

  static protocol::Result<SharedRoom> open(GuestModule::Contexts& module);
};

/// The state of an instance in a shared room while another one lives there.
struct ParkedState {
  ParkedMemory memory;
  std::vector<std::uint64_t> globals;
  std::int64_t fuel = 0;
  std::int32_t depth = 0;

  explicit ParkedState(const SharedRoom& shared, std::int64_t first_fuel);
};

struct GuestModule::Contexts {
  /// An import as the engine calls it.
  struct Trampoline {
    GuestEngine::Contexts* engine = nullptr;
    HostOutcome (*call)(void* instance, const void* function, std::span<const std::uint64_t> arguments,
                        std::span<std::uint64_t> results) noexcept = nullptr;
    const void* function = nullptr;
    std::uint32_t arguments = 0;
    std::vector<NumberType> results;
  };

  GuestEngine::Contexts* engine = nullptr;
  GuestLimits limits;
  GuestCode code;  // without its bytes
  std::unordered_map<std::string, ExportIndex, NameHash, std::equal_to<>> exports_by_name;
  std::vector<Trampoline> trampolines;  // addresses are in the engine's hands
  bool linked = false;
  // Destroyed in reverse order: what is registered in the store goes before it, instances before what they
  // import.
  wasmedge::Ast ast;
  wasmedge::Store store;
  std::vector<wasmedge::ModuleInstance> hosts;
  std::optional<SharedRoom> shared;
  std::uint32_t own_rooms = 0;  // that are lived in

  protocol::Result<void> offer_functions();
};

struct GuestInstance::Contexts {
  std::shared_ptr<GuestModule> keeps_module;
  GuestModule::Contexts* module = nullptr;
  GuestHost host;
  GuestRoom* room = nullptr;
  std::unique_ptr<GuestRoom> own_room;
  std::optional<ParkedState> parked;  // in a shared room
  /// Set by the host function that ends a call, taken by the call that it ends.
  std::optional<GuestFault::Kind> ending;
  std::uint64_t fuel_granted = 0;  // all of it, since the beginning

  ~Contexts();
  /// Finds it a room.
  protocol::Result<void> lodge();
  /// Before anything is done with its room.
  void settle() noexcept {
    if (parked && room->resident != this) move_in();
  }
  /// Before the engine goes on with its code.
  void enter() noexcept {
    module->engine->current = this;
    settle();
  }
  void move_in() noexcept;
  void move_out() noexcept;
  [[nodiscard]] std::int64_t fuel_left() const noexcept;
  [[nodiscard]] std::uint32_t pages() const noexcept;
  bool grow(std::uint32_t by) noexcept;
  void refuel() noexcept;
  std::expected<std::vector<std::uint64_t>, GuestFault> call(const WasmEdge_FunctionInstanceContext* function,
                                                             const Signature& type,
                                                             std::span<const std::uint64_t> arguments);
};

/// A value as the engine has it; the high half of a narrow one is ignored.
WasmEdge_Value engine_value(NumberType type, std::uint64_t bits);
/// "The WebAssembly engine cannot read the module: unexpected end."
std::unexpected<protocol::Error> refused(protocol::Status status, const char* doing, WasmEdge_Result result);

}  // namespace celeriac::wasm
