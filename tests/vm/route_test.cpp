#include "vm/sequences/route.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac::vm;

TEST_CASE("in_order is as written") {
  for (const bool up : {false, true}) {
    CHECK(route("xy,z;in_order", up) == Route{"xy", "z"});
    CHECK(route("z,x,y;in_order", up) == Route{"z", "x", "y"});
    CHECK(route("xyz;in_order", up) == Route{"xyz"});
  }
}

TEST_CASE("high goes up first and comes down last; low is the mirror image") {
  CHECK(route("xy,z;high", true) == Route{"z", "xy"});
  CHECK(route("xy,z;high", false) == Route{"xy", "z"});
  CHECK(route("xy,z;low", true) == Route{"xy", "z"});
  CHECK(route("xy,z;low", false) == Route{"z", "xy"});
}

TEST_CASE("z in the middle moves to the end that it belongs to") {
  CHECK(route("x,z,y;high", true) == Route{"z", "x", "y"});
  CHECK(route("x,z,y;high", false) == Route{"y", "x", "z"});
}

TEST_CASE("a grouping without z, or with everything at once, is kept") {
  CHECK(route("y,x;high", true) == Route{"y", "x"});
  CHECK(route("xyz;high", true) == Route{"xyz"});
  CHECK(route("x,yz;high", true) == Route{"yz", "x"});
}

TEST_CASE("what is no order is none") {
  for (const auto* order : {"", "xy,z", "xy,z;", "xy,z;sideways", ",;high", "xx;high", "a;high", ";high"})
    CHECK_FALSE(route(order, true));
}
