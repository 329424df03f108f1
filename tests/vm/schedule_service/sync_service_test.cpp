// A sync of a whole VM with a web API on loopback.

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>

#include "tests/vm/house.hpp"
#include "tests/web/server.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
namespace web = celeriac::web::testing;

namespace {

/// The account: what it has by path, and the token it takes.
struct WebAccount {
  std::map<std::string, Json> has;
  std::string token = "abc.def";

  WebAccount() {
    for (const auto& row : asset_kinds())
      has[std::string(row.path)] = row.singleton ? Json::object() : Json::array();
    has["/api/sequences"] = Json::array();
  }
  std::optional<std::string> operator()(const web::Heard& heard) {
    if (heard.header("Authorization") != token) return web::reply(401, R"({"error": "expired"})");
    const auto line = heard.line();
    const auto begin = line.find(' ') + 1;
    const auto path = line.substr(begin, line.find_first_of(" ?", begin) - begin);
    if (!line.starts_with("GET ")) return web::reply(200, "{}");
    const auto found = has.find(path);
    return found != has.end() ? web::reply(200, found->second.dump()) : web::reply(404, "{}");
  }
};

void start_with_account(House& house, const std::string& url) {
  house.stop_vm();
  const auto token_file = house.directory / "token";
  std::ofstream(token_file) << R"({"token": {"encoded": "abc.def"}})";
  std::filesystem::permissions(token_file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  auto vm = Vm::open(house.io, {.directory = house.directory,
                                .hypervisor = house.directory / "hal.sock",
                                .account = {.web_api = url, .token_file = token_file}});
  REQUIRE(vm);
  house.vm = std::move(*vm);
  house.listener =
      celeriac::protocol::Listener::on_unix(house.io, house.directory / "vm.sock", house.vm->dispatcher())
          .value();
  house.client = house.connect();
}

}  // namespace

TEST_CASE("without an account a sync says how to have one") {
  House house(false);
  const auto reply = house.ask("SYS.SYNC"_op);
  CHECK(Status{reply.status} == Status::wrong_state);
  CHECK(reply.error().message.contains("--web-api"));
}

TEST_CASE("a sync brings points, settings and sequences, and the next one only what has changed") {
  House house(false);
  WebAccount account;
  account.has["/api/tools"] = {{{"id", 1}, {"name", "Seeder"}}};
  account.has["/api/sequences"] = {sequence({nothing()}, 9, "Good"),
                                   {{"id", 10}, {"name", "Bad"}, {"kind", "sequence"}}};
  web::Server server(house.io, [&](const web::Heard& heard) { return account(heard); });
  start_with_account(house, server.url(""));
  REQUIRE(house.status("SYS.SYNC"_op) == Status::ok);  // joins the one of the start
  CHECK(house.ask("ASSET.GET"_op, {{"kind", "tool"}, {"id", 1}}).document().value()["name"] == "Seeder");
  auto codes = house.ask("CODE.LIST"_op).document().value()["codes"];
  REQUIRE(codes.size() == 1);  // what is refused leaves nothing behind
  CHECK(codes[0]["resource_id"] == 9);
  CHECK(house.read("sync_status")["value"] == "synced");

  account.has["/api/sequences"] = {sequence({nothing(), nothing()}, 9, "Better")};
  const auto changes = house.ask("SYS.SYNC"_op).document().value()["changes"];
  REQUIRE(changes.size() == 1);
  CHECK(changes[0]["kind"] == "sequence");
  CHECK(changes[0]["changed"] == 1);
  codes = house.ask("CODE.LIST"_op).document().value()["codes"];
  REQUIRE(codes.size() == 1);
  CHECK(codes[0]["name"] == "Better");

  account.has["/api/sequences"] = Json::array();
  CHECK(house.ask("SYS.SYNC"_op).document().value()["changes"][0]["gone"] == 1);
  CHECK(house.ask("CODE.LIST"_op).document().value()["codes"].empty());
}

TEST_CASE("what changes here is sent to the account") {
  House house(false);
  WebAccount account;
  account.has["/api/tools"] = {{{"id", 1}, {"name", "Seeder"}}};
  web::Server server(house.io, [&](const web::Heard& heard) { return account(heard); });
  start_with_account(house, server.url(""));
  REQUIRE(house.status("SYS.SYNC"_op) == Status::ok);
  REQUIRE(house.status("ASSET.EDIT"_op, {{"kind", "tool"}, {"id", 1}, {"fields", {{"name", "mine"}}}}) ==
          Status::ok);
  house.until([&] {
    return std::ranges::any_of(server.heard, [](const web::Heard& heard) {
      return heard.line().starts_with("PATCH /api/tools/1 ") && heard.body == R"({"name":"mine"})";
    });
  });
}

TEST_CASE("a token that has expired is named") {
  House house(false);
  WebAccount account;
  account.token = "another";
  web::Server server(house.io, [&](const web::Heard& heard) { return account(heard); });
  start_with_account(house, server.url(""));
  const auto reply = house.ask("SYS.SYNC"_op);
  CHECK(Status{reply.status} == Status::denied);
  CHECK(reply.error().message.contains("expired"));
  CHECK(house.read("sync_status")["value"] == "sync_error");
}

TEST_CASE("an account that is configured wrongly keeps the VM from starting, with a sentence") {
  House house(false);
  const auto vm = Vm::open(house.io, {.directory = house.directory / "other",
                                      .hypervisor = house.directory / "hal.sock",
                                      .account = {.web_api = "my.farm.bot"}});
  REQUIRE_FALSE(vm);
  CHECK(vm.error().message.contains("--web-api"));
}
