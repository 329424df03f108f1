#include "guest/abi/personality.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac;
using namespace celeriac::guest;

TEST_CASE("a hint that names no ABI is refused with those that there are") {
  const auto made = personality_for({}, "cobol");
  REQUIRE_FALSE(made);
  CHECK(made.error().status == protocol::Status::invalid_code);
  CHECK(made.error().message.starts_with("There is no ABI named cobol"));
}
