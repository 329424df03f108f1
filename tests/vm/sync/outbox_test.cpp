#include "vm/sync/outbox.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/sync/fakes.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

namespace {

using Lines = std::vector<std::string>;

void give_tool(House& house) {
  const Outbox::FromAccount quiet(*house.outbox);
  REQUIRE(house.assets.put(AssetKind::tool, tool(1, "Seeder")));
}

}  // namespace

TEST_CASE("a change here is sent to the account, several of one asset once") {
  House house;
  give_tool(house);
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "a"}}));
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "b"}}));
  REQUIRE(house.assets.update(AssetKind::device, 0, {{"mounted_tool_id", 1}}));
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"PATCH /api/tools/1", "PATCH /api/device"});
  CHECK(house.api.asked[0].body == json{{"name", "b"}});
  CHECK(house.outbox->size() == 0);
}

TEST_CASE("what is removed here is removed there") {
  House house;
  give_tool(house);
  REQUIRE(house.assets.remove(AssetKind::tool, 1));
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"DELETE /api/tools/1"});
}

TEST_CASE("what is made here gets the id that the account gives it") {
  House house;
  REQUIRE(house.assets.put(AssetKind::tool, {{"name", "mine"}}));
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"POST /api/tools"});
  CHECK(house.assets.find(AssetKind::tool, -1) == nullptr);
  REQUIRE(house.assets.find(AssetKind::tool, 1000) != nullptr);
  CHECK(house.assets.find(AssetKind::tool, 1000)->at("name") == "mine");
}

TEST_CASE("what is made and removed here before it was sent is nobody's business") {
  House house;
  REQUIRE(house.assets.put(AssetKind::tool, {{"name", "mine"}}));
  REQUIRE(house.assets.remove(AssetKind::tool, -1));
  house.world.pass(5s);
  CHECK(house.api.asked.empty());
}

TEST_CASE("what changes while it is being made there keeps its change") {
  House house;
  REQUIRE(house.assets.put(AssetKind::tool, {{"name", "mine"}}));
  house.world.pass(outbox_pause);  // on its way
  REQUIRE(house.assets.update(AssetKind::tool, -1, {{"name", "renamed"}}));
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"POST /api/tools", "PATCH /api/tools/1000"});
  CHECK(house.assets.find(AssetKind::tool, 1000)->at("name") == "renamed");
}

TEST_CASE("what is removed while it is being made there is removed there") {
  House house;
  REQUIRE(house.assets.put(AssetKind::tool, {{"name", "mine"}}));
  house.world.pass(outbox_pause);
  REQUIRE(house.assets.remove(AssetKind::tool, -1));
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"POST /api/tools", "DELETE /api/tools/1000"});
  CHECK(house.assets.all(AssetKind::tool).empty());
}

TEST_CASE("without a network changes wait, and are tried again ever less often") {
  House house;
  give_tool(house);
  house.api.down = offline_error;
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "a"}}));
  house.world.pass(3600s);
  CHECK(house.api.asked.size() < 20);
  CHECK(house.world.logs.size() == 1);
  CHECK(house.world.logged("1 changes wait to be sent to the account: There is no network."));
  house.api.down.reset();
  house.world.pass(longest_outbox_retry);
  CHECK(house.outbox->size() == 0);
}

TEST_CASE("with a bad token changes rest, until a flush asks again") {
  House house;
  give_tool(house);
  house.api.down = denied_error;
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "a"}}));
  house.world.pass(3600s);
  CHECK(house.api.asked.size() == 1);
  CHECK(house.world.logged("error: Changes wait here and are not sent: The token has expired."));
  house.api.down.reset();
  bool emptied = false;
  house.outbox->flush([&](const Result<void>& result) { emptied = result.has_value(); });
  house.world.pass(5s);
  CHECK(emptied);
  CHECK(house.outbox->size() == 0);
}

TEST_CASE("a change that the account refuses is named and forgotten, the next is sent") {
  House house;
  give_tool(house);
  house.api.troubles["PATCH /api/tools/1"] = {{.status = Status::malformed, .message = "Name is taken."}};
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "a"}}));
  REQUIRE(house.assets.update(AssetKind::device, 0, {{"name", "Bot"}}));
  house.world.pass(5s);
  CHECK(house.world.logged("warn: The account does not take tool 1: Name is taken."));
  CHECK(house.api.lines() == Lines{"PATCH /api/tools/1", "PATCH /api/device"});
}

TEST_CASE("logs and pictures are not sent this way") {
  House house;
  REQUIRE(house.assets.put(AssetKind::log, {{"message", "hello"}}));
  REQUIRE(house.assets.put(AssetKind::image, {{"attachment_url", "x"}}));
  REQUIRE(house.assets.put(AssetKind::sensor_calibration, {{"pin", 59}, {"scale", 2}}));
  house.world.pass(5s);
  CHECK(house.api.asked.empty());
}

TEST_CASE("what waits is still known after a restart") {
  House house;
  give_tool(house);
  house.api.down = offline_error;
  REQUIRE(house.assets.update(AssetKind::tool, 1, {{"name", "a"}}));
  house.world.pass(1s);
  CHECK(house.world.outbox == R"([["tool",1]])");
  house.start();
  house.api.down.reset();
  house.api.asked.clear();
  house.world.pass(5s);
  CHECK(house.api.lines() == Lines{"PATCH /api/tools/1"});
  CHECK(house.world.outbox == "[]");
}

TEST_CASE("a list of what waits that cannot be read is an empty one") {
  House house;
  for (const char* text : {"nonsense", "{}", R"([["tool"],["unknown",1],[1,2],"x"])"}) {
    house.world.outbox = text;
    house.start();
    CHECK(house.outbox->size() == 0);
  }
}

TEST_CASE("the outbox has a bound, and says when it is reached") {
  House house;
  house.api.down = offline_error;
  for (std::size_t i = 0; i < max_outbox + 10; ++i)
    REQUIRE(house.assets.put(AssetKind::tool, {{"name", std::format("tool {}", i)}}));
  CHECK(house.outbox->size() == max_outbox);
  CHECK(std::ranges::count_if(house.world.logs,
                              [](const auto& line) { return line.contains("no more are kept"); }) == 1);
}
