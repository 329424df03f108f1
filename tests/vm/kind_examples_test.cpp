// The examples of docs/celeryscript.md, each of them run.

#include <catch2/catch_test_macros.hpp>

#include "celeryscript/checker.hpp"
#include "celeryscript/examples.hpp"
#include "celeryscript/grammar.hpp"
#include "tests/vm/fake_world.hpp"

using namespace celeriac::celeryscript;
using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using nlohmann::json;

namespace {

/// The garden of the document, where everything is answered and every script returns true.
class Garden : public FakeWorld {
 public:
  Garden() {
    answer_at_once = true;
    registers = {
        {"position", {{"x", 10}, {"y", 20}, {"z", -30}}}, {"pins.59", 200}, {"config.safe_height", 0}};
    garden.put(AssetKind::point,
               {{"id", 51}, {"pointer_type", "Plant"}, {"x", 500}, {"y", 200}, {"z", -200}});
    garden.put(AssetKind::point, {{"id", 52}, {"pointer_type", "Weed"}, {"x", 520}, {"y", 210}, {"z", -200}});
    garden.put(AssetKind::point, {{"id", 55},
                                  {"pointer_type", "ToolSlot"},
                                  {"x", 50},
                                  {"y", 100},
                                  {"z", -150},
                                  {"tool_id", 21},
                                  {"pullout_direction", 1}});
    garden.put(AssetKind::tool, {{"id", 21}, {"name", "Watering Nozzle"}});
    garden.put(AssetKind::point_group, {{"id", 40}, {"name", "Beets"}, {"point_ids", {51}}});
    garden.put(AssetKind::peripheral, {{"id", 11}, {"pin", 8}, {"label", "Water"}});
    garden.put(AssetKind::sensor, {{"id", 31}, {"pin", 59}, {"label", "Soil"}});
    code_of(2, sequence_with({parameter("Place", coordinate(0, 0, 0)),
                              parameter("Note", node("text", {{"string", "hello"}}))},
                             {move_to(identifier("Place"))}, 2));
  }
  std::uint64_t run_lua(const Process& process, const std::string& code, Ticket ticket) override {
    scripts[code] = LuaResult{1, true};
    return FakeWorld::run_lua(process, code, ticket);
  }
};

/// The example as a program, or as the document that it is.
json document_of(std::string_view example) {
  json node = json::parse(example);
  if (is_document(example)) return node;
  return sequence_with({parameter("Place", coordinate(100, 200, -50)), parameter("Number", numeric(3)),
                        parameter("Text", {{"kind", "text"}, {"args", {{"string", "hello"}}}})},
                       json::array({std::move(node)}));
}

bool holds(const json& node, std::string_view kind) {
  if (node.is_object() && node.value("kind", "") == kind) return true;
  return node.is_structured() &&
         std::ranges::any_of(node, [&](const json& part) { return holds(part, kind); });
}

}  // namespace

TEST_CASE("every kind that runs has an example, which holds it") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    CHECK(example_of(kind.name).empty() == !kind.runs());
    if (kind.runs()) CHECK(holds(document_of(example_of(kind.name)), kind.name));
  }
}

TEST_CASE("every example is good CeleryScript") {
  for (const Kind& kind : kinds()) {
    if (!kind.runs()) continue;
    Parsed parsed = parse(document_of(example_of(kind.name)).dump());
    check(parsed.document, parsed.diagnostics);
    INFO(kind.name << "\n" << render(parsed.diagnostics));
    CHECK(parsed.diagnostics.clean());
  }
}

TEST_CASE("every example runs to its end, but those that end a run by what they are") {
  for (const Kind& kind : kinds()) {
    if (!kind.runs()) continue;
    const json document = document_of(example_of(kind.name));
    if (document["kind"] != "sequence" && document["kind"] != "rpc_request") continue;
    INFO(kind.name);
    Garden world;
    world.code_of(1, document);
    const auto id = world.start_and_run(1);
    world.advance(std::chrono::seconds(2));
    const std::string error = world.process(id).error ? world.process(id).error->message : std::string();
    INFO(error);
    if (kind.name.ends_with("_placeholder")) {
      CHECK(error.starts_with("Exiting command because of errors."));
    } else if (kind.name == "emergency_lock") {
      CHECK(error.starts_with("Canceled sequence due to emergency lock."));
    } else {
      CHECK(world.state(id) == State::done);
    }
    CHECK(world.requests.empty());
  }
}
