#pragma once
// The engine seam: everything that the project asks of a WebAssembly engine for sequences. WasmEdge stands
// behind it, in engine.cpp and nowhere else.
//
// Only resumable modules are run here (reader.hpp says what those are), in the interpreter: a call is a
// handful of instructions, and entering ahead-of-time code costs more than interpreting them
// (bench/wasm measures both).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/types.hpp"

namespace celeriac::wasm {

/// What an instance's calls of imports end in: a plain function and its context, so that a call costs no
/// more than it must. `call` gets the import's place in Instance::imports() and its arguments, valid
/// during the call. It may not call the engine, and cannot fail: it notes what is asked for.
struct HostCall {
  void (*call)(void* context, ImportIndex import, std::span<const Value> arguments) noexcept = nullptr;
  void* context = nullptr;
  /// Whether the host has such a function; nullptr: it has them all.
  bool (*offers)(const Import& import) noexcept = nullptr;
};

/// The engine. It and its instances belong to one thread at a time; instances must go before it.
class Engine {
 public:
  Engine();
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

 private:
  friend class Instance;
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

/// One instance of a resumable module; calls are synchronous and short.
class Instance {
 public:
  /// Checks, parses, validates and instantiates. Errors: `invalid_code` for bytes that are no resumable
  /// module, `unknown_operation` for an import that the host does not offer, `out_of_resources`.
  static protocol::Result<std::unique_ptr<Instance>> create(Engine& engine,
                                                            std::span<const std::uint8_t> module,
                                                            HostCall host);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] std::span<const Import> imports() const noexcept;
  /// Number of steps; they are 0 … steps() - 1.
  [[nodiscard]] std::size_t steps() const noexcept;

  /// Runs one step and returns what it returns. Errors: `internal` for a trap or a step that does not exist.
  protocol::Result<std::int32_t> call(std::int32_t step);

  [[nodiscard]] std::optional<GlobalIndex> find_global(std::string_view name) const noexcept;
  /// `global` must come from find_global() of this instance, or be its place in the order of the module.
  void set_global(GlobalIndex global, double value) noexcept;
  [[nodiscard]] double global(GlobalIndex global) const noexcept;

 private:
  struct Contexts;
  explicit Instance(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace celeriac::wasm
