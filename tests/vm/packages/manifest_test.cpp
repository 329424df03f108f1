// What manifest.json and metadata.json say, and what is made of what they should not.

#include "vm/packages/manifest.hpp"
#include "tests/vm/packages/packages.hpp"
#include "vm/packages/json_text.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Result;
using nlohmann::json;

namespace {

const Metadata soil{.package = "soil", .publisher = "acme", .version = "1.0.0", .wit_version = {}};

/// A manifest of one process with some keys set.
Result<Manifest> read_with(const json& keys) {
  json process = process_of();
  process.update(keys);
  return read_manifest(json::array({process}).dump(), soil);
}
ManifestProcess process_with(const json& keys) {
  const auto manifest = read_with(keys);
  REQUIRE(manifest);
  CHECK(manifest->warnings.empty());
  return manifest->processes.at(0);
}
std::string refusal_of(const json& keys) {
  const auto manifest = read_with(keys);
  REQUIRE_FALSE(manifest);
  return manifest.error().message;
}
bool wants(const ManifestProcess& process, std::string_view issuer, const json& params) {
  const auto same = [&](const ManifestCapability& each) {
    return each.process.text() == issuer && json::parse(each.params) == params;
  };
  return std::ranges::any_of(process.wants, same);
}

}  // namespace

TEST_CASE(
    "88: a text of request_capabilities is messaging, an object gives its params, and networking is the "
    "network") {
  const auto process = process_with(
      {{"request_capabilities",
        {"echo:echo:acme",
         {{"process", "hardware:distro:sys"}, {"params", {{"operation", "SYS.READ_PIN"}, {"pin", 59}}}}}},
       {"request_networking", true}});
  CHECK(wants(process, "echo:echo:acme", "messaging"));
  CHECK(wants(process, "hardware:distro:sys", {{"operation", "SYS.READ_PIN"}, {"pin", 59}}));
  CHECK(wants(process, "kernel:distro:sys", "network"));
  CHECK(process.networking);
  CHECK(process.wants.size() == 5);  // and its own drive, to read and to write
  CHECK_FALSE(wants(process_with(json::object()), "kernel:distro:sys", "network"));
}

TEST_CASE("88: grant_capabilities has the same shapes: who gets a capability of ours") {
  const auto process = process_with(
      {{"grant_capabilities", {"echo:echo:acme", {{"process", "a:b:c"}, {"params", {{"root", true}}}}}}});
  REQUIRE(process.gives.size() == 2);
  CHECK(process.gives[0].process.text() == "echo:echo:acme");
  CHECK(process.gives[0].params == "\"messaging\"");
  CHECK(process.gives[1].params == R"({"root":true})");
}

TEST_CASE("each process may read and write the drive of its own package") {
  const auto process = process_with(json::object());
  CHECK(wants(process, "vfs:distro:sys", {{"kind", "read"}, {"drive", "/soil:acme/pkg"}}));
  CHECK(wants(process, "vfs:distro:sys", {{"kind", "write"}, {"drive", "/soil:acme/pkg"}}));
}

TEST_CASE("an entry of a list of capabilities that cannot be used is reported and skipped") {
  const auto manifest =
      read_with({{"request_capabilities", {"nobody", 7, "a:b:c", {{"process", "a:b:c"}}, {{"params", 1}}}}});
  REQUIRE(manifest);
  CHECK(manifest->warnings.size() == 4);
  CHECK(manifest->warnings[0].contains("\"nobody\""));
  CHECK(wants(manifest->processes[0], "a:b:c", "messaging"));
}

TEST_CASE("a key that is not known is warned of, and nothing more") {
  const auto manifest = read_with({{"on_exitt", "Restart"}});
  REQUIRE(manifest);
  CHECK(manifest->warnings == std::vector<std::string>{"logger: the key \"on_exitt\" is not known."});
}

TEST_CASE("what a process adds becomes its configuration, and the capabilities that go with it") {
  const auto process =
      process_with({{"abi", "wasi-messaging"},
                    {"topics", {"soil", "rain", "soil"}},
                    {"publish", {"advice"}},
                    {"exchanges", {"mqtt:garden"}},
                    {"http", {"/soil"}},
                    {"directories", {"data", {{"drive", "/other:acme/maps"}, {"access", "read"}}}},
                    {"arguments", {"-v", ""}},
                    {"limits", {{"memory_pages", 64}}},
                    {"ahead_of_time", true},
                    {"path", "/garden/logger"}});
  CHECK(process.abi == "wasi-messaging");
  CHECK(process.path == "/garden/logger");
  CHECK(process.ahead_of_time);
  CHECK(process.configuration["topics"] == json{"soil", "rain"});
  CHECK(process.configuration["exchanges"] == json{"mqtt:garden"});
  CHECK(process.configuration["directories"] == json{"/soil:acme/data", "/other:acme/maps"});
  CHECK(process.configuration["arguments"] == json{"-v", ""});
  CHECK(process.configuration["limits"] == json{{"memory_pages", 64}});
  CHECK(wants(process, "topic:distro:sys", {{"topic", "soil"}, {"kind", "subscribe"}}));
  CHECK(wants(process, "topic:distro:sys", {{"topic", "advice"}, {"kind", "publish"}}));
  CHECK(wants(process, "vfs:distro:sys", {{"kind", "write"}, {"drive", "/soil:acme/data"}}));
  CHECK(wants(process, "vfs:distro:sys", {{"kind", "read"}, {"drive", "/other:acme/maps"}}));
  CHECK_FALSE(wants(process, "vfs:distro:sys", {{"kind", "write"}, {"drive", "/other:acme/maps"}}));
  CHECK(wants(process, "http-server:distro:sys", {{"path", "/soil"}}));
  CHECK(wants(process, "http-server:distro:sys", "messaging"));
  CHECK(wants(process, "mqtt:distro:sys", {{"exchange", "mqtt:garden"}}));
  CHECK(process.gives == std::vector<ManifestCapability>{{system_name("http-server"), "\"messaging\""}});
}

TEST_CASE("on_exit is None, Restart, or requests with addresses, bodies and blobs") {
  CHECK(process_with({{"on_exit", "None"}}).on_exit.kind == OnExit::Kind::none);
  CHECK(process_with({{"on_exit", "Restart"}}).on_exit.kind == OnExit::Kind::restart);
  const auto requests = process_with(
      {{"on_exit",
        {{"Requests",
          json::array(
              {json::array({"our@echo:echo:acme",
                            {{"inherit", false},
                             {"expects_response", nullptr},
                             {"body", {104, 105}},
                             {"metadata", "m"}},
                            nullptr}),
               json::array(
                   {json{
                        {"node", "our"},
                        {"process", {{"process_name", "a"}, {"package_name", "b"}, {"publisher_node", "c"}}}},
                    json{{"body", "text"}}, json{{"mime", "text/plain"}, {"bytes", {1, 2, 255}}}})})}}}});
  REQUIRE(requests.on_exit.requests.size() == 2);
  CHECK(requests.on_exit.requests[0].message.to == "our@echo:echo:acme");
  CHECK(requests.on_exit.requests[0].message.body == "hi");
  CHECK(requests.on_exit.requests[0].message.metadata == "m");
  CHECK_FALSE(requests.on_exit.requests[0].blob);
  CHECK(requests.on_exit.requests[1].message.to == "our@a:b:c");
  CHECK(requests.on_exit.requests[1].blob->blob->bytes == "\1\2\xff");
  CHECK(requests.on_exit.requests[1].blob->mime == "text/plain");
  CHECK(refusal_of({{"on_exit", "Sometimes"}}).contains("on_exit"));
  CHECK(refusal_of({{"on_exit", {{"Requests", json::array({json::array({"nobody", json::object()})})}}}})
            .contains("address"));
  CHECK(refusal_of(
            {{"on_exit", {{"Requests", json::array({json::array({"our@a:b:c", json{{"body", {256}}}})})}}}})
            .contains("0 to 255"));
}

TEST_CASE("what is wrong with a process refuses the manifest, with the process's name") {
  CHECK(refusal_of({{"process_name", "Logger"}}).contains("process_name"));
  CHECK(refusal_of({{"process_name", "a:b"}}).contains("process_name"));
  CHECK(refusal_of({{"process_wasm_path", "../logger.wasm"}}).contains("logger: process_wasm_path"));
  CHECK(refusal_of({{"process_wasm_path", ""}}).contains("process_wasm_path"));
  CHECK(refusal_of({{"public", "yes"}}).contains("public must be true or false"));
  CHECK(refusal_of({{"request_networking", 1}}).contains("request_networking"));
  CHECK(refusal_of({{"request_capabilities", "a:b:c"}}).contains("must be a list"));
  CHECK(refusal_of({{"path", "garden"}}).contains("no path of an object"));
  CHECK(refusal_of({{"path", "/sys/motion"}}).contains("the system's"));
  CHECK(refusal_of({{"limits", {{"fuel", -1}}}}).contains("fuel"));
  CHECK(read_manifest("[]", soil).error().message.contains("a list"));
  CHECK(read_manifest("{}", soil).error().message.contains("a list"));
  CHECK(read_manifest("[1]", soil).error().message.contains("an object"));
  CHECK(read_manifest("nonsense", soil).error().message.contains("is not JSON"));
  CHECK(read_manifest(json::array({process_of(), process_of()}).dump(), soil)
            .error()
            .message.contains("twice"));
}

TEST_CASE("a manifest is bounded in length, depth, processes and entries") {
  CHECK(read_manifest(std::string(max_json_bytes, ' ') + "[]", soil).error().message.contains("longer"));
  CHECK(read_manifest(std::string(10'000, '[') + std::string(10'000, ']'), soil)
            .error()
            .message.contains("deeper"));
  json many = json::array();
  for (std::size_t i = 0; i <= max_manifest_processes; ++i) many.push_back(process_of(std::format("p{}", i)));
  CHECK(read_manifest(many.dump(), soil).error().message.contains("more than 64"));
  CHECK(refusal_of({{"request_capabilities", std::vector<std::string>(max_manifest_entries + 1, "a:b:c")}})
            .contains("more than 256"));
  json unknown = json::object();
  for (int i = 0; i < 200; ++i) unknown[std::format("key{}", i)] = i;
  CHECK(read_with(unknown)->warnings.size() == max_manifest_warnings);
}

TEST_CASE("90: the hash of a manifest tells changes of what it says, and none of how it is written") {
  const auto hash_of = [](const std::string& text) { return read_manifest(text, soil).value().hash; };
  const json manifest = json::array({process_of()});
  json changed = manifest;
  changed[0]["public"] = true;
  CHECK(hash_of(manifest.dump()).size() == 64);
  CHECK(hash_of(manifest.dump()) == hash_of(manifest.dump(4)));
  CHECK(hash_of(manifest.dump()) != hash_of(changed.dump()));
}

TEST_CASE("metadata.json names the package and its publisher") {
  const auto read = read_metadata(metadata_of("soil", "acme.example", "2.0").dump());
  REQUIRE(read);
  CHECK(read->id() == "soil:acme.example");
  CHECK(read->version == "2.0");
}

TEST_CASE("a package cannot be the system, nor have a name that is no name") {
  CHECK_FALSE(read_metadata("{}"));
  CHECK_FALSE(read_metadata("[]"));
  for (const auto& [package, publisher] : {std::pair{"distro", "sys"},
                                           {"othismo", "local"},
                                           {"console", "local"},
                                           {"soil", ".."},
                                           {"soil", "."},
                                           {"..", "acme"},
                                           {"so/il", "acme"},
                                           {"soil", ""},
                                           {"Soil", "acme"}})
    CHECK_FALSE(read_metadata(metadata_of(package, publisher).dump()));
}
