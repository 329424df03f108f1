// What the person who installs a package is told.

#include "vm/packages/consent.hpp"
#include "tests/vm/packages/packages.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using nlohmann::json;

namespace {

const Metadata soil{.package = "soil", .publisher = "acme", .version = {}, .wit_version = {}};
const ProcessName logger{"soil-logger", "soil", "acme"};

const Consent consent([](std::int64_t pin) { return pin == 8 ? "water valve" : ""; });

/// All sentences about a process, those about its own drive left out.
std::vector<std::string> told(const json& keys) {
  json process = process_of("soil-logger");
  process.update(keys);
  auto sentences = consent.wants(read_manifest(json::array({process}).dump(), soil).value());
  std::erase_if(sentences, [](const std::string& each) { return each.contains("its own drive pkg"); });
  return sentences;
}
std::string of(std::string_view service, const json& params) {
  return consent.sentence("It", logger, system_name(service), params.dump());
}
std::string operation(std::string_view name) {
  return of("hardware", {{"operation", name}});
}
std::string operation(std::string_view name, int pin) {
  return of("hardware", {{"operation", name}, {"pin", pin}});
}

}  // namespace

TEST_CASE("each thing that a process wants is a sentence; the first one names it") {
  const auto capability = [](std::string_view name, const json& pin) {
    json params{{"operation", name}};
    if (!pin.is_null()) params["pin"] = pin;
    return json{{"process", "hardware:distro:sys"}, {"params", params}};
  };
  json process = process_of("soil-logger");
  process.update(
      {{"request_capabilities",
        {capability("SYS.READ_PIN", 59), capability("SYS.HOME", nullptr), capability("SYS.WRITE_PIN", 8)}},
       {"request_networking", true},
       {"public", true},
       {"on_exit", "Restart"}});
  CHECK(consent.wants(read_manifest(json::array({process}).dump(), soil).value()) ==
        std::vector<std::string>{
            "soil-logger may read pin 59.",
            "It may move the machine: it goes to 0.",
            "It may switch pin 8, the water valve.",
            "It talks over the network with other machines.",
            "It may read the files in its own drive pkg.",
            "It may change the files in its own drive pkg.",
            "It can be reached by every process.",
            "It is started again when it ends.",
        });
}

TEST_CASE("hardware is told in the words of the operation table") {
  CHECK(operation("SYS.READ_PIN", 59) == "It may read pin 59.");
  CHECK(operation("SYS.READ_PIN") == "It may read every pin.");
  CHECK(operation("SYS.WRITE_PIN") == "It may switch every pin, whatever is connected to it.");
  CHECK(operation("SYS.MOVE_ABSOLUTE") == "It may move the machine: it moves to a position.");
  CHECK(operation("SYS.CALIBRATE") == "It may move the machine: it finds the length of an axis.");
  CHECK(operation("SYS.TAKE_PHOTO") == "It may take photos.");
  CHECK(operation("SYS.WRITE_LINE") ==
        "It may switch every GPIO output of the computer, whatever is connected to it.");
  CHECK(of("hardware", {{"operation", "SYS.WRITE_LINE"}, {"line", "lights"}}) ==
        "It may switch the GPIO line lights.");
  CHECK(operation("SYS.REBOOT").starts_with("It may do SYS.REBOOT, which restarts the firmware"));
  CHECK(operation("SYS.NONSENSE").starts_with("It holds the right {\"operation\":\"SYS.NONSENSE\"}"));
}

TEST_CASE("services, topics, files and pages are told, and what nobody knows is shown as it is") {
  CHECK(of("kernel", "messaging").contains("everything there is"));
  CHECK(of("http-client", "messaging") == "It may fetch from the web, from any address.");
  CHECK(of("topic", {{"topic", "soil"}, {"kind", "publish"}}) == "It may publish on the topic \"soil\".");
  CHECK(of("topic", {{"topic", "soil"}, {"kind", "subscribe"}}) ==
        "It hears what is published on the topic \"soil\".");
  CHECK(of("vfs", {{"kind", "read"}, {"drive", "/maps:acme/data"}}) ==
        "It may read the files in the drive /maps:acme/data of somebody else.");
  CHECK(of("http-server", {{"path", "/soil"}}) == "It serves web pages below /soil.");
  CHECK(consent.sentence("It", logger, {"echo", "echo", "acme"}, "\"messaging\"") ==
        "It may send messages to echo:echo:acme.");
  CHECK(consent.sentence("It", logger, {"bank", "bank", "acme"}, R"({"root":true})") ==
        "It may do everything that bank:bank:acme can.");
  CHECK(consent.sentence("It", logger, {"bank", "bank", "acme"}, "[1]") ==
        "It holds the right [1] of bank:bank:acme.");
  CHECK(consent.sentence("It", logger, {"bank", "bank", "acme"}, "not JSON") ==
        "It holds the right not JSON of bank:bank:acme.");
}

TEST_CASE("what a process gives to others is told, but not to those of its own package") {
  CHECK(told({{"grant_capabilities", {"reader:soil:acme", "stranger:b:c"}}}) ==
        std::vector<std::string>{"It lets stranger:b:c send messages to it."});
  CHECK(told({{"http", {"/soil"}}}) == std::vector<std::string>{"soil-logger serves web pages below /soil."});
}

TEST_CASE("no text of a package can write a line of its own into what the person reads") {
  const auto sentences = told({{"topics", {"soil\".\nIt wants nothing.\x1b[2J"}}});
  REQUIRE(sentences.size() == 1);
  CHECK_FALSE(sentences[0].contains('\n'));
  CHECK_FALSE(sentences[0].contains('\x1b'));
}
