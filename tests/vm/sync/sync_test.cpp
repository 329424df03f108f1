#include "vm/sync/sync.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/sync/fakes.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

namespace {

json change(const std::string& kind, int added, int changed, int gone, int refused = 0) {
  return {{"kind", kind}, {"new", added}, {"changed", changed}, {"gone", gone}, {"refused", refused}};
}

}  // namespace

TEST_CASE("a sync brings what the account has, and says what has changed") {
  House house;
  house.account_has("device", {{"id", 5}, {"name", "Bot"}, {"timezone", "Europe/Berlin"}});
  house.account_has("tools", {tool(1, "Seeder"), tool(2, "Nozzle")});
  house.account_has("sequences", {{{"id", 9}, {"name", "Water"}, {"kind", "sequence"}}});
  const auto result = house.run();
  REQUIRE(result);
  CHECK((*result)["changes"] == json::array({change("device", 1, 0, 0), change("fbos_config", 1, 0, 0),
                                             change("firmware_config", 1, 0, 0), change("tool", 2, 0, 0),
                                             change("sequence", 1, 0, 0)}));
  CHECK(house.assets.find(AssetKind::tool, 2)->at("name") == "Nozzle");
  CHECK(house.shelf.texts.contains(9));
  CHECK(house.world.logs.front() == "busy: Syncing");
  CHECK(house.world.logged("success: Synced: 1 device new"));
  CHECK(house.world.logged("2 tools new, 1 sequence new"));
  CHECK(house.world.statuses == std::vector<std::string>{"sync_now", "syncing", "synced"});
}

TEST_CASE("a second sync changes nothing and says so") {
  House house;
  house.account_has("tools", {tool(1, "Seeder")});
  house.account_has("sequences", {{{"id", 9}, {"name", "Water"}}});
  REQUIRE(house.run());
  house.world.logs.clear();
  CHECK(house.run()->at("changes").empty());
  CHECK(house.world.logs.back() == "success: Synced");
}

TEST_CASE("points are asked for with all their kinds") {
  House house;
  REQUIRE(house.run());
  CHECK(std::ranges::count(house.api.lines(), std::string("GET /api/points?filter=all")) == 1);
  CHECK(std::ranges::count(house.api.lines(), std::string("GET /api/logs")) == 0);
}

TEST_CASE("what is gone from the account goes here, what was made here stays") {
  House house;
  house.account_has("tools", {tool(1, "Seeder"), tool(2, "Nozzle")});
  house.account_has("sequences", {{{"id", 9}, {"name", "Water"}}});
  REQUIRE(house.run());
  {
    const Outbox::FromAccount quiet(*house.outbox);  // a tool that is not to be sent in this test
    REQUIRE(house.assets.put(AssetKind::tool, {{"name", "mine"}}));
  }
  house.account_has("tools", {tool(2, "Better nozzle")});
  house.account_has("sequences", json::array());
  CHECK((*house.run())["changes"] == json::array({change("tool", 0, 1, 1), change("sequence", 0, 0, 1)}));
  CHECK(house.assets.find(AssetKind::tool, 1) == nullptr);
  CHECK(house.assets.find(AssetKind::tool, -1) != nullptr);
  CHECK(house.shelf.texts.empty());
  CHECK(house.world.logged("Synced: 1 tool changed, 1 tool gone, 1 sequence gone"));
}

TEST_CASE("an item that cannot be taken is named, and the others go on") {
  House house;
  house.account_has("peripherals",
                    {{{"id", 1}, {"label", "no pin"}}, {{"id", 2}, {"label", "Water"}, {"pin", 8}}, "x"});
  const auto result = house.run();
  REQUIRE(result);
  CHECK(std::ranges::count((*result)["changes"], change("peripheral", 1, 0, 0, 2)) == 1);
  CHECK(house.world.logged("warn: Peripheral 1 of the account is left out because of"));
  CHECK(house.assets.find(AssetKind::peripheral, 2) != nullptr);
}

TEST_CASE("warnings of a kind are bounded") {
  House house;
  auto bad = json::array();
  for (int i = 1; i <= 100; ++i) bad.push_back({{"id", i}, {"label", "no pin"}});
  house.account_has("sensors", bad);
  REQUIRE(house.run());
  CHECK(std::ranges::count_if(house.world.logs, [](const auto& line) { return line.contains("Sensor"); }) ==
        max_item_warnings);
  CHECK(house.world.logged("90 more sensors of the account are left out."));
}

TEST_CASE("a sequence that is refused is named with its place, the old one stays, the others go on") {
  House house;
  house.account_has("sequences", {{{"id", 9}, {"name", "Water"}}, {{"id", 10}, {"name", "Weed"}}});
  REQUIRE(house.run());
  const auto old = house.shelf.texts.at(9);
  house.account_has("sequences",
                    {{{"id", 9}, {"name", "Water"}, {"kind", "bad"}}, {{"id", 10}, {"name", "Weed 2"}}});
  REQUIRE(house.run());
  CHECK(
      house.world.logged("warn: Sequence \"Water\" (9) of the account is left out because of /body/0: There "
                         "is no kind \"bad\"."));
  CHECK(house.shelf.texts.at(9) == old);
  CHECK(house.shelf.texts.at(10).contains("Weed 2"));
}

TEST_CASE("a large account is taken in turns") {
  House house;
  auto tools = json::array();
  for (int i = 1; i <= 1000; ++i) tools.push_back(tool(i, "x"));
  house.account_has("tools", tools);
  REQUIRE(house.run());
  CHECK(house.assets.all(AssetKind::tool).size() == 1000);
  CHECK(house.outbox->size() == 0);
}

TEST_CASE("trouble that passes is waited out") {
  House house;
  house.account_has("tools", {tool(1, "Seeder")});
  house.api.troubles["GET /api/tools"] = {
      offline_error, {.status = Status::overloaded}, {.status = Status::timeout}};
  REQUIRE(house.run());
  CHECK(std::ranges::count(house.api.lines(), std::string("GET /api/tools")) == 4);
  CHECK(house.assets.find(AssetKind::tool, 1) != nullptr);
}

TEST_CASE("a sync that gives up keeps what it has, and the next begins there") {
  House house;
  house.account_has("device", {{"name", "Bot"}});
  house.api.troubles["GET /api/tools"] = {offline_error, offline_error, offline_error, offline_error};
  const auto result = house.run();
  REQUIRE_FALSE(result);
  CHECK(result.error().status == Status::offline);
  CHECK(house.world.statuses.back() == "sync_error");
  CHECK(house.world.logged("error: The sync has failed at tools (5 of 20 kinds are up to date"));
  CHECK(house.assets.field(AssetKind::device, "name") == "Bot");
  house.api.asked.clear();
  REQUIRE(house.run());
  CHECK(house.api.asked.front().line() == "GET /api/tools");
  CHECK(house.api.asked.size() == 20);
  CHECK(house.world.statuses.back() == "synced");
}

TEST_CASE("a token that is not good ends the sync at once") {
  House house;
  house.api.down = denied_error;
  const auto result = house.run();
  REQUIRE_FALSE(result);
  CHECK(result.error().status == Status::denied);
  CHECK(house.api.asked.size() == 1);
  CHECK(house.world.logged("The token has expired."));
}

TEST_CASE("a kind that the server does not have is left as it is") {
  House house;
  house.api.has.erase("/api/curves");
  REQUIRE(house.run());
  CHECK(house.world.logged("The account has no curves"));
}

TEST_CASE("a list that is none fails, and does not keep the next sync from the other kinds") {
  House house;
  house.account_has("points", {{"error", "html"}});
  house.account_has("tools", {tool(1, "Seeder")});
  CHECK(house.run().error().message.contains("is not a list"));
  CHECK(house.assets.find(AssetKind::tool, 1) == nullptr);
  CHECK_FALSE(house.run());
  CHECK(house.assets.find(AssetKind::tool, 1) != nullptr);
}

TEST_CASE("who asks while a sync is under way shares its answer, up to a bound") {
  House house;
  std::size_t answered = 0, overloaded = 0;
  for (std::size_t i = 0; i < max_sync_waiters + 1; ++i)
    house.sync->run([&](const Result<json>& result) { ++(result ? answered : overloaded); });
  house.world.pass(60s);
  CHECK(answered == max_sync_waiters);
  CHECK(overloaded == 1);
  CHECK(house.api.asked.size() == 20);
}

TEST_CASE("what waits to be sent goes first, and is not overwritten") {
  House house;
  house.account_has("tools", {tool(1, "Seeder")});
  REQUIRE(house.run());
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "mine"}}));
  house.api.asked.clear();
  REQUIRE(house.run());
  CHECK(house.api.asked.front().line() == "PATCH /api/tools/1");
  // This account has not taken it in, so the sync brings the old name back.
  CHECK(house.assets.find(AssetKind::tool, 1)->at("name") == "Seeder");
}

TEST_CASE("what the account refuses to take comes back with the next sync") {
  House house;
  house.account_has("tools", {tool(1, "Seeder")});
  REQUIRE(house.run());
  REQUIRE(house.assets.remove(AssetKind::tool, 1));
  house.api.troubles["DELETE /api/tools/1"] = {{.status = Status::malformed, .message = "Still in use."}};
  REQUIRE(house.run());
  CHECK(house.world.logged("The account does not take tool 1: Still in use."));
  CHECK(house.assets.find(AssetKind::tool, 1) != nullptr);
}

TEST_CASE("the sync of the start is tried again until the network is there, and then no more") {
  House house;
  house.api.down = offline_error;
  house.sync->begin();
  house.world.pass(30min);
  CHECK(house.world.statuses.back() == "sync_error");
  CHECK(std::ranges::count(house.world.logs, std::string("busy: Syncing")) == 5);
  house.api.down.reset();
  house.world.pass(longest_start_retry);
  CHECK(house.world.statuses.back() == "synced");
  house.api.asked.clear();
  house.world.pass(24h);
  CHECK(house.api.asked.empty());
}

TEST_CASE("the sync of the start is not tried again with a token that is not good") {
  House house;
  house.api.down = denied_error;
  house.sync->begin();
  house.world.pass(24h);
  CHECK(house.api.asked.size() == 1);
}
