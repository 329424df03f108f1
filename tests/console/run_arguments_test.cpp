// Values of `--arg`, as a person types them.

#include "console/run_arguments.hpp"

#include <catch2/catch_test_macros.hpp>

namespace celeriac::console {
using protocol::Json;
using protocol::Status;

TEST_CASE("numbers are numbers, and what is in quotes is a text") {
  CHECK(argument_value("3.5").value() == 3.5);
  CHECK(argument_value("-20").value() == -20);
  CHECK(argument_value("\"3.5\"").value() == "3.5");
}

TEST_CASE("a point is named by its id, with or without its type") {
  CHECK(argument_value("point:51").value() ==
        Json{{"kind", "point"}, {"args", {{"pointer_type", "GenericPointer"}, {"pointer_id", 51}}}});
  CHECK(argument_value("Plant:51")->at("args").at("pointer_type") == "Plant");
  CHECK(argument_value("Weed:-3")->at("args").at("pointer_id") == -3);
}

TEST_CASE("tools, groups, resources and places have words of their own") {
  CHECK(argument_value("tool:21").value() == Json{{"kind", "tool"}, {"args", {{"tool_id", 21}}}});
  CHECK(argument_value("group:40").value() ==
        Json{{"kind", "point_group"}, {"args", {{"point_group_id", 40}}}});
  CHECK(argument_value("resource:Peripheral/11").value() ==
        Json{{"kind", "resource"}, {"args", {{"resource_type", "Peripheral"}, {"resource_id", 11}}}});
  const Json place{{"kind", "coordinate"}, {"args", {{"x", 1.0}, {"y", -2.5}, {"z", 3.0}}}};
  CHECK(argument_value("coordinate:1,-2.5,3").value() == place);
  CHECK(argument_value("(1, -2.5, 3)").value() == place);
}

TEST_CASE("any node may be written as JSON") {
  CHECK(argument_value(R"({"kind": "numeric", "args": {"number": 5}})")->at("kind") == "numeric");
  CHECK(argument_value(R"({"number": 5})").error().status == Status::malformed);
}

TEST_CASE("anything else is a text") {
  for (const char* text : {"hello", "true", "null", "[1]", "(around)", "plant:5", "what: this", ""})
    CHECK(argument_value(text).value() == text);
}

TEST_CASE("a slip in one of the words is told, not taken for a text") {
  for (const char* text : {"point:5l", "tool:", "group:1e400", "coordinate:1,2", "coordinate:1,2,3,4",
                           "coordinate:1,2,nan", "resource:11"}) {
    CAPTURE(text);
    REQUIRE_FALSE(argument_value(text));
    CHECK(argument_value(text).error().status == Status::malformed);
    CHECK(argument_value(text).error().message.contains(text));
  }
}

TEST_CASE("arguments are label=value, and the last of a label counts") {
  CHECK(arguments_of({"Plant=Plant:51", "Seconds=3", "Seconds=4"})->at("Seconds") == 4);
  CHECK(arguments_of({"Plant"}).error().message.contains("label=value"));
}

}  // namespace celeriac::console
