#include "tests/guest/abi/mutated_calls.hpp"

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace celeriac::guest::testing;

TEST_CASE("spoilt calls of a guest trap or become requests that can be read, 2,000 times") {
  const auto seed = Catch::getSeed();
  CAPTURE(seed);
  const auto outcome = spoil_kinode_calls(seed, 2'000);
  CHECK(outcome.broken == "");
  CHECK(outcome.trapped > 200);
  CHECK(outcome.returned > 200);
  CHECK(outcome.asked > 200);
}
