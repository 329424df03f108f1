#pragma once
// How much memory this process uses, and whether that is near its limit: what is looked at between two slices
// of a guest. Counted is what RLIMIT_DATA counts, writable private pages, touched or not: when the limit
// itself is reached, memory.grow fails and so does the worker's own next allocation.

#include <cstdint>

namespace celeriac::guest {

class MemoryWatch {
 public:
  /// Part of the limit above which the largest instance is ended.
  static constexpr double high_water = 0.875;

  /// Opens what is read later; before the sandbox. `limit` in bytes, 0: none.
  explicit MemoryWatch(std::uint64_t limit);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  /// Bytes of writable private memory; 0 if the system does not say.
  [[nodiscard]] std::uint64_t used() const noexcept;
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
  [[nodiscard]] bool above_high_water() const noexcept {
    return limit_ != 0 && static_cast<double>(used()) > high_water * static_cast<double>(limit_);
  }
  [[nodiscard]] int descriptor() const noexcept { return statm_; }

 private:
  std::uint64_t limit_;
  int statm_;
};

}  // namespace celeriac::guest
