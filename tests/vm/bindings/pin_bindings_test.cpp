// Buttons that start things, in a world that the test plays.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <format>
#include <map>
#include <vector>

#include "vm/bindings/pin_bindings.hpp"

namespace celeriac::vm {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using protocol::Result;
using protocol::Status;

class FakeWorld final : public BindingWorld {
 public:
  struct Run {
    std::int64_t sequence_id;
    Started started;
    Ended ended;
  };

  void start(std::int64_t sequence_id, Started started, Ended ended) override {
    runs.push_back({sequence_id, std::move(started), std::move(ended)});
  }
  void operate(const protocol::Operation& operation, Ended ended) override {
    operations.emplace_back(operation.long_name);
    waiting.push_back(std::move(ended));
  }
  [[nodiscard]] std::string sequence_name(std::int64_t id) const override {
    const auto found = names.find(id);
    return found != names.end() ? found->second : "";
  }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return time; }
  void log(std::string_view type, std::string message) override {
    lines.push_back(std::format("{}: {}", type, message));
  }
  void end_run(Result<void> result = {}) {
    auto run = std::move(runs.front());
    runs.pop_front();
    run.started();
    run.ended(std::move(result));
  }

  std::map<std::int64_t, std::string> names{{7, "Water all"}, {8, "Lights"}};
  std::chrono::steady_clock::time_point time{1h};
  std::deque<Run> runs;
  std::vector<std::string> operations;
  std::deque<Ended> waiting;
  std::vector<std::string> lines;
};

struct Bench {
  void bind(json binding) { REQUIRE(assets.put(AssetKind::pin_binding, std::move(binding))); }
  void sequence(int id, int pin, std::int64_t sequence_id) {
    bind({{"id", id}, {"pin_num", pin}, {"binding_type", "standard"}, {"sequence_id", sequence_id}});
  }
  void action(int id, int pin, const std::string& name) {
    bind({{"id", id}, {"pin_num", pin}, {"binding_type", "special"}, {"special_action", name}});
  }
  void edge(bool value = true, int pin = 26) {
    bindings.edge({.name = "button_3", .pin = pin, .value = value, .edge = "rising"});
  }
  void press() {
    edge(true);
    edge(false);
  }

  FakeWorld world;
  Assets assets;
  PinBindings bindings{world, assets};
};

TEST_CASE("an edge on its line starts what is bound to the pin, once, and says so") {
  Bench bench;
  bench.sequence(1, 26, 7);
  bench.press();
  REQUIRE(bench.world.runs.size() == 1);
  CHECK(bench.world.runs[0].sequence_id == 7);
  CHECK(bench.world.lines ==
        std::vector<std::string>{"info: button_3 (GPIO 26) triggered, executing Water all"});
  bench.edge(true, 5);  // bound to nothing
  CHECK(bench.world.runs.size() == 1);
}

TEST_CASE("a button that bounces or is held starts nothing twice") {
  Bench bench;
  bench.sequence(1, 26, 7);
  for (int bounce = 0; bounce < 10; ++bounce) {
    bench.press();
    bench.world.time += 20ms;
  }
  CHECK(bench.world.runs.size() == 1);
  bench.world.end_run();
  bench.press();  // over, but within the gap
  CHECK(bench.world.runs.empty());
  bench.world.time += trigger_gap;
  bench.press();
  CHECK(bench.world.runs.size() == 1);
}

TEST_CASE("while what it started still runs, an edge says that and starts nothing") {
  Bench bench;
  bench.sequence(1, 26, 7);
  bench.press();
  bench.world.time += 5s;
  bench.press();
  bench.press();  // said once in a gap
  CHECK(bench.world.runs.size() == 1);
  REQUIRE(bench.world.lines.size() == 2);
  CHECK(bench.world.lines[1].contains("still runs"));
  bench.world.end_run();
  bench.world.time += trigger_gap;
  bench.press();
  CHECK(bench.world.runs.size() == 1);
}

TEST_CASE("which edge counts is the binding's to say, else the line's") {
  Bench bench;
  bench.bind({{"id", 1}, {"pin_num", 26}, {"sequence_id", 7}, {"edge", "falling"}});
  bench.edge(true);
  CHECK(bench.world.runs.empty());
  bench.edge(false);
  CHECK(bench.world.runs.size() == 1);
  bench.sequence(2, 5, 8);
  bench.bindings.edge({.name = "b", .pin = 5, .value = false, .edge = "rising"});
  CHECK(bench.world.runs.size() == 1);
  bench.bindings.edge({.name = "b", .pin = 5, .value = false, .edge = "both"});
  CHECK(bench.world.runs.size() == 2);
}

TEST_CASE("every special action of an account is an operation of the table") {
  for (const auto& action : special_actions()) {
    Bench bench;
    bench.action(1, 26, std::string(action.name));
    bench.press();
    INFO(action.name);
    REQUIRE(bench.world.operations == std::vector<std::string>{std::string(action.operation)});
    CHECK(bench.world.lines == std::vector<std::string>{std::format(
                                   "info: button_3 (GPIO 26) triggered, executing {}", action.name)});
  }
}

TEST_CASE("an action that fails says so, and can be asked for again") {
  Bench bench;
  bench.action(1, 26, "take_photo");
  bench.press();
  bench.world.waiting.front()(protocol::fail(Status::offline, "There is no camera."));
  REQUIRE(bench.world.lines.size() == 2);
  CHECK(bench.world.lines[1] == "error: button_3 (GPIO 26): take_photo failed. There is no camera.");
  bench.world.time += trigger_gap;
  bench.press();
  CHECK(bench.world.operations.size() == 2);
}

TEST_CASE("the emergency lock is not held up by what went before") {
  Bench bench;
  bench.action(1, 26, "emergency_lock");
  bench.press();
  bench.world.time += 10ms;
  bench.press();  // unanswered, and within the gap
  CHECK(bench.world.operations.size() == 2);
  CHECK(bench.world.lines.size() == 1);
}

TEST_CASE("a binding that leads nowhere says so") {
  Bench bench;
  bench.sequence(1, 26, 99);
  bench.press();
  CHECK(bench.world.lines.back().contains("its sequence 99 is not there"));
  bench.action(2, 5, "dance");
  bench.edge(true, 5);
  CHECK(bench.world.lines.back().contains("no action \"dance\""));
  bench.bind({{"id", 3}, {"pin_num", 20}});
  bench.edge(true, 20);
  CHECK(bench.world.lines.back().contains("neither a sequence nor an action"));
  bench.sequence(4, 22, 7);
  bench.edge(true, 22);
  bench.world.runs.back().ended(protocol::fail(Status::overloaded, "Too many processes."));
  CHECK(bench.world.lines.back() ==
        "error: button_3 (GPIO 22): Water all could not be started. Too many processes.");
}

TEST_CASE("a run that began fails in its own words") {
  Bench bench;
  bench.sequence(1, 26, 7);
  bench.press();
  bench.world.end_run(protocol::fail(Status::locked, "Locked."));
  CHECK(bench.world.lines.size() == 1);
}

TEST_CASE("an entry of the stream is an edge only if it is one of a line for bindings") {
  const json entry{{"name", "b"},       {"pin", 5},       {"value", 1},
                   {"role", "binding"}, {"edge", "both"}, {"time", 1}};
  const auto edge = line_edge_of(entry);
  REQUIRE(edge);
  CHECK(edge->name == "b");
  CHECK(edge->pin == 5);
  CHECK(edge->value);
  CHECK(edge->edge == "both");
  for (const auto& [field, value] : {std::pair("role", json("plain")), std::pair("pin", json(nullptr)),
                                     std::pair("pin", json("5")), std::pair("role", json(3))}) {
    json other = entry;
    other[field] = value;
    CHECK_FALSE(line_edge_of(other));
  }
  CHECK_FALSE(line_edge_of(nullptr));
  CHECK_FALSE(line_edge_of(json::array()));
}

TEST_CASE("what ends after the bindings are gone is harmless") {
  FakeWorld world;
  {
    Assets assets;
    PinBindings bindings(world, assets);
    REQUIRE(assets.put(AssetKind::pin_binding, {{"id", 1}, {"pin_num", 26}, {"sequence_id", 7}}));
    bindings.edge({.name = "b", .pin = 26, .value = true, .edge = "rising"});
  }
  world.end_run(protocol::fail(Status::cancelled, "Over."));
  CHECK(world.lines.size() == 1);
}

}  // namespace
}  // namespace celeriac::vm
