#pragma once
// The modules that a worker has loaded: each once for all its instances.

#include <filesystem>
#include <list>
#include <memory>
#include <span>
#include <string>

#include "guest/abi/guest.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::guest {

/// Modules that are kept; of those that no instance uses the one used longest ago goes first.
inline constexpr std::size_t max_modules = 64;
/// Bytes of a module.
inline constexpr std::size_t max_module_bytes = 64 * 1024 * 1024;

struct LoadedModule {
  std::string sha256;
  std::string abi;  ///< the hint that it was linked with
  wasm::GuestLimits limits;
  std::shared_ptr<wasm::GuestModule> code;
  ModuleShape shape;  ///< views into `code`
};

/// guest::personality_for(), or what a test has instead.
using PersonalityFor = protocol::Result<std::unique_ptr<Personality>> (*)(const ModuleShape& module,
                                                                          std::string_view hint);

/// What an engine for ahead-of-time code needs: where compiled modules are, and what is to be done between
/// loading one and running it. Of such modules one can be loaded.
struct CompiledModules {
  std::filesystem::path directory;
  protocol::Result<void> (*seal)() = nullptr;
};

class Modules {
 public:
  Modules(wasm::GuestEngine& engine, PersonalityFor personality_for, CompiledModules compiled = {})
      : engine_(engine), personality_for_(personality_for), compiled_(std::move(compiled)) {}

  /// nullptr if it has not been loaded with these.
  std::shared_ptr<const LoadedModule> find(std::string_view sha256, std::string_view abi,
                                           const wasm::GuestLimits& limits);
  /// Loads it, and links it with the functions of its ABI, which call `enter`. Errors: invalid_code with a
  /// sentence; out_of_resources when max_modules are in use.
  using Enter = decltype(wasm::GuestImport::call);
  protocol::Result<std::shared_ptr<const LoadedModule>> load(std::string sha256, std::string abi,
                                                             const wasm::GuestLimits& limits,
                                                             std::span<const std::uint8_t> bytes,
                                                             Enter enter);
  [[nodiscard]] std::size_t size() const noexcept { return loaded_.size(); }

 private:
  protocol::Result<void> make_room();

  wasm::GuestEngine& engine_;
  PersonalityFor personality_for_;
  CompiledModules compiled_;
  bool sealed_ = false;
  std::list<std::shared_ptr<LoadedModule>> loaded_;  // used last at the front
};

}  // namespace celeriac::guest
