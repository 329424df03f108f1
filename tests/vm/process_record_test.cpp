#include "vm/sequences/process_record.hpp"

#include "tests/vm/fake_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Result;

namespace {

/// A disk whose writes end when the test says so.
struct Disk {
  std::string text;
  std::vector<std::string> writes;
  std::deque<ProcessRecord::Written> under_way;

  ProcessRecord::Write write() {
    return [this](std::string new_text, ProcessRecord::Written written) {
      writes.push_back(std::move(new_text));
      under_way.push_back(std::move(written));
    };
  }
  void done(const Result<void>& result = {}) {
    if (result) text = writes[writes.size() - under_way.size()];
    auto first = std::move(under_way.front());
    under_way.pop_front();
    first(result);
  }
  /// What the next VM finds there.
  [[nodiscard]] std::vector<Interruption> left() { return ProcessRecord(text, write()).left(); }
};

/// A process of a sequence with one pin, which runs for the first time.
Process process_of(std::uint16_t id, std::string name = "one pin") {
  Process process;
  process.id = ProcessId{id};
  process.code_id = CodeId{7};
  process.code_name = std::make_shared<const std::string>(std::move(name));
  process.steps = 1;
  process.started_ms = 1700000000000;
  process.state = State::running;
  return process;
}

}  // namespace

TEST_CASE("process record: a process is on the disk from its beginning to its end, with one write each") {
  Disk disk;
  ProcessRecord record("", disk.write());
  record.began(process_of(3));
  disk.done();
  REQUIRE(disk.left().size() == 1);
  const auto left = disk.left().front();
  CHECK(left.id == ProcessId{3});
  CHECK(left.code == CodeId{7});
  CHECK(left.sudden);
  CHECK(left.started_ms == 1700000000000);
  CHECK(
      interrupted(left).message ==
      "Process 3, \"one pin\", was cut off somewhere in its 1 step. The host ended without warning (a power "
      "failure, or a crash); nothing goes on by itself: start it anew.");
  CHECK(interrupted(left).code == "interrupted");
  record.ended(ProcessId{3});
  disk.done();
  CHECK(disk.left().empty());
  CHECK(disk.writes.size() == 2);
  CHECK(disk.under_way.empty());
}

TEST_CASE("process record: what begins and ends during a write is in the next one, or in none") {
  Disk disk;
  ProcessRecord record("", disk.write());
  record.began(process_of(1));
  for (std::uint16_t id = 2; id < 100; ++id) {
    record.began(process_of(id));
    record.ended(ProcessId{id});
  }
  record.began(process_of(100));
  disk.done();
  REQUIRE(disk.under_way.size() == 1);
  disk.done();
  CHECK(disk.writes.size() == 2);
  CHECK(disk.left().size() == 2);

  record.ended(ProcessId{1});
  record.began(process_of(101));
  record.ended(ProcessId{101});
  disk.done();
  CHECK(disk.under_way.empty());  // the disk has that already
  CHECK(disk.writes.size() == 3);
}

TEST_CASE(
    "process record: no more than max_interruptions are kept, and who was left out ends without a write") {
  Disk disk;
  ProcessRecord record("", disk.write());
  for (std::uint16_t id = 1; id <= max_interruptions + 2; ++id) record.began(process_of(id));
  disk.done();
  disk.done();
  CHECK(disk.under_way.empty());
  CHECK(disk.left().size() == max_interruptions);
  record.ended(ProcessId{max_interruptions + 1});
  CHECK(disk.under_way.empty());
}

TEST_CASE("process record: what another VM left stays until it is told, and goes then") {
  Disk disk;
  {
    ProcessRecord record("", disk.write());
    record.began(process_of(3));
    disk.done();
  }
  ProcessRecord next(disk.text, disk.write());
  CHECK(next.left().size() == 1);
  CHECK(disk.left().size() == 1);
  next.told();
  disk.done();
  CHECK(disk.left().empty());
}

TEST_CASE("process record: an orderly end leaves what it says, whatever ends meanwhile") {
  Disk disk;
  ProcessRecord record("", disk.write());
  record.began(process_of(3));
  record.began(process_of(4));
  disk.done();
  disk.done();
  record.close();
  record.ended(ProcessId{3});
  record.ended(ProcessId{4});
  record.began(process_of(5));
  CHECK(disk.under_way.empty());
  const Interruption left{.id = ProcessId{4}, .name = "one pin", .path = "/body/0", .step = 1, .steps = 1};
  bool told = false;
  SECTION("one of two came to its end") {
    record.leave({left}, [&](const Result<void>&) { told = true; });
    CHECK_FALSE(told);
    disk.done();
    CHECK(disk.left() == std::vector{left});
  }
  SECTION("both did") {
    record.leave({}, [&](const Result<void>&) { told = true; });
    disk.done();
    CHECK(disk.left().empty());
  }
  CHECK(told);
}

TEST_CASE("process record: an orderly end during a write comes after it") {
  Disk disk;
  ProcessRecord record("", disk.write());
  record.began(process_of(3));
  record.close();
  bool told = false;
  record.leave({}, [&](const Result<void>&) { told = true; });
  disk.done();
  CHECK_FALSE(told);
  disk.done();
  CHECK(told);
  CHECK(disk.left().empty());
  CHECK(disk.under_way.empty());
}

TEST_CASE("process record: an end with nothing in progress writes nothing") {
  Disk disk;
  ProcessRecord record("", disk.write());
  bool told = false;
  record.close();
  record.leave({}, [&](const Result<void>&) { told = true; });
  CHECK(told);
  CHECK(disk.writes.empty());
}

TEST_CASE("process record: a write that fails is not repeated before something changes") {
  Disk disk;
  ProcessRecord record("", disk.write());
  record.began(process_of(3));
  disk.done(celeriac::protocol::fail(celeriac::protocol::Status::internal, "The disk is full."));
  CHECK(disk.under_way.empty());
  record.began(process_of(4));
  disk.done();
  CHECK(disk.left().size() == 2);
}

TEST_CASE("process record: what is damaged is left out, and a record of an older version is read") {
  Disk disk;
  CHECK(ProcessRecord("{damaged", disk.write()).left().empty());
  auto old = to_json({{.id = ProcessId{4}, .name = "one pin", .path = "/body/0", .step = 1, .steps = 1}});
  old[0].erase("sudden");
  const auto left = ProcessRecord(old.dump(), disk.write()).left();
  REQUIRE(left.size() == 1);
  CHECK_FALSE(left.front().sudden);
}

TEST_CASE("the step loop says once that a process runs for the first time") {
  FakeWorld world;
  world.code(1, {write_pin(8), write_pin(9)});
  const auto id = world.start(1);
  CHECK(world.beginnings.empty());
  world.ask(&StepLoop::step, id);
  world.answer();
  CHECK(world.beginnings == std::vector{id});
  REQUIRE(world.loop.run(id));
  world.settle();
  CHECK(world.beginnings == std::vector{id});
}

TEST_CASE("process record: after a write it rests, and then writes what has changed meanwhile at once") {
  Disk disk;
  std::vector<std::move_only_function<void()>> resting;
  ProcessRecord record("", disk.write(), [&](auto over) { resting.push_back(std::move(over)); });
  record.began(process_of(3));
  disk.done();
  for (std::uint16_t id = 4; id < 10; ++id) record.began(process_of(id));
  record.ended(ProcessId{3});
  CHECK(disk.writes.size() == 1);
  REQUIRE(resting.size() == 1);
  resting[0]();
  REQUIRE(disk.writes.size() == 2);
  disk.done();
  CHECK(disk.left().size() == 6);
}
