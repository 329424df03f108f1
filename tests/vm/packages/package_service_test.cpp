// Packages come, are brought up to date and go; rights are given, listed and taken away.

#include "tests/vm/packages/service_bench.hpp"
#include "vm/packages/digest.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Capability;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

const json read_pin = {{"operation", "SYS.READ_PIN"}, {"pin", 59}};
const json write_pin = {{"operation", "SYS.WRITE_PIN"}, {"pin", 8}};

json hardware(const json& params) {
  return {{"process", "hardware:distro:sys"}, {"params", params}};
}

/// A process that may read pin 59 and switch pin 8.
json watering(std::string_view name = "logger") {
  json process = process_of(name);
  process["request_capabilities"] = {hardware(read_pin), hardware(write_pin)};
  process["on_exit"] = "Restart";
  return process;
}

std::string packed(const std::vector<json>& processes, std::string_view version = "1.0.0",
                   std::string_view package = "soil", std::string_view module = empty_module) {
  return archive_of(json(processes), metadata_of(package, "acme", version), Compression::none, module);
}

}  // namespace

TEST_CASE("88: an installed process holds what its manifest asks for, and nothing else") {
  ServiceBench bench;
  json process = watering();
  process["request_capabilities"].push_back("echo:echo:acme");
  process["request_networking"] = true;
  process["topics"] = {"soil"};
  const auto done = bench.install(packed({process}));
  REQUIRE(done);
  CHECK((*done)["package"] == "soil:acme");
  CHECK((*done)["processes"][0]["process"] == "logger:soil:acme");
  CHECK_FALSE((*done)["processes"][0].contains("error"));
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", read_pin));
  CHECK(bench.holds("logger:soil:acme", "echo:echo:acme", "messaging"));
  CHECK(bench.holds("logger:soil:acme", "kernel:distro:sys", "network"));
  CHECK(bench.holds("logger:soil:acme", "topic:distro:sys", {{"topic", "soil"}, {"kind", "subscribe"}}));
  CHECK(bench.holds("logger:soil:acme", "vfs:distro:sys", {{"drive", "/soil:acme/pkg"}, {"kind", "read"}}));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", {{"operation", "SYS.HOME"}}));
  CHECK(bench.process("logger:soil:acme").capabilities.size() == 8);  // and messaging to itself
  CHECK(bench.process("logger:soil:acme").spec.module == sha256_hex(empty_module));
  CHECK(bench.process("logger:soil:acme").state == KernelState::running);
}

TEST_CASE("89: no process of a package runs before all exist and hold what they give each other") {
  ServiceBench bench;
  json first = process_of("a"), second = process_of("b");
  first["grant_capabilities"] = {"b:soil:acme"};
  second["grant_capabilities"] = {"a:soil:acme"};
  int seen = 0;
  bench.world->on_start = [&](const KernelProcess&) {
    ++seen;
    CHECK(bench.holds("a:soil:acme", "b:soil:acme", "messaging"));
    CHECK(bench.holds("b:soil:acme", "a:soil:acme", "messaging"));
  };
  REQUIRE(bench.install(packed({first, second})));
  CHECK(seen == 2);
}

TEST_CASE("90: what was approved is the manifest with this hash, and no other") {
  ServiceBench bench;
  const std::string calm = packed({process_of()}), greedy = packed({watering()});
  const std::string hash = bench.inspect(calm).value()["hash"];
  CHECK(bench.put(greedy, hash).error().code == "not_approved");
  CHECK(bench.put(greedy, "").error().code == "not_approved");
  CHECK(bench.list().empty());
  CHECK(bench.world->started.empty());
  REQUIRE(bench.put(calm, hash));
  CHECK(bench.put(greedy, hash).error().code == "not_approved");
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
}

TEST_CASE("inspect tells what a package is and wants, and keeps nothing") {
  ServiceBench bench;
  const auto seen = bench.inspect(packed({watering()})).value();
  CHECK(seen["package"] == "soil:acme");
  CHECK(seen["version"] == "1.0.0");
  CHECK(seen["signed_by"] == "");
  CHECK(seen["trusted"] == false);
  CHECK(seen["installed"].is_null());
  CHECK(seen["wants"][0] == "logger may read pin 59.");
  CHECK(seen["wants"][1] == "It may switch pin 8, the water valve.");
  CHECK(bench.list().empty());
  REQUIRE(bench.install(packed({watering()})));
  const auto again = bench.inspect(packed({watering()}, "2.0.0")).value();
  CHECK(again["installed"]["version"] == "1.0.0");
  CHECK(again["installed"]["hash"] == again["hash"]);
  CHECK(bench.inspect("nonsense").error().status == Status::malformed);
}

TEST_CASE(
    "an installation wants a signature of a trusted key, of the one that is named, or the word that none is "
    "needed") {
  ServiceBench bench;
  std::filesystem::create_directories(bench.directory / "trusted-keys");
  const Signer trusted(bench.directory, "trusted"), other(bench.directory, "other");
  write_file(bench.directory / "trusted-keys/acme.pub", trusted.public_key());
  const std::string bytes = packed({process_of()});
  const std::string good = celeriac::protocol::join_package_file(trusted.sign(bytes), bytes);
  const std::string strange = celeriac::protocol::join_package_file(other.sign(bytes), bytes);
  const std::string hash = bench.inspect(bytes).value()["hash"];
  CHECK(bench.inspect(good).value()["trusted"] == true);
  CHECK(bench.inspect(strange).value()["trusted"] == false);
  CHECK(bench.inspect(strange, other.public_key()).value()["trusted"] == true);
  CHECK(bench.put(bytes, hash, "", false).error().code == "unsigned");
  CHECK(bench.put(strange, hash).error().code == "unknown_key");
  CHECK(bench.put(good, hash, other.public_key()).error().code == "unknown_key");
  CHECK(bench.put(good, hash, "no key").error().status == Status::malformed);
  CHECK(bench.list().empty());
  CHECK(bench.put(good, hash, "", false));
  CHECK(bench.put(strange, hash, other.public_key(), false));
  CHECK(bench.list()[0]["signed_by"] == PublicKey::parse(other.public_key())->name());
}

TEST_CASE(
    "an update replaces module and files; what others hold of the package stays, and what it has acquired "
    "itself") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()}, "1.0.0")));
  REQUIRE(bench.install(packed({process_of("friend")}, "1.0.0", "moss")));
  const Capability acquired{"n.os@bank:bank:acme", "{\"root\":true}"};
  bench.kernel->grant(bench.process("logger:soil:acme"), acquired);
  bench.kernel->grant(bench.process("friend:moss:acme"), {"n.os@logger:soil:acme", "\"messaging\""});
  const std::string other_module = empty_module + std::string("\0\2\1x", 4);
  json calm = process_of();
  calm["request_capabilities"] = {hardware(read_pin)};
  REQUIRE(bench.install(packed({calm}, "2.0.0", "soil", other_module)));
  CHECK(bench.process("logger:soil:acme").spec.module == sha256_hex(other_module));
  CHECK(bench.world->stopped == std::vector<std::string>{"logger:soil:acme"});
  CHECK(bench.holds("friend:moss:acme", "logger:soil:acme", "messaging"));
  CHECK(bench.holds("logger:soil:acme", "bank:bank:acme", {{"root", true}}));
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", read_pin));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  CHECK(bench.list()[1]["version"] == "2.0.0");
}

TEST_CASE(
    "what an update no longer gives is taken back, and so is what a process has issued that does not come "
    "again") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({process_of("friend")}, "1.0.0", "moss")));
  json first = process_of("a"), second = process_of("b");
  first["grant_capabilities"] = {"friend:moss:acme", {{"process", "friend:moss:acme"}, {"params", 1}}};
  second["grant_capabilities"] = {"friend:moss:acme"};
  REQUIRE(bench.install(packed({first, second})));
  CHECK(bench.holds("friend:moss:acme", "a:soil:acme", "messaging"));
  CHECK(bench.holds("friend:moss:acme", "a:soil:acme", 1));
  CHECK(bench.holds("friend:moss:acme", "b:soil:acme", "messaging"));
  first["grant_capabilities"] = {"friend:moss:acme"};
  REQUIRE(bench.install(packed({first}, "2.0.0")));
  CHECK(bench.holds("friend:moss:acme", "a:soil:acme", "messaging"));
  CHECK_FALSE(bench.holds("friend:moss:acme", "a:soil:acme", 1));
  CHECK_FALSE(bench.holds("friend:moss:acme", "b:soil:acme", "messaging"));
}

TEST_CASE("what a person has taken away does not come back with an update that nobody is asked about") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()}, "1.0.0")));
  REQUIRE(bench.revoke("logger:soil:acme", {"our@hardware:distro:sys", write_pin.dump()}));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  REQUIRE(bench.install(packed({watering()}, "1.1.0")));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  bench.restart();
  REQUIRE(bench.install(packed({watering()}, "1.2.0")));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  json changed = watering();
  changed["public"] = true;
  REQUIRE(bench.install(packed({changed}, "2.0.0")));
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  REQUIRE(bench.revoke("logger:soil:acme", {"our@hardware:distro:sys", write_pin.dump()}));
  REQUIRE(bench.remove("soil:acme"));
  REQUIRE(bench.install(packed({changed}, "2.0.0")));  // asked anew
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
}

TEST_CASE("what a person has taken away and given again stays over updates as well") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()}, "1.0.0")));
  const Capability valve{"our@hardware:distro:sys", write_pin.dump()};
  REQUIRE(bench.revoke("logger:soil:acme", valve));
  REQUIRE(bench.packages->give("logger:soil:acme", valve));
  CHECK(bench.packages->give("logger:soil:acme", valve).error().status == Status::wrong_state);
  CHECK(bench.packages->give("nobody:soil:acme", valve).error().status == Status::not_found);
  bench.settle();
  REQUIRE(bench.install(packed({watering()}, "1.1.0")));
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
}

TEST_CASE("84: what is taken away is named as JSON, whatever its blanks and the order of its keys") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()})));
  CHECK(bench.revoke("logger:soil:acme",
                     {"n.os@hardware:distro:sys", R"({ "pin" : 8, "operation": "SYS.WRITE_PIN" })"}));
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  CHECK(bench.revoke("logger:soil:acme", {"our@hardware:distro:sys", write_pin.dump()}).error().status ==
        Status::not_found);
  CHECK(bench.revoke("nobody:soil:acme", {"our@hardware:distro:sys", write_pin.dump()}).error().status ==
        Status::not_found);
  CHECK(bench.revoke("nonsense", {}).error().status == Status::malformed);
}

TEST_CASE(
    "what was taken away cannot be saved again from a message that brought it, however that spells it") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()})));
  auto& process = bench.process("logger:soil:acme");
  const Capability spelt{"n.os@hardware:distro:sys", R"({"pin":8,  "operation":"SYS.WRITE_PIN"})"};
  process.offered.push_back(spelt);
  REQUIRE(bench.revoke("logger:soil:acme", {"our@hardware:distro:sys", write_pin.dump()}));
  bench.kernel->save(process, {spelt}, [](const auto&) {});
  CHECK_FALSE(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
}

TEST_CASE("grants tells in words who may what") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({watering()})));
  REQUIRE(bench.install(packed({process_of("friend")}, "1.0.0", "moss")));
  const auto all = bench.packages->grants("")["grants"];
  const auto soil = bench.packages->grants("soil:acme")["grants"];
  CHECK(all.size() == 6);
  REQUIRE(soil.size() == 4);
  CHECK(soil[1]["process"] == "logger:soil:acme");
  CHECK(soil[1]["issuer"] == "n.os@hardware:distro:sys");
  CHECK(soil[1]["says"] == "logger may switch pin 8, the water valve.");
}

TEST_CASE("removal ends the processes, and takes files, drives, and what the package has issued") {
  ServiceBench bench;
  json process = watering();
  process["directories"] = {"photos"};
  REQUIRE(bench.install(packed({process})));
  REQUIRE(bench.install(packed({process_of("friend")}, "1.0.0", "moss")));
  CHECK(std::filesystem::is_directory(bench.directory / "drives/acme/soil/photos"));
  CHECK(read_file(bench.directory / "drives/acme/soil/pkg/data/names.txt") == "fern\n");
  auto& friendly = bench.process("friend:moss:acme");
  bench.kernel->grant(friendly, {"n.os@logger:soil:acme", "\"messaging\""});
  bench.kernel->grant(friendly, {"n.os@gone:soil:acme", "\"messaging\""});
  bench.kernel->grant(friendly, {"n.os@vfs:distro:sys", R"({"kind":"read","drive":"/soil:acme/photos"})"});
  const auto before = friendly.capabilities.size();
  REQUIRE(bench.remove("soil:acme"));
  CHECK(bench.kernel->find(ProcessName{"logger", "soil", "acme"}) == nullptr);
  CHECK_FALSE(std::filesystem::exists(bench.directory / "drives/acme/soil"));
  CHECK(bench.process("friend:moss:acme").capabilities.size() == before - 3);
  CHECK(bench.list().size() == 1);
  CHECK(bench.remove("soil:acme").error().status == Status::not_found);
}

TEST_CASE("a process that cannot be started is told of, and the others run") {
  ServiceBench bench;
  bench.world->refuses = "a";
  const auto done = bench.install(packed({process_of("a"), process_of("b")}));
  REQUIRE(done);
  CHECK((*done)["processes"][0]["error"]["message"] == "It imports what nobody offers.");
  CHECK_FALSE((*done)["processes"][1].contains("error"));
  CHECK(bench.process("b:soil:acme").state == KernelState::running);
}

TEST_CASE(
    "a package whose module is none, or whose object finds its path taken, is refused before anything has "
    "changed") {
  ServiceBench bench;
  CHECK(bench.install(packed({process_of()}, "1.0.0", "soil", "text"))
            .error()
            .message.contains("no WebAssembly module"));
  json object = process_of();
  object["path"] = "/garden/logger";
  REQUIRE(bench.install(packed({object})));
  CHECK(bench.process("logger:soil:acme").path == "/garden/logger");
  CHECK(bench.install(packed({object}, "1.0.0", "moss")).error().code == "object_already_exists");
  CHECK(bench.list().size() == 1);
  CHECK(bench.install(packed({object}, "2.0.0")));
}

TEST_CASE("one package is installed at a time") {
  ServiceBench bench;
  const std::string bytes = packed({process_of()});
  const std::string hash = bench.inspect(bytes).value()["hash"];
  const InstallRequest request{
      .blob = ServiceBench::blob(bytes), .approved = hash, .key = {}, .unsigned_too = true};
  std::optional<std::string> second;
  const auto first = bench.wait<json>([&](auto done) {
    bench.packages->put(request, std::move(done));
    bench.packages->put(request, [&](const auto& refused) { second = refused.error().code; });
  });
  CHECK(first);
  CHECK(second == "busy");
  CHECK(bench.put(bytes, hash));
}

TEST_CASE("an installation that the end of the VM has cut short is ended when it starts again") {
  ServiceBench bench;
  const std::string bytes = packed({watering()});
  const std::string hash = bench.inspect(bytes).value()["hash"];
  bench.packages->put({.blob = ServiceBench::blob(bytes), .approved = hash, .key = {}, .unsigned_too = true},
                      [](const auto&) {});
  bench.settle();         // read, and its files are given to the worker
  bench.worker->drain();  // and are on disk
  CHECK(bench.world->started.empty());
  bench.power_cut();
  REQUIRE(bench.wait<void>([&](auto done) { bench.packages->start(std::move(done)); }));
  CHECK(bench.world->started == std::vector<std::string>{"logger:soil:acme"});
  CHECK(bench.holds("logger:soil:acme", "hardware:distro:sys", write_pin));
  bench.restart();
  REQUIRE(bench.wait<void>([&](auto done) { bench.packages->start(std::move(done)); }));
  CHECK(bench.world->started.empty());  // it was ended; what comes back is the kernel's to say
}

TEST_CASE("an image that has been copied brings the drives of its packages back") {
  ServiceBench bench;
  REQUIRE(bench.install(packed({process_of()})));
  bench.settle();
  std::filesystem::remove_all(bench.directory / "drives");
  bench.restart();
  REQUIRE(bench.wait<void>([&](auto done) { bench.packages->start(std::move(done)); }));
  CHECK(read_file(bench.directory / "drives/acme/soil/pkg/data/names.txt") == "fern\n");
  CHECK(read_file(bench.directory / "drives/acme/soil/pkg/logger.wasm") == empty_module);
}
