// call: what people type becomes the payload that the table describes.

#include <catch2/catch_test_macros.hpp>
#include <sstream>

#include "console/values.hpp"
#include "protocol/payload.hpp"
#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using namespace protocol::literals;
using protocol::Json;

namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream stream{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("the example of every operation encodes, and decodes again") {
  for (const auto& operation : protocol::operations()) {
    if (operation.example.empty()) continue;
    CAPTURE(operation.long_name, operation.example);
    const auto fields = fields_of(operation, words_of(operation.example));
    REQUIRE(fields);
    const auto payload = protocol::encode(operation, *fields);
    REQUIRE(payload);
    CHECK(protocol::Arguments::decode(operation, *payload));
  }
}

TEST_CASE("every operation can be described") {
  for (const auto& operation : protocol::operations()) CHECK(!usage_of(operation).empty());
  CHECK(usage_of("SYS.HOME"_op) == "axis=x|y|z|all [speed=NUMBER (%)]");
  CHECK(usage_of("PROC.START"_op) == "id=NUMBER of the code [args=JSON] [name=TEXT] [priority=INTEGER]");
}

TEST_CASE("values are JSON where they are JSON, and text where they are not") {
  CHECK(value_of("12") == 12);
  CHECK(value_of("-0.5") == -0.5);
  CHECK(value_of("true") == true);
  CHECK(value_of("{\"a\":1}") == Json{{"a", 1}});
  CHECK(value_of("\"12\"") == "12");
  CHECK(value_of("wet soil") == "wet soil");
  CHECK(value_of("") == "");
}

TEST_CASE("the table decides where JSON alone cannot") {
  const auto name = fields_of("PROC.START"_op, {"id=1", "name=5"});
  REQUIRE(name);
  CHECK((*name)["name"] == "5");
  const auto channels =
      fields_of("SYS.SEND_MESSAGE"_op, {"message=a=b", "message_type=info", "channels=toast,email"});
  REQUIRE(channels);
  CHECK((*channels)["channels"] == Json{"toast", "email"});
  CHECK((*channels)["message"] == "a=b");
  const auto none = fields_of("SYS.SEND_MESSAGE"_op, {"channels="});
  REQUIRE(none);
  CHECK((*none)["channels"] == Json::array());
}

TEST_CASE("a field that the operation does not have is refused with the one that was meant") {
  const auto fields = fields_of("SYS.HOME"_op, {"axsi=x"});
  REQUIRE(!fields);
  CHECK(fields.error().status == protocol::Status::malformed);
  CHECK(fields.error().message.contains("did you mean \"axis\"?"));
  CHECK(!fields_of("SYS.HOME"_op, {"x"}));
}

TEST_CASE("a call prints status, value and slices") {
  test::TemporaryDirectory directory;
  test::CommandLine celeriac(directory);
  test::FakeVm vm(celeriac.io, directory);
  vm.codes[4] = "{}";
  const auto listed = celeriac({"call", "CODE.LIST"});
  CHECK(listed.status == 0);
  CHECK(listed.out.starts_with("ok, value 1\n{"));
  const auto document = celeriac({"call", "CODE.LIST", "--json"});
  CHECK(document.json()["slices"]["codes"][0]["id"] == 4);
  CHECK(celeriac({"call", "CODE.CREATE"}).out == "ok, value 1\n");
}

TEST_CASE("a payload can come from a file, byte for byte") {
  test::TemporaryDirectory directory;
  test::CommandLine celeriac(directory);
  test::FakeVm vm(celeriac.io, directory);
  const auto outcome =
      celeriac({"call", "CODE.RM", "--payload", directory.file("id", std::string_view("\0\4", 2))});
  CHECK(outcome.status == 0);
  CHECK(vm.requests == std::vector<std::string>{"CODE.RM"});
  CHECK(celeriac({"call", "CODE.WRITE", "--payload", (directory.path() / "nowhere").string()}).status == 2);
  CHECK(
      celeriac({"call", "CODE.WRITE", "--payload", directory.file("long", std::string(65536, ' '))}).status ==
      2);
}

TEST_CASE("a value that the table refuses never leaves the machine") {
  test::TemporaryDirectory directory;
  test::CommandLine celeriac(directory);  // nobody listens: exit status 2 shows that nobody was asked
  CHECK(celeriac({"call", "SYS.MOVE_ABSOLUTE", "x=1", "y=2"}).status == 2);
  CHECK(celeriac({"call", "SYS.HOME", "axis=w"}).status == 2);
  CHECK(celeriac({"call", "SYS.HOME", "axis=x", "speed=101"}).status == 2);
  CHECK(celeriac({"call", "SYS.HOEM"}).err.contains("Did you mean \"SYS.HOME\"?"));
}

TEST_CASE("describe tells what an operation takes without calling it") {
  test::TemporaryDirectory directory;
  test::CommandLine celeriac(directory);
  const auto outcome = celeriac({"call", "SYS.HOME", "--describe"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("axis=x|y|z|all"));
}

}  // namespace celeriac::console
