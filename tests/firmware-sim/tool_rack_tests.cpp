#include "firmware-sim/tool_rack.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac::firmware_sim;

namespace {

ToolRack rack_with(int direction) {
  ToolRack rack;
  rack.add({.tool = "nozzle", .x = 50, .y = 100, .z = -150, .direction = direction});
  return rack;
}

}  // namespace

TEST_CASE("a tool comes along when the carriage leaves its slot the open way, in all four directions") {
  struct Case {
    int direction;
    double x, y;
  };
  for (const auto& [direction, x, y] :
       {Case{1, 150, 100}, Case{2, -50, 100}, Case{3, 50, 200}, Case{4, 50, 0}}) {
    ToolRack rack = rack_with(direction);
    CHECK_FALSE(rack.contact());
    CHECK(rack.follow(50, 100, -150));
    CHECK(rack.contact());
    CHECK_FALSE(rack.follow(x, y, -150));
    CHECK(rack.mounted() == "nozzle");
    CHECK_FALSE(rack.slots()[0].full);
    CHECK(rack.fetched() == 1);
  }
}

TEST_CASE("a tool stays in its slot when the carriage leaves upwards, or against the wall") {
  ToolRack rack = rack_with(1);
  rack.follow(50, 100, -150);
  CHECK(rack.follow(50, 100, -140));
  CHECK_FALSE(rack.mounted());
  rack.follow(50, 100, -150);
  rack.follow(40, 100, -150);
  CHECK_FALSE(rack.mounted());
  CHECK(rack.fetched() == 0);
}

TEST_CASE("a tool is put back where the carriage leaves an empty slot upwards") {
  ToolRack rack = rack_with(1);
  rack.follow(50, 100, -150);
  rack.follow(150, 100, -150);
  rack.follow(50, 100, -150);
  CHECK(rack.mounted() == "nozzle");
  rack.follow(150, 100, -150);  // out again with it
  CHECK(rack.mounted() == "nozzle");
  rack.follow(50, 100, -150);
  CHECK(rack.follow(50, 100, -100));
  CHECK_FALSE(rack.mounted());
  CHECK(rack.slots()[0].full);
  CHECK(rack.put_back() == 1);
}

TEST_CASE("a mount with a tool takes no second one") {
  ToolRack rack = rack_with(1);
  rack.add({.tool = "sensor", .x = 50, .y = 300, .z = -150, .direction = 1});
  rack.follow(50, 100, -150);
  rack.follow(150, 100, -150);
  rack.follow(50, 300, -150);
  rack.follow(150, 300, -150);
  CHECK(rack.mounted() == "nozzle");
  CHECK(rack.slots()[1].full);
}

TEST_CASE("a rack has room for so many slots") {
  ToolRack rack;
  for (std::size_t i = 0; i < ToolRack::max_slots; ++i) CHECK(rack.add({.tool = "t"}));
  CHECK_FALSE(rack.add({.tool = "t"}));
}
