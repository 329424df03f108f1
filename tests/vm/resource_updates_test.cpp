#include "vm/resource_updates.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac::vm;
using celeriac::celeryscript::Coordinate;
using celeriac::celeryscript::DataValue;
using celeriac::celeryscript::PointReference;
using celeriac::celeryscript::ResourceReference;
using celeriac::celeryscript::ResourceUpdate;
using nlohmann::json;

namespace {

using Properties = std::vector<std::pair<std::string, json>>;

celeriac::protocol::Result<AssetChange> change(const DataValue& resource, Properties properties) {
  Assets assets;
  assets.put(AssetKind::point,
             {{"id", 51}, {"pointer_type", "Plant"}, {"name", "Beet"}, {"x", 1}, {"y", 2}, {"z", 3}});
  const TemplateValues values{{"position", {{"x", 7.5}, {"y", 0}, {"z", 0}}}};
  return work_out(assets, resource, {.resource = resource, .properties = std::move(properties)}, values, 0);
}

const DataValue beet = PointReference{"Plant", 51};
const DataValue device = ResourceReference{"Device", 0};

}  // namespace

TEST_CASE("a plant is marked, and the log says so") {
  const auto made = change(beet, {{"plant_stage", "planted"}, {"x", "{{ x }}"}});
  REQUIRE(made);
  CHECK(made->fields == json{{"plant_stage", "planted"}, {"x", 7.5}});
  CHECK(made->lines[0] == R"(Setting plant 51 plant stage to "planted")");
}

TEST_CASE("NULL takes a tool from the device") {
  const auto made = change(device, {{"mounted_tool_id", "{{ NULL }}"}});
  REQUIRE(made);
  CHECK(made->fields == json{{"mounted_tool_id", nullptr}});
  CHECK(made->kind == AssetKind::device);
}

TEST_CASE("a dotted label goes into meta, and several of them together") {
  const auto made = change(beet, {{"meta.color", "red"}, {"meta.note", "x"}});
  REQUIRE(made);
  CHECK(made->fields == json{{"meta", {{"color", "red"}, {"note", "x"}}}});
}

TEST_CASE("properties that such a resource does not have are left out") {
  CHECK(change(beet, {{"mounted_tool_id", 3}, {"no_such", 1}})->fields.empty());
}

TEST_CASE("what cannot be marked is told with FarmBot OS's texts") {
  CHECK(change(Coordinate{1, 2, 3}, {})
            .error()
            .message.starts_with("MARK AS can only be used to mark resources like plants and devices."));
  CHECK(change(ResourceReference{"Sequence", 5}, {})
            .error()
            .message.starts_with("Unknown resource: Sequence.5\n"));
  CHECK(change(PointReference{"Weed", 9}, {}).error().message ==
        "Weed.9 is not currently synced. Please re-sync.");
  CHECK(change(beet, {{"x", "far"}})
            .error()
            .message.starts_with("Failed update (Plant.51): Ensure the data is properly formatted"));
}
