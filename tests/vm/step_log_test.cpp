// FarmBot OS's lines in the log for steps that switch or reset something.

#include "vm/step_log.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac;

TEST_CASE("the log says what a reset resets, and warns of the board's") {
  const auto& reset = *protocol::find_operation("SYS.FACTORY_RESET");
  const auto firmware = vm::line_of(reset, {{"package", 0}});
  REQUIRE(firmware);
  CHECK(firmware->text == "Arduino Firmware going down for factory reset!");
  CHECK(firmware->type == "warn");
  const auto os = vm::line_of(reset, {{"package", 1}});
  REQUIRE(os);
  CHECK(os->text == "Soft resetting...");
  CHECK(os->type == "busy");
}
