#pragma once
// The engine seam for foreign modules: instances with memory, exports and host functions of any signature.
// WasmEdge stands behind it, in the files guest_*.cpp of this folder and nowhere else.
//
//   bytes ──► GuestModule::load   main module found, scanned, instrumented, parsed, validated: shared by its
//   instances
//         ──► link(imports)       each import found in the host's table, by name and type; once for each
//         module ──► GuestInstance       call(export) … on a fiber of the caller's, if host functions are to
//         sleep
//
// Interpreted by default: then any number of instances may be in the middle of calls at once, each on its own
// stack. Ahead-of-time code runs on one thread with one instance in a process of its own
// (guest_compiler.hpp).

#include <cstdint>
#include <expected>
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

/// Parameters, and results, of a host function or of a call from outside: more are refused.
inline constexpr std::size_t max_host_values = 32;

/// Of a fiber for ahead-of-time code at GuestLimits::depth 4,096, which is 1 MiB and what calls take beside
/// it. Touched only as far as it is used.
inline constexpr std::size_t ahead_of_time_stack_bytes = 4 << 20;

/// What instances of a module may use.
struct GuestLimits {
  std::uint32_t memory_pages = 256;  ///< of 64 KiB: 16 MiB
  std::uint32_t table_elements = 16'384;
  std::uint32_t depth = 4'096;        ///< calls inside each other, in the units of foreign/instrument.hpp
  std::int64_t fuel_slice = 100'000;  ///< fuel between two calls of GuestHost::refuel
  /// Instances of a module that have the engine's copy of its code, and 12 GiB of address space, to
  /// themselves; further ones share one by turns. A turn costs some ten microseconds. Modules of which no
  /// snapshot can be taken share nothing.
  std::uint32_t own_rooms = 4;
};

enum class HostOutcome : std::uint8_t { go_on, stop };

/// An import as the host offers it. `call` gets the context of the instance (GuestHost::context) and
/// `function`; it may call the instance again and may switch fibers. It may throw nothing: what it wants to
/// say goes through its return. Stop ends the call from outside with GuestFault::stopped. Floats are in the
/// low half, as bits; the high half is ignored.
struct GuestImport {
  std::string_view module;
  std::string_view field;
  Signature type;
  HostOutcome (*call)(void* instance, const void* function, std::span<const std::uint64_t> arguments,
                      std::span<std::uint64_t> results) noexcept = nullptr;
  const void* function = nullptr;
};

/// The host's side of one instance. `refuel` is called when the fuel of a slice is used up: it may switch
/// fibers; stop ends the call with GuestFault::stopped.
struct GuestHost {
  HostOutcome (*refuel)(void* instance) noexcept = nullptr;
  void* context = nullptr;
};

/// How a call ended other than by returning.
struct GuestFault {
  enum class Kind : std::uint8_t { trap, stopped, too_deep } kind = Kind::trap;
  std::string message;  ///< the engine's phrase: "out of bounds memory access"
  friend bool operator==(const GuestFault&, const GuestFault&) = default;
};

/// Place of a function in GuestModule::exports().
enum class ExportIndex : std::uint32_t {};

class GuestEngine;
class GuestModule {
 public:
  struct Contexts;  ///< the engine's side: guest_contexts.hpp

  /// The function's type, and whether it is imported or exported.
  struct Function {
    std::string module;  ///< "" for exports
    std::string name;
    Signature type;
  };
  /// Takes a core module or a component, finds the main module, scans, instruments, parses and validates.
  /// Errors: invalid_code with a sentence. An engine for ahead-of-time code needs the file that
  /// guest_compiler.hpp has made of these bytes with these limits: not_found if it is not there, invalid_code
  /// if it is something else.
  static protocol::Result<std::shared_ptr<GuestModule>> load(GuestEngine& engine,
                                                             std::span<const std::uint8_t> bytes,
                                                             const GuestLimits& limits = {},
                                                             const std::filesystem::path& compiled = {});
  ~GuestModule();
  GuestModule(const GuestModule&) = delete;
  GuestModule& operator=(const GuestModule&) = delete;

  [[nodiscard]] const std::vector<Function>& imports() const noexcept;
  [[nodiscard]] const std::vector<Function>& exports() const noexcept;
  [[nodiscard]] std::optional<ExportIndex> find_export(std::string_view name) const noexcept;
  /// Why no snapshot of an instance can be taken (globals of references or vectors); "" if one can.
  [[nodiscard]] const std::string& snapshot_obstacle() const noexcept;
  [[nodiscard]] std::string_view wit() const noexcept;  ///< component-type custom section, "" if none

  /// Finds what the module imports among what the host offers, before there is an instance; once. `offered`
  /// may have more than the module needs, and need not outlive the call. Errors: invalid_code, naming module
  /// and field, for an import that is not offered or has another type.
  protocol::Result<void> link(std::span<const GuestImport> offered);

 private:
  friend class GuestInstance;
  explicit GuestModule(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

/// How the code of an engine's modules is run.
enum class Execution : std::uint8_t { interpreted, ahead_of_time };

/// The engine; it must outlive modules and instances. Everything of one engine belongs to one thread.
class GuestEngine {
 public:
  struct Contexts;  ///< the engine's side: guest_contexts.hpp

  explicit GuestEngine(Execution execution = Execution::interpreted);
  ~GuestEngine();

 private:
  friend class GuestModule;
  friend class GuestInstance;
  std::unique_ptr<Contexts> contexts_;
};

class GuestInstance {
 public:
  struct Contexts;  ///< the engine's side: guest_contexts.hpp

  enum class Start : std::uint8_t { run, skip };
  /// The module must be linked. A start function runs inside this call, on the caller's fiber; it is skipped
  /// for an instance that is restored. Errors: invalid_code if the module's data does not fit its memory or
  /// its start function faults; out_of_resources if there is no address space for its memory; cancelled if
  /// the host stopped its start function.
  static protocol::Result<std::unique_ptr<GuestInstance>> create(std::shared_ptr<GuestModule> module,
                                                                 GuestHost host, Start start = Start::run);
  ~GuestInstance();
  GuestInstance(const GuestInstance&) = delete;
  GuestInstance& operator=(const GuestInstance&) = delete;

  /// Calls an export; may be called again from inside a host function. `arguments` must fit its type. After a
  /// fault of kind trap or too_deep the instance should not be entered again: it may be in the middle of
  /// anything.
  std::expected<std::vector<std::uint64_t>, GuestFault> call(ExportIndex function,
                                                             std::span<const std::uint64_t> arguments);
  /// The same by name: a trap "no such function" if there is none.
  std::expected<std::vector<std::uint64_t>, GuestFault> call(std::string_view function,
                                                             std::span<const std::uint64_t> arguments);
  /// Empty if there is none. Invalid after call(), and after the fiber has slept: instances of a module may
  /// share the room that they run in. Fetch it again each time.
  [[nodiscard]] std::span<std::uint8_t> memory() noexcept;

  /// Mutable globals in the order of the module (fuel and depth are not among them), as bits.
  [[nodiscard]] std::vector<std::uint64_t> globals() const;
  /// Puts a snapshot back: grows the memory to `pages`, sets the globals; the memory's bytes are the caller's
  /// to write. False if it does not fit the module: then nothing has changed, but that the memory may be
  /// larger.
  bool restore(std::uint32_t pages, std::span<const std::uint64_t> globals);
  /// Fuel used since it was made.
  [[nodiscard]] std::uint64_t fuel_used() const noexcept;

 private:
  explicit GuestInstance(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace celeriac::wasm
