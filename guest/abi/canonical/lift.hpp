#pragma once
// Lifting: what a guest has handed over, from core values or from its memory, becomes Values. Every rule of
// the canonical ABI is checked here, in the specification's order, and our own bounds with them; a broken one
// throws Trap with a phrase that names the part: "request.capabilities[2].params is not UTF-8."
//
// Nothing enters the guest meanwhile, so the memory is read where it lies.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "guest/abi/canonical/memory.hpp"
#include "guest/abi/canonical/type.hpp"
#include "guest/abi/canonical/value.hpp"

namespace celeriac::guest::canonical {

/// Bytes that are lifted in one call, whatever overlaps counted as often as it is named: a largest blob with
/// a largest body, and what goes with them.
inline constexpr std::uint64_t max_lifted = std::uint64_t{320} * 1024 * 1024;

/// Who deals with the handles in what is lifted: the call that they belong to.
class HandleSink {
 public:
  virtual Value own(const ResourceType& type, std::uint32_t handle) = 0;
  virtual Value borrow(const ResourceType& type, std::uint32_t handle) = 0;

 protected:
  ~HandleSink() = default;
};

/// Where in the arguments something lies, for the sentence of a trap: a chain of the parts around it.
struct Place {
  const Place* outer = nullptr;
  std::string_view name;
  std::size_t index = 0;  ///< of an element, if the name is empty

  [[nodiscard]] std::string text() const;
};

class Lift {
 public:
  Lift(const Memory& memory, Arena& arena, HandleSink* handles)
      : memory_(memory), arena_(arena), handles_(handles) {}

  /// A value that lies at `address`, which the guest has given: alignment and bounds are checked.
  Value at(const Type& type, std::uint32_t address, const Place& place);
  /// A value from core values; `slots` moves on behind them.
  Value flat(const Type& type, std::span<const Slot>& slots, const Place& place);

 private:
  Value inside(const Type& type, std::uint32_t address, const Place& place);
  Value record(const Type& type, std::uint32_t address, const Place& place);
  Value variant(const Type& type, std::uint32_t address, const Place& place);
  Value text(std::uint32_t pointer, std::uint32_t length, const Place& place);
  Value list(const Type& type, std::uint32_t pointer, std::uint32_t length, const Place& place);
  Value scalar(const Type& type, std::uint64_t bits, const Place& place);
  const Part& active(const Type& type, std::uint32_t discriminant, const Place& place) const;
  void count(std::uint64_t bytes, const Place& place);

  const Memory& memory_;
  Arena& arena_;
  HandleSink* handles_;
  std::uint64_t lifted_ = 0;
};

}  // namespace celeriac::guest::canonical
