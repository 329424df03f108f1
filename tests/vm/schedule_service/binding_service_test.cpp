// Buttons in a whole VM, with the hypervisor's stream of edges.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/house.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

namespace {

void put(House& house, const Json& binding) {
  REQUIRE(house.status("ASSET.PUT"_op, {{"kind", "pin_binding"}, {"items", binding}}) == Status::ok);
}

struct Buttons {
  Buttons() {
    house.hypervisor->registers.append("edges", nullptr);
    house.until_linked();
    // The stream is watched once the VM has asked for it.
    house.until([&] { return house.hypervisor->registers.watched("edges"); });
  }
  void edge(int pin, bool value) {
    house.hypervisor->registers.append("edges", {{"time", 1},
                                                 {"name", "button"},
                                                 {"pin", pin},
                                                 {"value", value ? 1 : 0},
                                                 {"role", "binding"},
                                                 {"edge", "rising"}});
  }
  Json processes() { return house.ask("PROC.LIST"_op).document().value()["processes"]; }

  House house;
};

}  // namespace

TEST_CASE("a press and its release that come together run the bound sequence once") {
  Buttons buttons;
  auto& house = buttons.house;
  house.code(sequence({message("pressed", "success")}, 7, "Greet"));
  put(house, {{"id", 1}, {"pin_num", 26}, {"sequence_id", 7}});
  buttons.edge(26, true);
  buttons.edge(26, false);
  house.until([&] {
    const auto all = buttons.processes();
    return !all.empty() && all[0]["state"] == "done";
  });
  CHECK(buttons.processes().size() == 1);
  CHECK(buttons.processes()[0]["name"] == "Greet");
}

TEST_CASE("special actions reach the hypervisor, the lock before everything") {
  Buttons buttons;
  auto& house = buttons.house;
  put(house, {{"id", 1}, {"pin_num", 16}, {"special_action", "emergency_lock"}});
  put(house, {{"id", 2}, {"pin_num", 22}, {"special_action", "emergency_unlock"}});
  put(house, {{"id", 3}, {"pin_num", 5}, {"special_action", "reboot"}});
  const auto heard = [&](const std::string& operation) {
    return std::ranges::contains(house.hypervisor->heard, operation);
  };
  buttons.edge(16, true);
  house.until([&] { return heard("SYS.EMERGENCY_LOCK"); });
  buttons.edge(22, true);
  house.until([&] { return heard("SYS.EMERGENCY_UNLOCK"); });
  house.hypervisor->take().responder.ok();
  buttons.edge(5, true);
  house.until_held();
  CHECK(house.hypervisor->held.front().operation->long_name == "SYS.REBOOT");
  CHECK(house.hypervisor->held.front().fields["package"] == 1);
}

TEST_CASE("what SYS.REGISTER_GPIO keeps is acted on") {
  Buttons buttons;
  auto& house = buttons.house;
  house.code(sequence({message("pressed", "success")}, 7, "Greet"));
  REQUIRE(house.status("SYS.REGISTER_GPIO"_op, {{"line", 20}, {"sequence_id", 7}, {"edge", "falling"}}) ==
          Status::ok);
  buttons.edge(20, true);
  buttons.edge(20, false);
  house.until([&] { return buttons.processes().size() == 1; });
}
