#pragma once
// What the engine gets of a foreign module, and what its host needs to know of it: the way from a stranger's
// bytes to bytes that may be run, without an engine.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/foreign/instrument.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::wasm {

struct GuestCode {
  std::vector<std::uint8_t> bytes;  ///< instrumented
  std::vector<GuestModule::Function>
      imports;  ///< in the order of the module, without those of the instrumentation
  std::vector<GuestModule::Function> exports;
  std::string memory;  ///< name of the exported memory; "" if there is none
  std::vector<foreign::StateGlobal> globals;
  std::string snapshot_obstacle;
  std::string wit;
  bool has_start = false;
  bool changes_tables = false;
};

/// Finds the main module, scans and instruments it. Errors: invalid_code. The same bytes give the same bytes.
protocol::Result<GuestCode> guest_code(std::span<const std::uint8_t> bytes, const GuestLimits& limits);

}  // namespace celeriac::wasm
