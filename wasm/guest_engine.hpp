#pragma once
// The engine seam for foreign modules: instances with memory, exports and host functions of any signature. WasmEdge stands
// behind it, in guest_engine.cpp and nowhere else.
//
//   bytes ──► GuestModule (main module found, scanned, instrumented, parsed, validated; shared by its instances)
//          ──► GuestInstance ──► call(export) … on a fiber of the caller's, if host functions are to sleep
//
// Interpreted by default: then any number of instances may be in the middle of calls at once, each on its own stack.
// Ahead-of-time code runs on one thread with one instance in a process of its own.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/signature.hpp"

namespace celeriac::wasm {

/// What instances of a module may use.
struct GuestLimits {
  std::uint32_t memory_pages = 256;      ///< of 64 KiB: 16 MiB
  std::uint32_t table_elements = 16'384;
  std::uint32_t depth = 4'096;           ///< calls inside each other
  std::int64_t fuel_slice = 100'000;     ///< fuel between two calls of GuestHost::refuel
};

/// An import as the host offers it. `call` may throw nothing: what it wants to say goes through its return.
enum class HostOutcome : std::uint8_t { go_on, stop };
struct GuestImport {
  std::string module;
  std::string field;
  Signature type;
  HostOutcome (*call)(void* context, std::span<const std::uint64_t> arguments, std::span<std::uint64_t> results) noexcept = nullptr;
  void* context = nullptr;
};

/// Called when the fuel of a slice is used up: may switch fibers; stop ends the call with GuestFault::stopped.
struct GuestHost {
  HostOutcome (*refuel)(void* context) noexcept = nullptr;
  void* context = nullptr;
};

/// How a call ended other than by returning.
struct GuestFault {
  enum class Kind : std::uint8_t { trap, stopped, too_deep, out_of_memory } kind = Kind::trap;
  std::string message;  ///< the engine's phrase: "out of bounds memory access"
};

class GuestEngine;
class GuestModule {
 public:
  /// The function's type, and whether it is imported or exported.
  struct Function {
    std::string module;  ///< "" for exports
    std::string name;
    Signature type;
  };
  /// Takes a core module or a component, finds the main module, scans, instruments, parses and validates. Errors:
  /// invalid_code with a sentence.
  static protocol::Result<std::shared_ptr<GuestModule>> load(GuestEngine& engine, std::span<const std::uint8_t> bytes,
                                                             const GuestLimits& limits = {});
  ~GuestModule();
  [[nodiscard]] const std::vector<Function>& imports() const noexcept;
  [[nodiscard]] const std::vector<Function>& exports() const noexcept;
  /// Why no snapshot of an instance can be taken (globals of references or vectors); "" if one can.
  [[nodiscard]] const std::string& snapshot_obstacle() const noexcept;
  [[nodiscard]] std::string_view wit() const noexcept;  ///< component-type custom section, "" if none

 private:
  friend class GuestInstance;
  struct Contexts;
  explicit GuestModule(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

/// The engine; it must outlive modules and instances.
class GuestEngine {
 public:
  GuestEngine();
  ~GuestEngine();

 private:
  friend class GuestModule;
  friend class GuestInstance;
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

class GuestInstance {
 public:
  /// Status::invalid_code if an import is not offered or has another type (named), or the start function traps; out_of_resources if
  /// there is no address space for its memory. A start function runs inside this call, so call it on the fiber.
  static protocol::Result<std::unique_ptr<GuestInstance>> create(std::shared_ptr<GuestModule> module,
                                                                 std::span<const GuestImport> imports, GuestHost host);
  ~GuestInstance();
  GuestInstance(const GuestInstance&) = delete;
  GuestInstance& operator=(const GuestInstance&) = delete;

  /// Calls an export; may be called again from inside a host function. `arguments` must fit its type.
  std::expected<std::vector<std::uint64_t>, GuestFault> call(std::string_view function, std::span<const std::uint64_t> arguments);
  /// Empty if there is none; invalid after call().
  [[nodiscard]] std::span<std::uint8_t> memory() noexcept;

  /// Mutable globals in the order of the module (fuel and depth are not among them), as bits.
  [[nodiscard]] std::vector<std::uint64_t> globals() const;
  /// Puts a snapshot back: grows the memory to `pages`, sets the globals. False if it does not fit the module.
  bool restore(std::uint32_t pages, std::span<const std::uint64_t> globals);
  /// Fuel used since it was made.
  [[nodiscard]] std::uint64_t fuel_used() const noexcept;

 private:
  struct Contexts;
  explicit GuestInstance(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace celeriac::wasm
