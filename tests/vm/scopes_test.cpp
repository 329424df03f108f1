// Variables: what is passed, defaults, constants, groups.

#include <catch2/catch_test_macros.hpp>

#include "tests/vm/fake_world.hpp"
#include "vm/sequences/process_document.hpp"
#include "vm/sequences/scopes.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;
using nlohmann::json;

namespace {

/// Where the moves went: `x` of each, all operations being answered at once.
class Garden : public FakeWorld {
 public:
  Garden() {
    answer_at_once = true;
    for (int id = 1; id <= 3; ++id)
      garden.put(
          AssetKind::point,
          {{"id", id}, {"pointer_type", "Plant"}, {"name", "Beet"}, {"x", id * 100}, {"y", 0}, {"z", 0}});
    garden.put(AssetKind::point_group,
               {{"id", 40}, {"name", "Beets"}, {"sort_type", "xy_ascending"}, {"point_ids", {3, 1, 2}}});
    garden.put(AssetKind::point_group, {{"id", 41}, {"name", "None"}, {"point_ids", json::array()}});
  }
  std::uint64_t operate(const celeriac::protocol::Operation& operation, std::string_view payload,
                        Ticket ticket) override {
    if (operation.long_name == "SYS.MOVE_ABSOLUTE")
      moves.push_back(celeriac::protocol::from_bson(payload).value()["x"].get<double>());
    return FakeWorld::operate(operation, payload, ticket);
  }
  std::string error_of(ProcessId id) {
    const auto* error = process(id).error.get();
    return error == nullptr ? std::string() : error->message;
  }
  std::vector<double> moves;
};

}  // namespace

TEST_CASE("a passed value wins over the default, a constant over what is passed") {
  Garden world;
  world.code_of(2, sequence_with({parameter("a", coordinate(1, 0, 0))}, {move_to(identifier("a"))}, 2));
  world.code_of(3, sequence_with({constant("a", coordinate(5, 0, 0))}, {move_to(identifier("a"))}, 3));
  world.code(1, {execute(2), execute_with(2, {application("a", coordinate(9, 0, 0))}),
                 execute_with(3, {application("a", coordinate(9, 0, 0))})});
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.moves == std::vector<double>{1, 9, 5});
}

TEST_CASE("variables given from outside win over constants where they are a farm event's") {
  Garden world;
  world.code_of(1, sequence_with({constant("a", coordinate(5, 0, 0))}, {move_to(identifier("a"))}, 1));
  const celeriac::celeryscript::Scope given{{"a", celeriac::celeryscript::Coordinate{7, 0, 0}}};
  for (const bool wins : {false, true}) {
    const auto id =
        world.loop.start(world.sequences.at(1), {.variables = given, .variables_win = wins}).value();
    (void)world.loop.run(id);
    world.settle();
  }
  CHECK(world.moves == std::vector<double>{5, 7});
}

TEST_CASE("an identifier that is passed on is the caller's variable, and nothing else of his is seen") {
  Garden world;
  world.code_of(3, sequence_with({parameter("b", coordinate(1, 0, 0))}, {move_to(identifier("b"))}, 3));
  world.code_of(2, sequence_with({parameter("a", coordinate(2, 0, 0))},
                                 {execute_with(3, {application("b", identifier("a"))}), execute(3)}, 2));
  world.code(
      1, {execute_with(2, {application("a", coordinate(6, 0, 0)), application("b", coordinate(8, 0, 0))})});
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.moves == std::vector<double>{6, 1});
}

TEST_CASE(
    "a group runs the called sequence once for each member, in its order, and the caller goes on once") {
  Garden world;
  world.code_of(2,
                sequence_with({parameter("plant", coordinate(0, 0, 0))}, {move_to(identifier("plant"))}, 2));
  world.code(1, {execute_with(2, {application("plant", group(40))}), move_to(numeric(-1))});
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.moves == std::vector<double>{100, 200, 300, -1});
  CHECK(world.begun == 4);
  CHECK(world.finished == 4);
}

TEST_CASE("a group as the last step is run whole, though the caller's frame is gone") {
  Garden world;
  world.code_of(3, sequence_with({parameter("p", coordinate(0, 0, 0))}, {move_to(identifier("p"))}, 3));
  world.code_of(2, sequence_with({parameter("plant", coordinate(0, 0, 0))},
                                 {execute_with(3, {application("p", identifier("plant"))})}, 2));
  world.code(1, {execute_with(2, {application("plant", group(40))})});
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.moves == std::vector<double>{100, 200, 300});
}

TEST_CASE("the root itself repeats over a group that is a constant") {
  Garden world;
  world.code_of(1, sequence_with({constant("plant", group(40))}, {move_to(identifier("plant"))}, 1));
  CHECK(world.state(world.start_and_run(1)) == State::done);
  CHECK(world.moves == std::vector<double>{100, 200, 300});
}

TEST_CASE("every point of a type is a group of older documents") {
  Garden world;
  world.code_of(1, sequence_with({constant("plant", node("every_point", {{"every_point_type", "Plant"}}))},
                                 {move_to(identifier("plant"))}, 1));
  CHECK(world.state(world.start_and_run(1)) == State::done);
  std::ranges::sort(world.moves);
  CHECK(world.moves == std::vector<double>{100, 200, 300});
}

TEST_CASE("an empty group does nothing and is no error") {
  Garden world;
  world.code_of(2,
                sequence_with({parameter("plant", coordinate(0, 0, 0))}, {move_to(identifier("plant"))}, 2));
  world.code(1, {execute_with(2, {application("plant", group(41))}), wait(0)});
  const auto id = world.start_and_run(1);
  world.advance(std::chrono::milliseconds(1));
  CHECK(world.state(id) == State::done);
  CHECK(world.moves.empty());
  CHECK(world.begun == 1);
}

TEST_CASE("groups that cannot be run fail with FarmBot OS's texts") {
  Garden world;
  world.code_of(2, sequence_with({parameter("a", coordinate(0, 0, 0)), parameter("b", coordinate(0, 0, 0))},
                                 {move_to(identifier("a"))}, 2));
  world.code(1, {execute_with(2, {application("a", group(99))})});
  CHECK(world.error_of(world.start_and_run(1)).starts_with("Point group not found: a/99"));
  world.code(3, {execute_with(2, {application("a", group(40)), application("b", group(41))})});
  CHECK(world.error_of(world.start_and_run(3)).starts_with("You can only use one point group at a time."));
}

TEST_CASE("a placeholder that nobody filled in is refused before anything runs, with a toast") {
  Garden world;
  world.code_of(1, sequence_with({parameter("Where", node("location_placeholder"))},
                                 {move_to(numeric(1)), move_to(identifier("Where"))}, 1));
  const auto id = world.start_and_run(1);
  CHECK(world.error_of(id).starts_with("Exiting command because of errors."));
  CHECK(world.process(id).error->path == "/args/locals/body/0");
  REQUIRE(world.entries.size() == 1);
  CHECK(world.entries[0]["message"] == "No value provided for Where");
  CHECK(world.entries[0]["channels"] == json{"toast"});
  CHECK(world.moves.empty());
}

TEST_CASE("a stored group that the account has changed is seen at the next run") {
  Garden world;
  world.code_of(1, sequence_with({constant("plant", group(40))}, {move_to(identifier("plant"))}, 1));
  world.garden.update(AssetKind::point_group, 40, {{"point_ids", {2}}});
  world.start_and_run(1);
  CHECK(world.moves == std::vector<double>{200});
}

TEST_CASE("the document of a process says at which member it is") {
  Garden world;
  world.answer_at_once = false;
  world.code_of(1, sequence_with({constant("plant", group(40))}, {move_to(identifier("plant"))}, 1));
  const auto id = world.start_and_run(1);
  world.answer();
  CHECK(document(world.process(id), no_process)["iteration"] == json{{"member", 2}, {"members", 3}});
}

TEST_CASE("a variable that is not there is named with those that are") {
  using celeriac::celeryscript::Scope;
  const Scope scope{{"B", 1.0}, {"C", 2.0}};
  CHECK(look_up(&scope, "A").error().message == R"(Can't find variable "A". Available variables: "B", "C")");
  CHECK(look_up(nullptr, "A").error().message ==
        R"(Attempted to access variable "A", but no variables are declared.)");
}
