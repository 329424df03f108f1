// Documents that something happened to: nothing crashes or hangs, and refusals point into the document.

#include <catch2/catch_test_macros.hpp>

#include "tests/reference/generator.hpp"
#include "tests/reference/mutations.hpp"

namespace celeriac::reference {

TEST_CASE("ten thousand spoilt documents are read without harm, and refused at a place that exists") {
  constexpr std::uint64_t of_one = 20;
  Json document;
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    if (seed % of_one == 1) document = make_account(seed).root;
    Dice dice(seed);
    const std::string source =
        dice.chance(0.5) ? spoil_text(dice, document.dump()) : spoil_tree(dice, document).dump();
    INFO("seed " << seed << ": " << source);
    REQUIRE(broken_promise(source) == "");
  }
}

}  // namespace celeriac::reference
