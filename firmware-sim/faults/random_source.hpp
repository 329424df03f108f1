#pragma once
// Randomness that a seed repeats, on every machine: the library's distributions may differ, its engines not.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

namespace celeriac::firmware_sim {

class RandomSource {
 public:
  /// `stream` keeps users of one seed apart: what one of them draws moves no other.
  RandomSource(std::uint64_t seed, std::uint64_t stream)
      : engine_(seed ^ ((stream + 1) * 0x9E37'79B9'7F4A'7C15U)) {}

  /// 0 or more, below 1.
  double unit() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }
  /// 0 or more, below `limit`, which is above 0.
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  double between(double least, double most) { return least + unit() * (most - least); }
  bool chance(double probability) { return unit() < probability; }
  /// Time until the next of events that come at random, `mean` apart on the whole.
  double wait(double mean) { return -std::log1p(-unit()) * mean; }
  char byte() { return static_cast<char>(below(256)); }
  template <class T>
  const T& pick(std::span<const T> choices) {
    return choices[static_cast<std::size_t>(below(choices.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace celeriac::firmware_sim
