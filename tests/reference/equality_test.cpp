// Compiled sequences do what the reference interpreter does, operation by operation.

#include <catch2/catch_test_macros.hpp>

#include "tests/reference/equality.hpp"
#include "tests/reference/generator.hpp"

namespace celeriac::reference {

TEST_CASE("a thousand generated accounts run the same compiled and walked") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    INFO("seed " << seed);
    REQUIRE(difference(make_account(seed)) == "");
  }
}

TEST_CASE("accounts without mistakes run the same compiled and walked") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    REQUIRE(difference(make_account(seed, {.longest_body = 12, .mistakes = false})) == "");
  }
}

}  // namespace celeriac::reference
