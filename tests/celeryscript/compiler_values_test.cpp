#include "celeryscript/compiler_values.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/celeryscript/compiler_host.hpp"

using namespace celeriac;
using namespace celeriac::celeryscript;
using nlohmann::json;
using testing::compiled;
using testing::Host;

using Log = std::vector<std::string>;

namespace {

const std::vector<DataValue> values = {2.5,
                                       "a text",
                                       Coordinate{1, 2.5, -3},
                                       PointReference{"Plant", 51},
                                       ToolReference{21},
                                       GroupReference{40},
                                       ResourceReference{"Peripheral", 11},
                                       EveryPoint{"Weed"}};

std::string step(std::string_view kind, std::string_view args, std::string_view body = "") {
  return std::format(R"({{"kind":"{}","args":{{{}}},"body":[{}]}})", kind, args, body);
}

}  // namespace

TEST_CASE("every data value is read back from its node") {
  for (const DataValue& value : values) {
    const json node = to_node(value);
    INFO(node.dump());
    const auto scope = applications_of({{"v", node}});
    REQUIRE(scope);
    REQUIRE(scope->size() == 1);
    CHECK(scope->front().label == "v");
    CHECK(scope->front().value == value);
  }
}

TEST_CASE("variables from outside are numbers, texts or nodes") {
  const auto scope = applications_of({{"n", 3}, {"t", "x"}});
  REQUIRE(scope);
  CHECK(*find(*scope, "n") == DataValue(3.0));
  CHECK(*find(*scope, "t") == DataValue("x"));
  CHECK(applications_of({{"a", true}}).error().status == protocol::Status::malformed);
  CHECK(applications_of(json::array({1})).error().status == protocol::Status::malformed);
  CHECK(applications_of({{"a", {{"kind", "no_such"}, {"args", json::object()}}}}).error().status ==
        protocol::Status::invalid_code);
  CHECK(applications_of(nullptr).value().empty());
}

TEST_CASE("of two items with one label the later wins") {
  const auto item = [](double number) {
    return json{{"kind", "parameter_application"},
                {"args", {{"label", "v"}, {"data_value", to_node(number)}}}};
  };
  const auto scope = applications_of_items(json::array({item(1), item(2)}));
  REQUIRE(scope);
  REQUIRE(scope->size() == 1);
  CHECK(scope->front().value == DataValue(2.0));
}

TEST_CASE("a sequence knows its defaults and its constants") {
  const Program program = compiled(R"({"kind":"sequence","args":{"version":20180209,"locals":
    {"kind":"scope_declaration","args":{},"body":[
      {"kind":"parameter_declaration","args":{"label":"a","default_value":{"kind":"numeric","args":{"number":1}}}},
      {"kind":"variable_declaration","args":{"label":"b","data_value":{"kind":"text","args":{"string":"t"}}}}]}}})");
  REQUIRE(program.locals.size() == 2);
  CHECK(program.locals[0].variable.label == "a");
  CHECK_FALSE(program.locals[0].fixed);
  CHECK(program.locals[1].variable.value == DataValue("t"));
  CHECK(program.locals[1].fixed);
}

TEST_CASE("a named pin is looked up, and a digital write is read back") {
  Host host;
  host.pins[11] = 8;
  const std::string pin = R"("pin_number":{"kind":"named_pin","args":{"pin_type":"Peripheral","pin_id":11}})";
  CHECK(host.run(compiled(testing::sequence(step("write_pin", pin + R"(,"pin_value":1,"pin_mode":0)")))) ==
        Log{"SYS.WRITE_PIN pin=8 value=1 mode=0", "SYS.READ_PIN pin=8 mode=0"});
  CHECK(host.run(compiled(testing::sequence(step("write_pin", pin + R"(,"pin_value":99,"pin_mode":1)")))) ==
        Log{"SYS.WRITE_PIN pin=8 value=99 mode=1"});
  CHECK(host.run(compiled(testing::sequence(step("toggle_pin", pin)))) ==
        Log{"SYS.TOGGLE_PIN pin=8", "SYS.READ_PIN pin=8 mode=0"});
  CHECK(host.run(compiled(testing::sequence(step("read_pin", pin + R"(,"label":"a","pin_mode":1)")))) ==
        Log{"SYS.READ_PIN pin=8 mode=1"});
}

TEST_CASE("a LED of the box is written by an operation of its own, and reads as nothing") {
  const std::string led = R"("pin_number":{"kind":"named_pin","args":{"pin_type":"BoxLed4","pin_id":0}})";
  CHECK(Host().run(compiled(testing::sequence(step("write_pin", led + R"(,"pin_value":1,"pin_mode":0)")))) ==
        Log{"SYS.WRITE_LED led=4 value=1"});
  CHECK(Host()
            .run(compiled(testing::sequence(step("read_pin", led + R"(,"label":"a","pin_mode":0)"))))
            .empty());
}

TEST_CASE("legacy pins run as their modern equals") {
  Host host;
  host.pins[11] = 8;
  CHECK(host.run(compiled(testing::sequence(
            step("write_peripheral", R"("peripheral_id":11,"pin_value":1,"pin_mode":0)")))) ==
        Log{"SYS.WRITE_PIN pin=8 value=1 mode=0", "SYS.READ_PIN pin=8 mode=0"});
  CHECK(host.run(compiled(testing::sequence(step(
            "read_peripheral", R"("peripheral_id":11,"pin_mode":0)")))) == Log{"SYS.READ_PIN pin=8 mode=0"});
}

TEST_CASE("an assertion goes where its type says") {
  const auto run = [](std::string_view type, double holds) {
    Host host;
    host.scripts["ok"] = holds;
    return host.run(compiled(testing::sequence(
        step(
            "assertion",
            std::format(
                R"("lua":"ok","assertion_type":"{}","_then":{{"kind":"execute","args":{{"sequence_id":5}}}})",
                type)) +
        "," + step("wait", R"("milliseconds":1)"))));
  };
  const Log goes_on{"VM.ASSERTION ok", "SYS.WAIT milliseconds=1"};
  const Log recovers{"VM.ASSERTION ok", "VM.EXECUTE 5", "SYS.WAIT milliseconds=1"};
  for (const auto* type : {"abort", "abort_recover", "continue", "recover"}) CHECK(run(type, 1) == goes_on);
  CHECK(run("continue", 0) == goes_on);
  CHECK(run("recover", 0) == recovers);
  // This host does not end at ABORT, so the step behind it shows too.
  const Log aborted = run("abort_recover", 0);
  REQUIRE(aborted.size() == 4);
  CHECK(aborted[1] == "VM.EXECUTE 5");
  CHECK(aborted[2].starts_with("VM.ABORT aborted"));
}

TEST_CASE("user variables are set one by one, whatever their type") {
  CHECK(
      Host().run(compiled(testing::sequence(step(
          "set_user_env", "",
          R"({"kind":"pair","args":{"label":"a","value":"x"}},{"kind":"pair","args":{"label":"b","value":7}})")))) ==
      Log{"SYS.SET_USER_ENV config=a value=x", "SYS.SET_USER_ENV config=b value=7"});
}
