#pragma once
// Guests in text, and a host that lets a test say what its functions do.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wasm/guest_engine.hpp"

namespace celeriac::testing {

/// A host function as a test writes it.
using HostFunction = std::function<wasm::HostOutcome(std::span<const std::uint64_t> arguments,
                                                     std::span<std::uint64_t> results)>;

/// The host of one instance. Functions are found by "module.field"; what is not there goes on with zeros.
class TestHost {
 public:
  std::map<std::string, HostFunction> functions;
  std::function<wasm::HostOutcome()> refuel = [] { return wasm::HostOutcome::go_on; };
  wasm::GuestHost host();
};

/// Offers what the module imports, with the types that it wants.
protocol::Result<void> link_all(wasm::GuestModule& module);
/// Loads a module from text and links it; fails the test if that does not go.
std::shared_ptr<wasm::GuestModule> load_text(wasm::GuestEngine& engine, const std::string& text,
                                             const wasm::GuestLimits& limits = {});

/// A module from text, compiled ahead of time into a directory that goes with it.
class Compiled {
 public:
  explicit Compiled(const std::string& text, const wasm::GuestLimits& limits = {});
  ~Compiled();
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Linked.
  [[nodiscard]] std::shared_ptr<wasm::GuestModule> load(wasm::GuestEngine& engine) const;

 private:
  std::vector<std::uint8_t> bytes_;
  wasm::GuestLimits limits_;
  std::filesystem::path directory_, path_;
};

}  // namespace celeriac::testing
