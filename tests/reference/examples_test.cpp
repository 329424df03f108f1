// The repository's examples: valid, and the same compiled and walked, in a garden that has what they name.

#include <catch2/catch_test_macros.hpp>

#include "tests/reference/equality.hpp"
#include "tests/reference/example_folder.hpp"

namespace celeriac::reference {

TEST_CASE("the examples run the same compiled and walked") {
  auto [account, documents] = read_examples(CELERIAC_EXAMPLES);
  CHECK(documents.size() >= 18);
  for (auto& [name, document] : documents) {
    INFO(name);
    account.root = std::move(document);
    CHECK(difference(account) == "");
  }
}

}  // namespace celeriac::reference
