#pragma once
// What the canonical ABI keeps for one instance: its handles, its allocator, and whether it may call out.
//
//              ┌── enter (allocator, post-return) ──┐
//   may leave ─┤                                    ├─ may not leave: an import called now traps
//              └────────────── back ────────────────┘

#include <cstdint>
#include <span>
#include <string_view>

#include "guest/abi/canonical/handles.hpp"
#include "guest/abi/guest.hpp"

namespace celeriac::guest::canonical {

/// Whom the memory is for: older toolchains export an allocator for each.
enum class Purpose : std::uint8_t { import_result, export_parameter };

/// The names under which a module may export its allocator for this purpose, the usual ones first.
std::span<const std::string_view> allocator_names(Purpose purpose) noexcept;

class Instance {
 public:
  /// Memory of the guest, by its own allocator; never moved or freed by us. Throws Trap if what it returns
  /// cannot be. The guest has run: its memory must be looked at anew.
  std::uint32_t allocate(Guest& guest, Purpose purpose, std::uint32_t alignment, std::uint32_t size);
  /// Lets the guest free what an export has returned.
  void post_return(Guest& guest, std::string_view function, Slot area);

  [[nodiscard]] bool may_leave() const noexcept { return may_leave_; }
  [[nodiscard]] HandleTable& handles() noexcept { return handles_; }

 private:
  HandleTable handles_;
  bool may_leave_ = true;
  std::string_view allocators_[2];  // by purpose, "" until they are needed
};

}  // namespace celeriac::guest::canonical
