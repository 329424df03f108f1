#include "guest/abi/canonical/instance.hpp"

#include <algorithm>
#include <array>
#include <format>

namespace celeriac::guest::canonical {
namespace {

constexpr std::string_view for_imports[] = {"cabi_realloc", "cm32p2_realloc", "canonical_abi_realloc",
                                            "cabi_import_realloc"};
constexpr std::string_view for_exports[] = {"cabi_realloc", "cm32p2_realloc", "canonical_abi_realloc",
                                            "cabi_export_realloc"};

/// A call into the guest from which it may not call out.
class Inside {
 public:
  explicit Inside(bool& may_leave) noexcept : may_leave_(may_leave) { may_leave_ = false; }
  ~Inside() { may_leave_ = true; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  bool& may_leave_;
};

}  // namespace

std::span<const std::string_view> allocator_names(Purpose purpose) noexcept {
  return purpose == Purpose::import_result ? std::span(for_imports) : std::span(for_exports);
}

std::uint32_t Instance::allocate(Guest& guest, Purpose purpose, std::uint32_t alignment, std::uint32_t size) {
  auto& name = allocators_[static_cast<std::size_t>(purpose)];
  if (name.empty()) {
    const auto names = allocator_names(purpose);
    const auto found = std::ranges::find_if(names, [&](std::string_view one) { return guest.exports(one); });
    if (found == names.end()) throw Trap{"there is no allocator: the module does not export cabi_realloc."};
    name = *found;
  }
  const std::array<Slot, 4> arguments{0, 0, alignment, size};
  std::vector<Slot> results;
  {
    const Inside inside(may_leave_);
    results = guest.call(name, arguments);
  }
  const auto pointer = results.empty() ? std::uint32_t{0} : static_cast<std::uint32_t>(results[0]);
  if (pointer % alignment != 0)
    throw Trap{std::format("{} returned {}, which is not aligned to {}.", name, pointer, alignment)};
  if (const auto memory = guest.memory().size(); std::uint64_t{pointer} + size > memory)
    throw Trap{
        std::format("{} returned {} for {} bytes, but the memory ends at {}.", name, pointer, size, memory)};
  return pointer;
}

void Instance::post_return(Guest& guest, std::string_view function, Slot area) {
  const Inside inside(may_leave_);
  guest.call(function, std::span(&area, 1));
}

}  // namespace celeriac::guest::canonical
