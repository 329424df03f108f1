// asset import, export, list, show, edit and rm, against the VM's own service of assets.

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "celeryscript/checker.hpp"
#include "console/account.hpp"
#include "console/account_table.hpp"
#include "tests/console/fake_host.hpp"
#include "vm/services/asset_service.hpp"

namespace celeriac::console {
using namespace protocol::literals;
using protocol::Json;
using protocol::Status;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

/// A VM that keeps assets as the real one does, and codes that it looks at.
struct Host {
  Host() {
    vm::serve_assets(fake.dispatcher, assets, *store);
    fake.dispatcher.on("CODE.READ"_op, [this](protocol::Request& request, protocol::Responder responder) {
      responder.forward({.status = 0, .value = 0, .data = fake.codes.at(request.arguments.id())});
    });
    fake.dispatcher.on("CODE.LIST"_op, [this](protocol::Request&, protocol::Responder responder) {
      Json list = Json::array();
      for (const auto& [id, source] : fake.codes) {
        const Json document = Json::parse(source);
        list.push_back({{"id", id},
                        {"kind", document.value("kind", "")},
                        {"name", document.value("name", "")},
                        {"bytes", source.size()},
                        {"resource_id", document.value("id", 0)}});
      }
      responder.document({{"codes", list}});
    });
  }
  ~Host() {
    store.reset();
    worker.reset();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::string file(const Json& document) const { return directory.file("account.json", document.dump()); }
  [[nodiscard]] std::string path(const char* name) const { return (directory.path() / name).string(); }

  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm fake{celeriac.io, directory};
  std::unique_ptr<vm::Image> image = vm::Image::open(directory.path() / "image.sqlite").value();
  std::unique_ptr<vm::Worker> worker = std::make_unique<vm::Worker>(celeriac.io);
  vm::Assets assets;
  std::unique_ptr<vm::AssetStore> store = vm::AssetStore::open(*worker, *image, assets).value();
};

Json plant(int id, const char* name) {
  return {{"id", id},
          {"pointer_type", "Plant"},
          {"name", name},
          {"x", 500.0},
          {"y", 200},
          {"z", -200.5},
          {"plant_stage", "planted"},
          {"meta", {{"color", "red"}}},
          {"planted_at", nullptr}};
}

Json sequence(int id, const char* name) {
  return {{"id", id},
          {"name", name},
          {"color", "blue"},
          {"kind", "sequence"},
          {"args",
           {{"version", 20180209}, {"locals", {{"kind", "scope_declaration"}, {"args", Json::object()}}}}},
          {"body", Json::array({{{"kind", "wait"}, {"args", {{"milliseconds", 5}}}}})}};
}

Json account() {
  return {{"device", {{"id", 1}, {"name", "Bot"}, {"timezone", "UTC"}, {"mounted_tool_id", nullptr}}},
          {"fbos_config", {{"safe_height", 0.0}, {"soil_height", -200.0}}},
          {"points", {plant(51, "Beet"), plant(52, "Leek")}},
          {"tools", Json::array({{{"id", 21}, {"name", "Nozzle"}, {"flow_rate_ml_per_s", 60}}})},
          {"peripherals", Json::array({{{"id", 11}, {"pin", 8}, {"mode", 0}, {"label", "Water"}}})},
          {"point_groups", Json::array({{{"id", 40},
                                         {"name", "Planted"},
                                         {"point_ids", {52, 51}},
                                         {"sort_type", "nn"},
                                         {"criteria",
                                          {{"string_eq", {{"plant_stage", {"planted"}}}},
                                           {"day", {{"op", "<"}, {"days_ago", 0}}}}}}})},
          {"farmware_envs", Json::array({{{"id", 1}, {"key", "camera"}, {"value", "USB"}}})},
          {"sequences", {sequence(1, "Wait"), sequence(2, "Wait again")}}};
}

}  // namespace

// ---- import --------------------------------------------------------------------------------------

TEST_CASE("an account is imported, and what it did is said kind by kind") {
  Host host;
  const auto outcome = host.celeriac({"asset", "import", host.file(account())});
  CHECK(outcome.err.empty());
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "device 1 (1 new)\nfbos_config 1 (1 new)\npoints 2 (2 new)\npoint_groups 1 (1 new)\n"
        "tools 1 (1 new)\nperipherals 1 (1 new)\nfarmware_envs 1 (1 new)\nsequences 2 (2 new)\n");
  CHECK(*host.assets.find(vm::AssetKind::point, 51) == plant(51, "Beet"));
  CHECK(Json::parse(host.fake.codes.at(1)) == sequence(1, "Wait"));
}

TEST_CASE("what is imported again changes only what is different") {
  Host host;
  host.celeriac({"asset", "import", host.file(account())});
  Json changed = account();
  changed["points"][1]["name"] = "Chard";
  changed["points"].push_back(plant(53, "Kale"));
  changed["sequences"][0]["body"][0]["args"]["milliseconds"] = 7;
  const auto outcome = host.celeriac({"asset", "import", host.file(changed)});
  CHECK(outcome.out.contains("points 3 (1 new, 1 changed, 1 as they were)\n"));
  CHECK(outcome.out.contains("sequences 2 (1 changed, 1 as they were)\n"));
  CHECK(host.fake.codes.size() == 2);
  CHECK(Json::parse(host.fake.codes.at(1)) == changed["sequences"][0]);
}

TEST_CASE("what an export writes, an import makes again: nothing is lost, and nothing changes") {
  Host one, other;
  REQUIRE(one.celeriac({"asset", "import", one.file(account())}).status == 0);
  REQUIRE(one.celeriac({"asset", "export", one.path("out.json")}).status == 0);
  std::ifstream file(one.path("out.json"));
  CHECK(Json::parse(file) == account());

  REQUIRE(other.celeriac({"asset", "import", one.path("out.json")}).status == 0);
  CHECK(other.celeriac({"asset", "export"}).out == one.celeriac({"asset", "export"}).out);
  const auto again = one.celeriac({"asset", "import", one.path("out.json"), "--json"}).json();
  for (const auto& [collection, tally] : again["imported"].items()) {
    CAPTURE(collection);
    CHECK(tally["same"] == tally["items"]);
  }
}

TEST_CASE("collections are known in any spelling, and parts of the points are points") {
  Host host;
  const Json spelled{{"Plants", {plant(51, "Beet")}},
                     {"point", {plant(52, "Leek")}},
                     {"PointGroups", Json::array({{{"id", 40}, {"name", "All"}}})},
                     {"fbosConfig", {{"safe_height", -20}}},
                     {"Sequence", sequence(1, "Wait")}};
  const auto outcome = host.celeriac({"asset", "import", host.file(spelled)});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("points 2 (2 new)\n"));
  CHECK(host.assets.all(vm::AssetKind::point_group).size() == 1);
  CHECK(host.assets.setting("safe_height", 0.0) == -20);
  CHECK(host.fake.codes.size() == 1);
}

TEST_CASE("collections that the host has no use for are named") {
  Host host;
  Json more = account();
  more["web_app_config"] = {{"dark_mode", true}};
  more["note"] = "made by hand";
  const auto outcome = host.celeriac({"asset", "import", host.file(more)});
  CHECK(outcome.status == 0);
  CHECK(outcome.err == "celeriac: left out, as the host keeps nothing of the kind: note, web_app_config\n");
}

TEST_CASE("an item that is refused is named with its field, and the others go on") {
  Host host;
  Json bad = account();
  bad["points"].push_back(plant(53, "Kale"));
  bad["points"][1].erase("x");
  const auto outcome = host.celeriac({"asset", "import", host.file(bad)});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.contains("points[1], 52 Leek: A point: the field \"x\" is missing."));
  CHECK(outcome.out.contains("points 3 (2 new, 1 refused)\n"));
  CHECK(outcome.out.contains("tools 1 (1 new)\n"));
  CHECK(host.assets.all(vm::AssetKind::point).size() == 2);
}

TEST_CASE("a sequence that is refused is told with its place, and the others go on") {
  Host host;
  Json bad = account();
  bad["sequences"][0]["body"][0]["kind"] = "wayt";
  const auto outcome = host.celeriac({"asset", "import", host.file(bad)});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.contains("sequences[0], 1 Wait"));
  CHECK(outcome.err.contains("wayt"));
  CHECK(outcome.out.contains("sequences 2 (1 new, 1 refused)\n"));
  CHECK(host.fake.codes.size() == 1);

  const auto json = host.celeriac({"asset", "import", host.file(bad), "--json"}).json();
  CHECK(json["refused"][0]["error"]["path"] == "/body/0");
  CHECK(json["refused"][0]["id"] == 1);
}

TEST_CASE("a rehearsal says what would come of it, and changes nothing") {
  Host host;
  const auto outcome = host.celeriac({"asset", "import", host.file(account()), "--dry-run"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("points 2 (2 new)\n"));
  CHECK(outcome.out.contains("nothing was changed"));
  CHECK(host.assets.all(vm::AssetKind::point).empty());
  CHECK(host.fake.codes.empty());
}

TEST_CASE("a list of one kind is known by its fields, or by what it is said to be") {
  Host host;
  CHECK(host.celeriac({"asset", "import", host.file(Json::array({plant(51, "Beet")}))}).out ==
        "points 1 (1 new)\n");
  const std::string pins =
      host.file(Json::array({{{"id", 31}, {"pin", 59}, {"mode", 1}, {"label", "Soil"}}}));
  const auto refused = host.celeriac({"asset", "import", pins});
  CHECK(refused.status == 2);
  CHECK(refused.err.contains("--kind"));
  CHECK(host.celeriac({"asset", "import", pins, "--kind", "sensors"}).out == "sensors 1 (1 new)\n");
  CHECK(host.celeriac({"asset", "import", pins, "--kind", "sensr"}).err.contains("did you mean \"sensor\""));
}

TEST_CASE("a file with one sequence is imported as it stands") {
  Host host;
  CHECK(host.celeriac({"asset", "import", host.file(sequence(3, "Wait"))}).out == "sequences 1 (1 new)\n");
}

TEST_CASE("a large account goes over in as many frames as it needs") {
  Host host;
  Json points = Json::array();
  for (int i = 1; i <= 2000; ++i) points.push_back(plant(i, "A plant with a rather long name"));
  points[1500].erase("z");
  const auto outcome = host.celeriac({"asset", "import", host.file({{"points", points}})});
  CHECK(outcome.out == "points 2000 (1999 new, 1 refused)\n");
  CHECK(outcome.err.contains("points[1500]"));
  CHECK(host.celeriac({"asset", "list", "points", "--json"}).json()["points"].size() == 1999);
}

TEST_CASE("what is no account is refused before anything is done") {
  Host host;
  const auto refused = [&](const char* text) {
    const auto outcome = host.celeriac({"asset", "import", host.directory.file("bad.json", text)});
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK(refused("{\"points\": [").contains("is not JSON"));
  CHECK(refused("5").contains("An account is an object"));
  CHECK(refused("[{\"cat\": 1}]").contains("--kind"));
  CHECK(refused((std::string(1000, '[') + std::string(1000, ']')).c_str()).contains("nested deeper"));
  CHECK(host.celeriac({"asset", "import", host.path("missing.json")}).err.contains("Cannot read"));
}

// ---- list, show, edit, rm ------------------------------------------------------------------------

TEST_CASE("list shows the kinds, or the columns of a kind that matter") {
  Host host;
  CHECK(host.celeriac({"asset", "list"}).out.contains("asset import"));
  host.celeriac({"asset", "import", host.file(account())});
  CHECK(host.celeriac({"asset", "list"}).out.contains("points             2"));
  CHECK(host.celeriac({"asset", "list"}).out.contains("sequences          2"));
  CHECK(host.celeriac({"asset", "list", "points"}).out ==
        "ID  TYPE   NAME    X    Y       Z  STAGE\n"
        "51  Plant  Beet  500  200  -200.5  planted\n"
        "52  Plant  Leek  500  200  -200.5  planted\n");
  CHECK(host.celeriac({"asset", "list", "peripheral"}).out == "ID  LABEL  PIN  MODE\n11  Water    8     0\n");
  CHECK(host.celeriac({"asset", "list", "groups"}).status == 2);
  CHECK(host.celeriac({"asset", "list", "point_groups"}).out ==
        "ID  NAME     ORDER  CHOSEN  CRITERIA\n40  Planted  nn          2         1\n");
  CHECK(
      host.celeriac({"asset", "list", "sequences"}).out.starts_with("ID  NAME        CODE  SIZE\n 1  Wait"));
  CHECK(host.celeriac({"asset", "list", "images"}).out == "there are no images\n");
}

TEST_CASE("show tells all fields of one asset, or of the device") {
  Host host;
  host.celeriac({"asset", "import", host.file(account())});
  CHECK(host.celeriac({"asset", "show", "tool", "21"}).out ==
        "flow_rate_ml_per_s  60\nid                  21\nname                Nozzle\n");
  CHECK(host.celeriac({"asset", "show", "device"}).out.contains("timezone         UTC\n"));
  CHECK(host.celeriac({"asset", "show", "point", "51", "--json"}).json() == plant(51, "Beet"));
  CHECK(host.celeriac({"asset", "show", "sequence", "1", "--json"}).json() == sequence(1, "Wait"));
  CHECK(host.celeriac({"asset", "show", "point", "99"}).status == 1);
  CHECK(host.celeriac({"asset", "show", "point"}).status == 2);
}

TEST_CASE("edit changes fields, those of meta too, and says what was") {
  Host host;
  host.celeriac({"asset", "import", host.file(account())});
  CHECK(host.celeriac({"asset", "edit", "point", "51", "name=5", "x=12.5", "meta.color=blue"}).out ==
        "point 51 5 meta: color red -> color blue\npoint 51 5 name: Beet -> 5\npoint 51 5 x: 500 -> 12.5\n");
  CHECK(host.assets.find(vm::AssetKind::point, 51)->at("name") == "5");
  CHECK(host.celeriac({"asset", "edit", "device", "name=New"}).out == "device name: Bot -> New\n");
  const auto refused = host.celeriac({"asset", "edit", "point", "51", "x=far"});
  CHECK(refused.status == 2);
  CHECK(refused.err.contains("the field \"x\" must be a number"));
}

TEST_CASE("code show prints the source as it was sent") {
  Host host;
  host.fake.codes[4] = "{\"kind\": \"sequence\"}";
  CHECK(host.celeriac({"code", "show", "4", "--source"}).out == "{\"kind\": \"sequence\"}\n");
}

TEST_CASE("rm removes assets and sequences") {
  Host host;
  host.celeriac({"asset", "import", host.file(account())});
  CHECK(host.celeriac({"asset", "rm", "point", "51", "52"}).out ==
        "point 51 is removed\npoint 52 is removed\n");
  CHECK(host.assets.all(vm::AssetKind::point).empty());
  CHECK(host.celeriac({"asset", "rm", "sequence", "2"}).status == 0);
  CHECK(host.fake.codes.size() == 1);
  CHECK(host.celeriac({"asset", "rm", "point", "51"}).status == 1);
}

TEST_CASE("tables and titles bear what a careless host sends") {
  const std::vector<Json> odd{{{"id", "seven"}, {"name", {1, 2}}, {"x", nullptr}},
                              {{"point_ids", 5}, {"criteria", {{"day", 5}, {"string_eq", {1}}}}}};
  for (const char* kind : {"point", "point_group", "curve", "cat"})
    CHECK_FALSE(asset_table(kind, odd).empty());
  CHECK(asset_title(odd[0]) == "seven");
  CHECK(asset_lines(odd[0]).contains("x     -"));
}

}  // namespace celeriac::console
