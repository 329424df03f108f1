// Assets in the image: what is there after a restart, and what comes of files of other versions.

#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <optional>

#include "tests/vm/assets/garden.hpp"
#include "vm/assets/asset_store.hpp"
#include "vm/image/schema.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

/// Assets on an image of their own; restart() ends the store and begins again with what is on disk.
struct Bench {
  std::filesystem::path directory = [] {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-assets-XXXXXX").string();
    return std::filesystem::path(::mkdtemp(name.data()));
  }();
  std::optional<boost::asio::io_context> io;
  std::unique_ptr<Image> image;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<Assets> assets;
  std::unique_ptr<AssetStore> store;

  Bench() { restart(); }
  ~Bench() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  [[nodiscard]] std::filesystem::path file() const { return directory / "image.sqlite"; }
  void stop() {
    store.reset();
    worker.reset();
    image.reset();
    io.reset();  // with the completions that the loop no longer runs
  }
  void restart() {
    stop();
    image = Image::open(file()).value();
    worker = std::make_unique<Worker>(io.emplace());
    assets = std::make_unique<Assets>();
    store = AssetStore::open(*worker, *image, *assets).value();
  }
  Result<void> saved() {
    std::optional<Result<void>> answer;
    store->saved([&](Result<void> given) { answer = std::move(given); });
    io->restart();
    while (!answer) io->run_one();
    return *answer;
  }
  /// Does something to the file behind the image's back.
  void sql(const char* text) { REQUIRE(Database::open(file())->run(text)); }
};

}  // namespace

TEST_CASE("assets are there after a restart, unknown fields and all") {
  Bench bench;
  json item = plant(51, 500, 200);
  item["from_the_future"] = {{"a", json::array({1, nullptr})}};
  REQUIRE(bench.assets->put(AssetKind::point, item));
  REQUIRE(bench.assets->put(AssetKind::device, {{"id", 7}, {"name", "Gemüse"}}));
  REQUIRE(bench.saved());
  bench.restart();
  CHECK(*bench.assets->find(AssetKind::point, 51) == item);
  CHECK(bench.assets->field(AssetKind::device, "name") == "Gemüse");
}

TEST_CASE("what was removed does not come back") {
  Bench bench;
  REQUIRE(bench.assets->put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}}));
  REQUIRE(bench.saved());
  REQUIRE(bench.assets->remove(AssetKind::tool, 21));
  REQUIRE(bench.saved());
  bench.restart();
  CHECK(bench.assets->all(AssetKind::tool).empty());
}

TEST_CASE("a store that ends writes what is still waiting") {
  Bench bench;
  for (int i = 1; i <= 100; ++i) REQUIRE(bench.assets->put(AssetKind::tool, {{"id", i}, {"name", "Trowel"}}));
  bench.restart();
  CHECK(bench.assets->all(AssetKind::tool).size() == 100);
}

TEST_CASE("of several changes of one asset the last is kept") {
  Bench bench;
  REQUIRE(bench.assets->put(AssetKind::tool, {{"id", 21}, {"name", "a"}}));
  for (const char* name : {"b", "c", "d"})
    REQUIRE(bench.assets->update(AssetKind::tool, 21, {{"name", name}}));
  REQUIRE(bench.saved());
  bench.restart();
  CHECK(bench.assets->find(AssetKind::tool, 21)->at("name") == "d");
}

TEST_CASE("a write that fails is told, and made up for when the next one succeeds") {
  Bench bench;
  bench.sql("ALTER TABLE assets RENAME TO elsewhere");
  REQUIRE(bench.assets->put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}}));
  const auto failed = bench.saved();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().status == Status::internal);
  bench.sql("ALTER TABLE elsewhere RENAME TO assets");
  CHECK(bench.saved());
  bench.restart();
  CHECK(bench.assets->find(AssetKind::tool, 21) != nullptr);
}

TEST_CASE("an asset that cannot be taken is left out, and stays in the image") {
  Bench bench;
  bench.stop();
  bench.sql(
      "INSERT INTO assets VALUES ('point', 5, '{\"id\": 5}'), ('cat', 1, '{}'), ('tool', 6, 'x'),"
      "('tool', 7, '{\"id\": 7, \"name\": \"Rake\"}')");
  bench.restart();
  CHECK(bench.assets->all(AssetKind::point).empty());
  CHECK(bench.assets->all(AssetKind::tool).size() == 1);
  CHECK(bench.image->assets()->size() == 4);
}

TEST_CASE("the user environment of an image of version 1 becomes assets") {
  Bench bench;
  bench.stop();
  std::filesystem::remove(bench.file());
  bench.sql(first_schema);
  bench.sql(
      "DROP TABLE assets; DROP TABLE notes; PRAGMA user_version = 1;"
      "CREATE TABLE user_env (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
      "INSERT INTO user_env VALUES ('greeting', 'say \"hello\"'), ('count', '3')");
  bench.restart();
  CHECK(bench.assets->user_env("greeting") == "say \"hello\"");
  CHECK(bench.assets->user_env("count") == "3");
  REQUIRE(bench.assets->set_user_env("count", "4"));
  REQUIRE(bench.saved());
  bench.restart();
  CHECK(bench.assets->user_env("count") == "4");
  CHECK(bench.assets->all(AssetKind::farmware_env).size() == 2);
}

TEST_CASE("a kind that has changed says when") {
  Bench bench;
  const auto before = bench.store->changed_ms(AssetKind::tool);
  const auto others = bench.store->changed_ms(AssetKind::point);
  REQUIRE(bench.assets->put(AssetKind::tool, {{"id", 21}, {"name", "Nozzle"}}));
  CHECK(bench.store->changed_ms(AssetKind::tool) >= before);
  CHECK(bench.store->changed_ms(AssetKind::point) == others);
}

TEST_CASE("a part of the VM keeps a note of its own") {
  Bench bench;
  CHECK(bench.image->note("schedule")->empty());
  REQUIRE(bench.image->set_note("schedule", "one"));
  REQUIRE(bench.image->set_note("schedule", "two"));
  bench.restart();
  CHECK(bench.image->note("schedule") == "two");
}
