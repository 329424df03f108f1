// Modules that something happened to: nothing crashes, hangs or takes memory without measure.

#include "tests/wasm/foreign/mutations.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac;

TEST_CASE("two thousand spoilt modules are read without harm, and what is rewritten is sound") {
  constexpr std::uint64_t modules = 2'000, one_in = 5;  // for the validator, which is a process of its own
  testing::Survivors survivors;
  for (std::uint64_t seed = 1; seed <= modules; ++seed) {
    reference::Dice dice(seed);
    const auto bytes = testing::spoilt_module(dice);
    INFO("seed " << seed);
    REQUIRE(testing::broken_promise(bytes, seed % one_in == 0, survivors) == "");
  }
  // Enough of them come far enough for this to mean something.
  CHECK(survivors.rewritten > modules / 10);
  CHECK(survivors.valid > 50);
}
