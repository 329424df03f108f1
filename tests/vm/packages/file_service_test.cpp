// vfs:distro:sys among the kernel's objects, and the rights of FILE.* in the kernel.

#include "tests/vm/packages/service_bench.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Capability;
using nlohmann::json;

namespace {

struct FileBench : ServiceBench {
  FileBench() {
    json process = process_of();
    process["directories"] = {"data"};
    REQUIRE(install(archive_of(json::array({process}))));
    REQUIRE(install(archive_of(json::array({process_of("friend")}), metadata_of("moss"))));
  }
  /// A request to vfs:distro:sys, and its answer.
  celeriac::protocol::Item ask(std::string_view from, const json& body,
                               const std::vector<Capability>& attached = {},
                               std::optional<std::string> blob = {}) {
    celeriac::protocol::Outgoing out;
    out.to = "our@vfs:distro:sys";
    out.body = body.dump();
    out.expects = 30'000;
    out.capabilities = attached;
    Kernel::Attached with;
    if (blob) with.blob = BlobRef{.blob = std::make_shared<Blob>(std::move(*blob)), .mime = std::nullopt};
    return wait<celeriac::protocol::Item>([&](auto done) {
             kernel->await(process(from), std::move(out), std::move(with), std::move(done));
           })
        .value();
  }
};

const std::string file = "/soil:acme/data/a.txt";

}  // namespace

TEST_CASE("a process asks for files by messages, with the capabilities that it holds") {
  FileBench bench;
  CHECK(bench.ask("logger:soil:acme", {{"path", file}, {"action", "Write"}}, {}, "wet").body == "\"Ok\"");
  const auto read = bench.ask("logger:soil:acme", {{"path", file}, {"action", "Read"}});
  CHECK(read.body == "\"Read\"");
  REQUIRE(read.blob);
  CHECK(read.blob->size == 3);
  CHECK(bench.process("logger:soil:acme").current_blob->blob->bytes == "wet");
  CHECK(bench.ask("friend:moss:acme", {{"path", file}, {"action", "Read"}}).body.contains("NoCap"));
}

TEST_CASE("the half of an open file comes with the answer, and serves whoever is given it") {
  FileBench bench;
  bench.ask("logger:soil:acme", {{"path", file}, {"action", "Write"}}, {}, "wet");
  const auto opened =
      bench.ask("logger:soil:acme", {{"path", file}, {"action", {{"OpenFile", {{"create", false}}}}}});
  REQUIRE(opened.capabilities.size() == 2);
  const Capability half = opened.capabilities[0];
  CHECK(half.issuer == "n.os@vfs:distro:sys");
  const json by_id{{"file", json::parse(half.params)["file"]}, {"action", "Read"}};
  auto& friendly = bench.process("friend:moss:acme");
  CHECK(bench.ask("friend:moss:acme", by_id, {half})
            .body.contains("NoCap"));  // attached, but not held: filtered
  friendly.offered.push_back(half);    // it came with a message
  bench.kernel->save(friendly, {half}, [](const auto&) {});
  CHECK(bench.ask("friend:moss:acme", by_id).body == "\"Read\"");
  bench.kernel->kill(bench.process("logger:soil:acme").id, [](const auto&) {});
  bench.settle();
  CHECK(bench.ask("friend:moss:acme", by_id).body.contains("NotFound"));
}

TEST_CASE("a process that makes a drive of its package holds the rights to it from then on") {
  FileBench bench;
  CHECK(bench.ask("logger:soil:acme", {{"path", "/soil:acme/photos"}, {"action", "CreateDrive"}}).body ==
        "\"Ok\"");
  CHECK(
      bench.holds("logger:soil:acme", "vfs:distro:sys", {{"kind", "write"}, {"drive", "/soil:acme/photos"}}));
  CHECK(bench.ask("logger:soil:acme", {{"path", "/soil:acme/photos/1"}, {"action", "Write"}}, {}, "x").body ==
        "\"Ok\"");
  CHECK(bench.ask("friend:moss:acme", {{"path", "/soil:acme/more"}, {"action", "CreateDrive"}})
            .body.contains("NoCap"));
}

TEST_CASE("a right to a drive that is taken away closes what was open in it") {
  FileBench bench;
  bench.ask("logger:soil:acme", {{"path", file}, {"action", {{"OpenFile", {{"create", true}}}}}});
  bench.settle();
  CHECK(bench.drives->open_count() == 1);
  REQUIRE(bench.revoke("logger:soil:acme",
                       {"our@vfs:distro:sys", R"({"kind":"write","drive":"/soil:acme/data"})"}));
  bench.settle();
  CHECK(bench.drives->open_count() == 0);
  CHECK(bench.ask("logger:soil:acme", {{"path", file}, {"action", "Write"}}, {}, "x").body.contains("NoCap"));
}
