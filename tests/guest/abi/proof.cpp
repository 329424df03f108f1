// celeriac-abi-proof [COUNT [SEED]]: calls of guests with spoilt arguments and memory; says which promise was
// broken, and with which seed.

#include <cstdint>
#include <cstdlib>
#include <print>
#include <random>

#include "tests/guest/abi/mutated_calls.hpp"

int main(int count, char** arguments) {
  constexpr std::uint64_t usual = 100'000;
  const auto calls = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : usual;
  const auto seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : std::random_device()();
  const auto outcome = celeriac::guest::testing::spoil_kinode_calls(seed, calls);
  std::println("{} spoilt calls of guests, from seed {} on: {} returned, {} trapped, {} requests went out.",
               calls, seed, outcome.returned, outcome.trapped, outcome.asked);
  if (outcome.broken.empty()) return EXIT_SUCCESS;
  std::println("{}", outcome.broken);
  return EXIT_FAILURE;
}
