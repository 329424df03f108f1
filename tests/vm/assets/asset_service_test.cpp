// ASSET.* as clients speak it.

#include <stdlib.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <optional>

#include "protocol/dispatcher.hpp"
#include "protocol/payload.hpp"
#include "tests/vm/assets/garden.hpp"
#include "vm/services/asset_service.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using nlohmann::json;

namespace {

/// A client and the service on both ends of a socket pair.
struct Bench {
  std::filesystem::path directory = [] {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-assets-XXXXXX").string();
    return std::filesystem::path(::mkdtemp(name.data()));
  }();
  boost::asio::io_context io;
  std::unique_ptr<Image> image = Image::open(directory / "image.sqlite").value();
  std::unique_ptr<Worker> worker = std::make_unique<Worker>(io);
  Assets assets;
  std::unique_ptr<AssetStore> store = AssetStore::open(*worker, *image, assets).value();
  Dispatcher dispatcher{Server::vm};
  std::shared_ptr<Session> client, host;

  Bench() {
    serve_assets(dispatcher, assets, *store);
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client = Session::start(io, Stream::of_socket(io, ends[0]), Peer{}, nullptr);
    host = Session::start(io, Stream::of_socket(io, ends[1]), Peer{}, &dispatcher);
  }
  ~Bench() {
    client->close();
    host->close();
    store.reset();
    worker.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Reply call(const Operation& operation, const json& fields = json::object()) {
    std::optional<Reply> answer;
    client->request(operation, encode(operation, fields).value(),
                    [&](Reply reply) { answer = std::move(reply); });
    while (!answer) io.run_one();
    return std::move(*answer);
  }
  json ask(const Operation& operation, const json& fields = json::object()) {
    const auto reply = call(operation, fields);
    REQUIRE(reply.ok());
    return reply.document().value();
  }
  Error refusal(const Operation& operation, const json& fields) {
    const auto reply = call(operation, fields);
    REQUIRE_FALSE(reply.ok());
    return reply.error();
  }
};

const json tools = json::array({{{"id", 21}, {"name", "Nozzle"}}, {{"id", 22}, {"name", "Probe"}}});

}  // namespace

TEST_CASE("ASSET.PUT takes several items, and is answered when they are on disk") {
  Bench bench;
  const auto answer = bench.ask("ASSET.PUT"_op, {{"kind", "tools"}, {"items", tools}});
  CHECK(answer == json{{"count", 2}, {"new", 2}, {"changed", 0}, {"same", 0}, {"ids", {21, 22}}});
  CHECK(bench.image->assets()->size() == 2);
  CHECK(bench.ask("ASSET.PUT"_op, {{"kind", "tool"}, {"items", tools}}).at("same") == 2);
}

TEST_CASE("ASSET.PUT takes one item by itself, and gives it an id") {
  Bench bench;
  const auto answer = bench.ask("ASSET.PUT"_op, {{"kind", "tool"}, {"items", {{"name", "Trowel"}}}});
  CHECK(answer.at("ids") == json::array({-1}));
}

TEST_CASE("ASSET.PUT does all or nothing, and the path points at the item") {
  Bench bench;
  json items = tools;
  items[1]["name"] = 5;
  const auto error = bench.refusal("ASSET.PUT"_op, {{"kind", "tool"}, {"items", items}});
  CHECK(error.status == Status::malformed);
  CHECK(error.path == "/items/1/name");
  CHECK(bench.assets.all(AssetKind::tool).empty());
}

TEST_CASE("ASSET.PUT as a rehearsal changes nothing") {
  Bench bench;
  const auto answer = bench.ask("ASSET.PUT"_op, {{"kind", "tool"}, {"items", tools}, {"dry_run", true}});
  CHECK(answer.at("new") == 2);
  CHECK(bench.assets.all(AssetKind::tool).empty());
}

TEST_CASE("a kind that is none is refused with those there are") {
  Bench bench;
  const auto error = bench.refusal("ASSET.LIST"_op, {{"kind", "cats"}});
  CHECK(error.status == Status::malformed);
  CHECK(error.message.contains("point_group"));
}

TEST_CASE("a long list comes in parts, those with ids below 0 first") {
  Bench bench;
  const std::string name(1000, 'n');
  for (int id = -3; id <= 1000; ++id)
    if (id != 0) REQUIRE(bench.assets.put(AssetKind::tool, {{"id", id}, {"name", name}}));
  json list = bench.ask("ASSET.LIST"_op, {{"kind", "tool"}});
  CHECK(list.at("more") == true);
  CHECK(list.at("items").front().at("id") == -3);
  std::size_t count = list.at("items").size();
  while (list.at("more") == true) {
    list = bench.ask("ASSET.LIST"_op, {{"kind", "tool"}, {"after", list.at("items").back().at("id")}});
    count += list.at("items").size();
  }
  CHECK(count == 1003);
}

TEST_CASE("one asset is read, changed and removed by its id") {
  Bench bench;
  bench.ask("ASSET.PUT"_op, {{"kind", "tool"}, {"items", tools}});
  CHECK(bench.ask("ASSET.GET"_op, {{"kind", "tool"}, {"id", 21}}) == tools[0]);
  REQUIRE(bench.call("ASSET.EDIT"_op, {{"kind", "tool"}, {"id", 21}, {"fields", {{"name", "Rose"}}}}).ok());
  CHECK(bench.ask("ASSET.GET"_op, {{"kind", "tool"}, {"id", 21}}).at("name") == "Rose");
  CHECK(bench.refusal("ASSET.EDIT"_op, {{"kind", "tool"}, {"id", 21}, {"fields", {{"name", 5}}}}).path ==
        "/fields/name");
  REQUIRE(bench.call("ASSET.RM"_op, {{"kind", "tool"}, {"id", 21}}).ok());
  CHECK(bench.refusal("ASSET.GET"_op, {{"kind", "tool"}, {"id", 21}}).status == Status::not_found);
  CHECK(bench.refusal("ASSET.RM"_op, {{"kind", "tool"}, {"id", 21}}).status == Status::not_found);
}

TEST_CASE("a singleton needs no id, and may be unknown") {
  Bench bench;
  CHECK(bench.refusal("ASSET.GET"_op, {{"kind", "device"}}).status == Status::not_found);
  REQUIRE(bench.call("ASSET.EDIT"_op, {{"kind", "device"}, {"fields", {{"name", "Bot"}}}}).ok());
  CHECK(bench.ask("ASSET.GET"_op, {{"kind", "device"}}).at("name") == "Bot");
}

TEST_CASE("ASSET.SUMMARY tells all kinds, how many there are and when they changed") {
  Bench bench;
  bench.ask("ASSET.PUT"_op, {{"kind", "tool"}, {"items", tools}});
  const auto kinds = bench.ask("ASSET.SUMMARY"_op).at("kinds");
  CHECK(kinds.size() == asset_kind_count);
  for (const auto& kind : kinds) {
    CHECK(kind.at("count") == (kind.at("kind") == "tool" ? 2 : 0));
    CHECK(kind.at("changed").get<std::int64_t>() > 0);
  }
}
