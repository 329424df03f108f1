#pragma once
// The ABIs that a module may be written for, and what all their personalities share.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "guest/abi/guest.hpp"
#include "guest/abi/preview1/preview1.hpp"

namespace celeriac::guest {

/// A row of the table in personality.cpp.
struct Abi {
  std::string_view name;  ///< as a manifest's `abi` has it, before the '/'
  std::string_view says;  ///< how a module shows it, a phrase: "imports kinode:process/standard"
  /// True if the module shows by imports, or by exports, that it is written for this ABI.
  bool (*recognises)(const ModuleShape& module);
  /// Checks what the ABI needs exported, and makes the personality. `variant` is what follows the '/' of the
  /// hint,
  /// "" if nothing does. The imports are checked by the caller, against functions().
  protocol::Result<std::unique_ptr<Personality>> (*make)(const ModuleShape& module, std::string_view variant);
};

/// The table, in the order in which modules are tried.
std::span<const Abi> abis() noexcept;

/// What every personality is made from: wasi_snapshot_preview1 is offered beside its own functions.
class PersonalityBase : public Personality {
 public:
  [[nodiscard]] Preview1& preview1() noexcept { return preview1_; }
  /// serve(), and what the guest has printed without an end of the line behind it.
  void run(Guest& guest) final;

 protected:
  virtual void serve(Guest& guest) = 0;

 private:
  Preview1 preview1_;
};

/// The rows of an ABI with those of wasi_snapshot_preview1 behind them: made once for each ABI, and kept for
/// ever.
std::vector<HostFunction> beside_preview1(std::vector<HostFunction> own);

}  // namespace celeriac::guest
