#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "fake_kernel_world.hpp"
#include "protocol/operations.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Capability;
using celeriac::protocol::Result;
using namespace celeriac::protocol::literals;
using nlohmann::json;

namespace {

void save(Bench& bench, KernelProcess& process, const Capability& capability) {
  bench.kernel.save(process, {capability}, [](const Result<void>&) {});
}

}  // namespace

TEST_CASE("81: a process may write to itself") {
  Bench bench;
  auto& a = bench.guest("a");
  CHECK(a.capabilities.list() == std::vector<Capability>{{"n.os@a:pkg:pub", "\"messaging\""}});
  REQUIRE(bench.send(a, Bench::to(a, "me")));
  CHECK(bench.body(a) == "me");
}

TEST_CASE(
    "82, 83: what is neither held nor issued is filtered and the message still comes; what is, can be saved "
    "and passed on") {
  Bench bench;
  auto &a = bench.open_guest("a"), &b = bench.open_guest("b"), &c = bench.open_guest("c");
  const Capability own{a.address, "{\"read\":true}"}, foreign{"n.os@x:y:z", "\"messaging\""};
  auto message = Bench::to(b, "take these");
  message.capabilities = {own, foreign, {"our@a:pkg:pub", "2"}};
  REQUIRE(bench.send(a, message));
  const auto got = bench.receive(b);
  REQUIRE(got);
  CHECK(got->capabilities == std::vector<Capability>{own, {a.address, "2"}});
  CHECK_FALSE(b.capabilities.holds(own));
  save(bench, b, own);
  CHECK(b.capabilities.holds(own));
  message = Bench::to(c, "from b");
  message.capabilities = {own};
  REQUIRE(bench.send(b, message));
  CHECK(bench.receive(c)->capabilities == std::vector<Capability>{own});
}

TEST_CASE("84: params are equal as JSON; what is no JSON only as text") {
  CapabilitySet set;
  set.add({"i", R"({"a":1,"b":[1,2]})"});
  CHECK(set.holds("i", R"( { "b": [1, 2], "a": 1 } )"));
  CHECK_FALSE(set.holds("i", R"({"a":1,"b":[2,1]})"));
  set.add({"i", "no json"});
  CHECK(set.holds("i", "no json"));
  CHECK_FALSE(set.holds("i", "nor this"));
  CHECK_FALSE(set.holds("i", "null"));
}

TEST_CASE("85: a dropped capability no longer lets through") {
  Bench bench;
  auto &a = bench.guest("a"), &b = bench.guest("b");
  bench.may_message(a, b);
  REQUIRE(bench.send(a, Bench::to(b, "hi")));
  auto dropped = bench.kernel.messaging(b.spec.name);
  if (GENERATE(false, true)) dropped.issuer = "our@" + b.spec.name.text();
  bench.kernel.drop(a, {dropped}, [](const Result<void>&) {});
  CHECK_FALSE(bench.send(a, Bench::to(b, "hi")));
}

TEST_CASE("86: a capability that nobody gave cannot be saved") {
  Bench bench;
  auto &a = bench.guest("a"), &b = bench.guest("b");
  save(bench, a, bench.kernel.messaging(b.spec.name));
  CHECK(bench.world.lines.back().contains("never been given"));
  CHECK_FALSE(bench.send(a, Bench::to(b, "hi")));
}

TEST_CASE(
    "87: when an issuer ends for good its capabilities go from all holders; when it restarts they stay") {
  Bench bench;
  auto& a = bench.guest("a");
  auto& restarting = bench.guest("r", {.on_exit = {.kind = OnExit::Kind::restart}});
  auto& mortal = bench.guest("m");
  bench.may_message(a, restarting);
  bench.may_message(a, mortal);
  const auto of_mortal = bench.kernel.messaging(mortal.spec.name),
             of_restarting = bench.kernel.messaging(restarting.spec.name);
  bench.kernel.ended(restarting.id, "trap", "x");
  bench.kernel.ended(mortal.id, "trap", "x");
  CHECK(a.capabilities.holds(of_restarting));
  CHECK_FALSE(a.capabilities.holds(of_mortal));
}

TEST_CASE("the machine is asked for by operation, and by pin where there is one") {
  Bench bench;
  auto& a = bench.guest("a");
  const auto may = [&](const celeriac::protocol::Operation& operation, const json& fields) {
    return bench.kernel.may_operate(a, operation, fields).has_value();
  };
  CHECK_FALSE(may("SYS.WRITE_PIN"_op, {{"pin", 8}}));
  bench.kernel.grant(a, {"n.os@hardware:distro:sys", R"({"operation":"SYS.WRITE_PIN","pin":8})"});
  CHECK(may("SYS.WRITE_PIN"_op, {{"pin", 8}}));
  CHECK_FALSE(may("SYS.WRITE_PIN"_op, {{"pin", 9}}));
  CHECK_FALSE(may("SYS.WRITE_PIN"_op, json::object()));
  CHECK_FALSE(may("SYS.READ_PIN"_op, {{"pin", 8}}));
  CHECK_FALSE(may("SYS.MOVE_ABSOLUTE"_op, json::object()));
  bench.kernel.grant(a, {"n.os@hardware:distro:sys", R"({"operation":"SYS.READ_PIN"})"});
  CHECK(may("SYS.READ_PIN"_op, {{"pin", 59}}));
  const auto refused = bench.kernel.may_operate(a, "SYS.WRITE_PIN"_op, {{"pin", 9}});
  CHECK(refused.error().message ==
        "a:pkg:pub may not do SYS.WRITE_PIN on pin 9: it holds no capability for it.");
}

TEST_CASE("a GPIO line of the computer is asked for by its name, as a pin is by its number") {
  Bench bench;
  auto& a = bench.guest("a");
  bench.kernel.grant(a, {"n.os@hardware:distro:sys", R"({"operation":"SYS.WRITE_LINE","line":"lights"})"});
  CHECK(bench.kernel.may_operate(a, "SYS.WRITE_LINE"_op, {{"line", "lights"}, {"value", 1}}));
  CHECK_FALSE(bench.kernel.may_operate(a, "SYS.READ_LINE"_op, {{"line", "lights"}}));
  const auto refused = bench.kernel.may_operate(a, "SYS.WRITE_LINE"_op, {{"line", "heater"}, {"value", 1}});
  CHECK(refused.error().message ==
        "a:pkg:pub may not do SYS.WRITE_LINE on line \"heater\": it holds no capability for it.");
}

TEST_CASE("a revoked capability of a topic ends the subscription") {
  Bench bench;
  auto& a = bench.guest("a");
  const Capability capability{"n.os@topic:distro:sys", R"({"topic":"soil","kind":"subscribe"})"};
  CHECK_FALSE(bench.kernel.subscribe(a, "soil"));
  bench.kernel.grant(a, capability);
  REQUIRE(bench.kernel.subscribe(a, "soil"));
  bench.kernel.revoke(a, capability);
  CHECK(bench.kernel.topics().empty());
}

TEST_CASE("nobody holds more capabilities than the limit") {
  CapabilitySet set;
  for (std::size_t i = 0; i < max_held; ++i) CHECK(set.add({"i", std::to_string(i)}));
  CHECK_FALSE(set.add({"i", "one more"}));
  CHECK_FALSE(CapabilitySet().add({"i", std::string(max_params_bytes + 1, 'x')}));
}
