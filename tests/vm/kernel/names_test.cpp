#include "vm/kernel/names.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac::vm;

TEST_CASE("an address has a node and three parts, and what is wrong with one is told apart") {
  const auto address = parse_address("n.os@a:b:c.os");
  REQUIRE(address);
  CHECK(address->node == "n.os");
  CHECK(address->process == ProcessName{"a", "b", "c.os"});
  CHECK(address->text() == "n.os@a:b:c.os");
  CHECK(address->process.path() == "/proc/c.os/b/a");
  CHECK(parse_address("a:b:c").error().code == "missing_node");
  CHECK(parse_address("@a:b:c").error().code == "missing_node");
  CHECK(parse_address("n@a:b:c@d").error().code == "too_many_ats");
  CHECK(parse_address("n@a:b").error().code == "missing_field");
  CHECK(parse_address("n@a::c").error().code == "missing_field");
  CHECK(parse_address("n@a:b:c:d").error().code == "too_many_colons");
}

TEST_CASE("names that are made keep to their letters") {
  CHECK(check_name({"soil-logger", "garden", "acme.os"}));
  CHECK_FALSE(check_name({"Soil", "garden", "acme.os"}));
  CHECK_FALSE(check_name({"soil", "gar.den", "acme"}));
  CHECK_FALSE(check_name({"soil", "garden", "ac me"}));
  CHECK(check_node("my-bot.local"));
  CHECK_FALSE(check_node("my bot"));
}

TEST_CASE("an object's path gives it an id that is always the same, and its own") {
  CHECK(name_of_path("/garden/Counter 2") == name_of_path("/garden/Counter 2"));
  CHECK(name_of_path("/garden/counter") != name_of_path("/shed/counter"));
  CHECK(check_name(name_of_path("/garden/Counter 2")));
  CHECK(check_name(name_of_path("/")));
}
