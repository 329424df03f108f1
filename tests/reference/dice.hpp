#pragma once
// Chance that repeats: the same seed gives the same throws on every machine.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace celeriac::reference {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  /// SplitMix64.
  std::uint64_t bits() {
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    return mixed ^ mixed >> 31;
  }
  /// 0 … n - 1; n must not be 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }
  /// Both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }
  bool chance(double probability) { return static_cast<double>(bits() >> 11) * 0x1.0p-53 < probability; }
  template <class Items>
  const auto& pick(const Items& items) {
    return items[below(items.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace celeriac::reference
